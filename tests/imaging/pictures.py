"""Files for the tests, built by Pillow or by hand; nothing here imports the code under test."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image, ImageChops, ImageOps

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
Colour = tuple[int, ...]


def saved(image: Image.Image, pillow_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    if pillow_format == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, pillow_format, **options)
    return buffer.getvalue()


def lossless(pillow_format: str) -> dict[str, object]:
    """The options that keep colours closest in each format."""
    return {
        "JPEG": {"quality": 98, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 9},
        "HEIF": {"quality": 95, "chroma": 444},
    }.get(pillow_format, {})


def plain(mode: str = "RGB", size: tuple[int, int] = (40, 30), colour: object = 0) -> Image.Image:
    return Image.new(mode, size, colour)


def gradient(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Smooth, different in every corner and in every channel."""
    width, height = size
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 96)))


def corners(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red, green / blue, white: top left, top right / bottom left, bottom right."""
    width, height = size
    image = Image.new("RGB", size, WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def noise(size: tuple[int, int] = (120, 90)) -> Image.Image:
    """The same on every run, and hard to compress: a cut anywhere takes pixels away."""
    state, data = 1, bytearray()
    for _ in range(size[0] * size[1] * 3):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        data.append(state >> 16 & 0xFF)
    return Image.frombytes("RGB", size, bytes(data))


def exif(orientation: int | None = None, **tags: object) -> bytes:
    block = Image.Exif()
    if orientation is not None:
        block[0x0112] = orientation
    for name, value in tags.items():
        block[int(name.removeprefix("tag_"), 16)] = value
    return block.tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: tuple[int, int], depth: int, colour_type: int, rows: list[bytes], extra: bytes = b"") -> bytes:
    """A PNG of raw rows: for the depths that Pillow does not write."""
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(tags: dict[int, tuple[str, list[int]]], data: bytes, order: str = "<") -> bytes:
    """One uncompressed strip; tags as {number: ("H" or "L", values)}. For what Pillow does not write."""
    tags = {**tags, 273: ("L", [8]), 279: ("L", [len(data)])}
    directory_at = 8 + len(data)
    spill_at = directory_at + 2 + 12 * len(tags) + 4
    directory, spill = struct.pack(order + "H", len(tags)), b""
    for number, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            packed, spill = struct.pack(order + "L", spill_at + len(spill)), spill + packed
        directory += struct.pack(order + "HHL", number, {"H": 3, "L": 4}[kind], len(values)) + packed.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "L", directory_at) + data + directory + struct.pack(order + "L", 0) + spill


def grey_tiff(
    values: list[int], bits: int = 16, photometric: int = 1, sample_format: int = 1, order: str = "<"
) -> bytes:
    """One row of grey samples; 12 bit samples are packed, two in three bytes."""
    if bits == 12:
        joined = "".join(f"{value:012b}" for value in values)
        data = int(joined, 2).to_bytes(len(joined) // 8, "big")
    else:
        kind = {(16, 1): "H", (16, 2): "h", (32, 1): "L", (32, 2): "l", (32, 3): "f"}[bits, sample_format]
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
    tags = {256: ("L", [len(values)]), 257: ("L", [1]), 258: ("H", [bits]), 259: ("H", [1]), 262: ("H", [photometric])}
    tags |= {277: ("H", [1]), 278: ("L", [1]), 339: ("H", [sample_format])}
    return tiff(tags, data, order)


def jpeg_with(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """The JPEG with one more segment right after its start."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


def gif(screen: tuple[int, int], frame: tuple[int, int, int, int], colour: Colour, background: Colour) -> bytes:
    """One frame (x, y, width, height) of `colour`; the screen's palette entry 0 is `background`, no transparency."""
    return animated_gif(screen, [background, colour], [gif_part(frame, 1)])


def animated_gif(
    screen: tuple[int, int], palette: list[Colour], parts: list[bytes], repeats: int | None = None
) -> bytes:
    """`repeats` is what the NETSCAPE block says; None leaves it out."""
    table = b"".join(map(bytes, palette)).ljust(768, b"\0")
    loop = b"" if repeats is None else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0"
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0xF7, 0, 0) + table + loop + b"".join(parts) + b";"


