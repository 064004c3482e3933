"""From finished pixels to files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.imaging import containers, metadata
from app.imaging.encoder import Encoded, Encoder, name_of
from app.imaging.naming import of_page
from app.imaging.orientation import UPRIGHT
from app.imaging.outputs import Output
from app.imaging.picture import Picture


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """`quality` is the one that was used, where the format has one; `tries` counts the encodings it took to find it.

    `page` is the number of the page that it shows, where every page of a file with several is made; else None.
    """

    name: str
    format: str
    extension: str
    media_type: str
    width: int
    height: int
    path: Path
    quality: int | None
    tries: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """The file that was received."""

    path: Path
    media_type: str

    def copied(self, picture: Picture) -> Encoded | None:
        """The file itself without what is not kept of its metadata, for a picture that has its frames; None where its
        pixels are to be others all the same.
        """
        upright = picture.orientation == UPRIGHT or ("orientation" in picture.keep and not picture.turned)
        untagged = picture.profile is None or "icc" in picture.keep
        if picture.space or not (picture.is_whole and upright and untagged):
            return None
        exif = metadata.blocks(picture).get("exif")
        data = containers.rewritten(self.path.read_bytes(), self.media_type, picture.keep, exif)
        return None if data is None else Encoded(data)


class Files:
    """Writes outputs below a folder; those that would be the same bytes share the first one's path."""

    def __init__(self, scratch: Path, original: Original, page: int | None = None) -> None:
        self._scratch, self._original, self._page = scratch, original, page
        self._files: dict[str, RenderedFile] = {}
        self._last: Picture | None = None
        self._same: dict[tuple[Encoder, bool, bool], RenderedFile] = {}

    def write(self, picture: Picture, made: Picture, outputs: Sequence[Output], *, untouched: bool) -> None:
        """Encode one picture, once for each of its different encoders; a picture that comes again, not again.

        `made` is the picture as the last step left it, before it was finished for the encoders; where it is
        `untouched`, it has the frames of the file.
        """
        if self._last is None or not _is_same(picture, self._last):
            self._last, self._same = picture, {}
        for output in outputs:
            how = output.encoder, output.copies, output.smallest
            if how not in self._same:
                self._same[how] = self._write(picture, made if untouched else None, output)
            file = self._same[how]
            self._files[output.name] = file if file.name == output.name else replace(file, name=output.name)

    def named(self, outputs: Sequence[Output]) -> list[RenderedFile]:
        """What was written, in this order."""
        return [self._files[output.name] for output in outputs]

    def _write(self, picture: Picture, untouched: Picture | None, output: Output) -> RenderedFile:
        encoder = output.encoder
        encoded = self._original.copied(untouched) if output.copies and untouched else None
        if encoded is None or output.smallest:
            encoded = min(filter(None, (encoded, encoder.encode(picture))), key=lambda one: len(one.data))
        path = self._scratch / f"{of_page(output.name, self._page)}.{encoder.extension}"
        path.write_bytes(encoded.data)
        return RenderedFile(
            output.name, name_of(encoder), encoder.extension, encoder.media_type, *picture.size, path,
            encoded.quality, encoded.tries, self._page,
        )  # fmt: skip


def _is_same(picture: Picture, other: Picture) -> bool:
    """With the same frames, and the same metadata to keep."""
    return picture.frames is other.frames and replace(picture, frames=()) == replace(other, frames=())
