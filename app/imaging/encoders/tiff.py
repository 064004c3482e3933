"""TIFF: for print and archives."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar, Literal

from PIL import ExifTags, Image, TiffImagePlugin
from pydantic import Field

from app.imaging import metadata
from app.imaging.encoder import Encoder
from app.imaging.picture import Picture

_COMPRESSIONS = {"none": "raw", "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate"}
_HORIZONTAL = 2
"""Values as differences to those of the pixel before: photographs become a third smaller (TIFF 6.0, section 14)."""

# A TIFF is a block of EXIF with pixels: what describes the pixels of another file must not get in.
_TEXTS = frozenset({
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.HostComputer, ExifTags.Base.Copyright,
})  # fmt: skip
_DIRECTORIES = frozenset({ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo})


class Tiff(Encoder):
    """Lossless, with transparency; an animation's first frame. Of EXIF that is kept, a compressed file has the texts
    and the orientation only.
    """

    pillow_name: ClassVar = "TIFF"
    human_name: ClassVar = "TIFF"
    media_type: ClassVar = "image/tiff"
    extension: ClassVar = "tif"
    max_side: ClassVar = 65_535  # what older readers count in 16 bits

    compression: Literal["none", "lzw", "deflate"] = Field(
        default="lzw", description="`deflate` is smaller than `lzw`, which more programs read; `none` is read by all."
    )

    def options(self) -> dict[str, Any]:
        return {"compression": _COMPRESSIONS[self.compression]}

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        super().write(picture, {**options, "tiffinfo": self._tags(picture)}, buffer)

    def _tags(self, picture: Picture) -> Image.Exif:
        blocks = metadata.blocks(picture)
        tags = Image.Exif()
        tags.load(blocks.get("exif", b""))
        for tag in list(tags):
            if not self._keeps(tag, tags[tag]):
                del tags[tag]
        if "xmp" in blocks:
            tags[TiffImagePlugin.XMP] = blocks["xmp"]
        if self.compression != "none":
            tags[TiffImagePlugin.PREDICTOR] = _HORIZONTAL
        return tags

    def _keeps(self, tag: int, value: object) -> bool:
        if tag in _DIRECTORIES:  # libtiff, which compresses, does not take them from Pillow
            return self.compression == "none"
        return tag == ExifTags.Base.Orientation or (tag in _TEXTS and isinstance(value, str))