def gif_part(
    box: tuple[int, int, int, int], indexes: int | list[int], centiseconds: int | None = None, disposal: int = 0,
    transparent: int | None = None,
) -> bytes:  # fmt: skip
    """One picture (x, y, width, height) of palette indexes; without `centiseconds` there is no graphic control block.

    The pixels are 9 bit LZW codes with a clear code before each: larger than needed and simple.
    """
    x, y, width, height = box
    pixels = [indexes] * (width * height) if isinstance(indexes, int) else indexes
    codes = [code for pixel in pixels for code in (256, pixel)] + [257]
    bits = sum(code << (9 * at) for at, code in enumerate(codes))
    packed = bits.to_bytes((9 * len(codes) + 7) // 8, "little")
    blocks = b"".join(bytes([len(packed[at : at + 255])]) + packed[at : at + 255] for at in range(0, len(packed), 255))
    control = b""
    if centiseconds is not None:
        flags = disposal << 2 | (transparent is not None)
        control = b"!\xf9\x04" + struct.pack("<BHB", flags, centiseconds, transparent or 0) + b"\0"
    return control + b"," + struct.pack("<HHHHB", x, y, width, height, 0) + b"\x08" + blocks + b"\0"


def apng(
    size: tuple[int, int], colour_type: int, parts: list[tuple[bytes, bytes]], plays: int = 0, hidden: bytes = b"",
    shared: bytes = b"",
) -> bytes:  # fmt: skip
    """8 bits a channel. A part is its control, from `apng_control`, and its pixels, row by row without filter bytes.

    `hidden` are the pixels of a default image that is not part of the animation; `shared` are chunks before it.
    """
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    body, sequence = b"", 0
    for at, (control, pixels) in enumerate(parts):
        width = struct.unpack_from(">I", control)[0]
        data = _deflated(pixels, width * channels)
        body += chunk(b"fcTL", struct.pack(">I", sequence) + control)
        sequence += 1
        if at == 0 and not hidden:
            body += chunk(b"IDAT", data)
        else:
            body += chunk(b"fdAT", struct.pack(">I", sequence) + data)
            sequence += 1
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, colour_type, 0, 0, 0))
    head += chunk(b"acTL", struct.pack(">II", len(parts), plays)) + shared
    if hidden:
        head += chunk(b"IDAT", _deflated(hidden, size[0] * channels))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def apng_control(
    box: tuple[int, int, int, int], delay: tuple[int, int] = (1, 10), disposal: int = 0, blend: int = 0
) -> bytes:
    x, y, width, height = box
    return struct.pack(">IIIIHHBB", width, height, x, y, *delay, disposal, blend)


def _deflated(pixels: bytes, stride: int) -> bytes:
    return zlib.compress(b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride)))


def blobs(size: tuple[int, int], cell: int = 40) -> Image.Image:
    """Soft shapes of about `cell` pixels in random colours, the same on every run: a shift by a pixel is to be seen."""
    return noise((size[0] // cell + 1, size[1] // cell + 1)).resize(size, Image.Resampling.BICUBIC)


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Upright, by Pillow's own hand."""
    with Image.open(io.BytesIO(saved(image, "PNG", exif=exif(orientation)))) as opened:
        return ImageOps.exif_transpose(opened)


def furthest(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of any channel of any pixel; images of different kind or size are refused."""
    assert (first.mode, first.size) == (second.mode, second.size)
    return max(ImageChops.difference(first, second).tobytes())


def mean_difference(first: Image.Image, second: Image.Image) -> float:
    differences = ImageChops.difference(first, second).tobytes()
    return sum(differences) / len(differences)
