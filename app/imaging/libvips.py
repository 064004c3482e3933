"""libvips, for one thing: a large PNG, which it decodes twice as fast as Pillow, row by row, and shrinks on the way.

It starts threads. A process that is forked from one that has used it does not have them, but waits for them: one in
seven hung. So only the process that uses it first may, and none that is forked from that one later: the workers load it
(`load`), and their children, one for each item, use it. Everywhere else, and where there is none, Pillow decodes.
"""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cffi
from PIL import Image

_DISTRIBUTION = "pyvips-binary"
"""libvips as a wheel. pyvips itself, which comes as source only, is not needed for three functions."""
_DECLARATIONS = """
    typedef struct _VipsImage VipsImage;
    int vips_init(const char *program);
    void vips_concurrency_set(int threads);
    void vips_cache_set_max(int operations);
    void vips_error_clear(void);
    int vips_pngload(const char *path, VipsImage **out, ...);
    int vips_shrink(VipsImage *in, VipsImage **out, double across, double down, ...);
    void *vips_image_write_to_memory(VipsImage *in, size_t *size);
    int vips_image_get_width(VipsImage *image);
    int vips_image_get_height(VipsImage *image);
    int vips_image_get_bands(VipsImage *image);
    void g_object_unref(void *object);
    void g_free(void *memory);
    int g_setenv(const char *name, const char *value, int overwrite);
"""
_SEQUENTIAL, _FAIL_ON_ERROR, _TRUE = 1, 2, 1
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class _Failed(Exception):
    """Pillow will find out why, and say it."""


@dataclass(frozen=True, slots=True)
class _Vips:
    """`library` has the functions, `ffi` their types."""

    ffi: Any
    library: Any

    def made(self, function: Any, source: Any, *numbers: float, **options: int) -> Any:
        """The image that a function makes, which is freed with the last reference. Raises _Failed."""
        out = self.ffi.new("VipsImage **")
        named = [(self.ffi.new("char[]", name.encode()), self.ffi.cast("int", options[name])) for name in options]
        if function(source, out, *numbers, *(part for pair in named for part in pair), self.ffi.NULL):
            raise _Failed
        return self.ffi.gc(out[0], self.library.g_object_unref)

    def begin(self) -> None:
        """Set up what the first image needs, without computing any: two thirds of what it would cost in every child."""
        with contextlib.suppress(OSError, _Failed), tempfile.NamedTemporaryFile(suffix=".png") as file:
            Image.new("L", (2, 2)).save(file, "PNG")
            file.flush()
            self.made(self.library.vips_shrink, self.png(Path(file.name)), 2.0, 2.0, ceil=_TRUE)

    def png(self, path: Path) -> Any:
        return self.made(self.library.vips_pngload, bytes(path), access=_SEQUENTIAL, fail_on=_FAIL_ON_ERROR)

    def pixels(self, image: Any) -> Image.Image:
        """The work is done here: all of the image is computed. Raises _Failed."""
        size = self.library.vips_image_get_width(image), self.library.vips_image_get_height(image)
        mode = _MODES.get(bands := self.library.vips_image_get_bands(image))
        length = self.ffi.new("size_t *")
        memory = self.library.vips_image_write_to_memory(image, length)
        if memory == self.ffi.NULL:
            raise _Failed
        try:
            if mode is None or length[0] != size[0] * size[1] * bands:
                raise _Failed
            return Image.frombytes(mode, size, self.ffi.buffer(memory, length[0]))
        finally:
            self.library.g_free(memory)


@cache
def version() -> str | None:
    """None where there is none."""
    try:
        return f"libvips-{metadata.version(_DISTRIBUTION)}"
    except metadata.PackageNotFoundError:
        return None


@cache
def load() -> _Vips | None:
    """None where there is none. It takes 20 ms and starts no thread yet."""
    try:
        path = next(file.locate() for file in metadata.files(_DISTRIBUTION) or [] if file.name.startswith("libvips"))
        ffi = cffi.FFI()
        ffi.cdef(_DECLARATIONS)
        library = ffi.dlopen(str(path))
    except (metadata.PackageNotFoundError, StopIteration, OSError):
        return None
    library.g_setenv(b"VIPS_WARNING", b"off", _TRUE)  # else it writes to stderr what is odd about a file
    if library.vips_init(b"darkroom"):
        return None
    library.vips_concurrency_set(1)  # the workers are processes, one for each core
    library.vips_cache_set_max(0)
    vips = _Vips(ffi, library)
    vips.begin()
    return vips


def decoded_png(path: Path, factor: int) -> Image.Image | None:
    """L, RGB or RGBA; each pixel is the mean of a square of `factor` × `factor`. Where one stands out at the right or
    below, the last column and row are repeated to fill it.

    For files of these kinds with 8 bits and without a transparent colour. None where it can not say: for a file that is
    damaged in any way, and where libvips may not be used.
    """
    vips = load()
    if vips is None or _user() != os.getpid():
        return None
    try:
        image = vips.png(path)
        if factor > 1:
            image = vips.made(vips.library.vips_shrink, image, float(factor), float(factor), ceil=_TRUE)
        return vips.pixels(image)
    except _Failed:
        vips.library.vips_error_clear()
        return None


@cache
def _user() -> int:
    """The process that asked first; those that are forked from it later get the same answer."""
    return os.getpid()
