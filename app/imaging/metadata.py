"""The metadata that a recipe keeps: what Pillow is told to write beside the pixels."""

from typing import Any

from PIL import ExifTags, Image

from app.imaging.colours import icc_profile
from app.imaging.orientation import UPRIGHT
from app.imaging.picture import Picture

_COPYRIGHT = (ExifTags.Base.Artist, ExifTags.Base.Copyright)


def blocks(picture: Picture) -> dict[str, Any]:
    """Arguments of `Image.save` for the blocks that stay; empty where none does."""
    kept: dict[str, Any] = {}
    if exif := _exif(picture):
        kept["exif"] = exif
    if "xmp" in picture.keep and picture.metadata.xmp:
        kept["xmp"] = picture.metadata.xmp
    profile = icc_profile(picture.space) if picture.space else picture.profile
    if profile:
        kept["icc_profile"] = profile
    return kept


def _exif(picture: Picture) -> bytes | None:
    original = Image.Exif()
    try:
        original.load(picture.metadata.exif or b"")
        values = dict(original) if "exif" in picture.keep else {}
        kept = original if values else Image.Exif()
        if "copyright" in picture.keep:
            values |= {tag: original[tag] for tag in _COPYRIGHT if tag in original}
    except MemoryError:
        raise
    except Exception:  # hostile EXIF raises almost anything; what can not be read can not be kept
        values, kept = {}, Image.Exif()
    values.pop(ExifTags.Base.Orientation, None)
    if picture.orientation != UPRIGHT:
        values[ExifTags.Base.Orientation] = picture.orientation
    if not values:
        return None
    kept.pop(ExifTags.Base.Orientation, None)
    kept.update(values)
    return kept.tobytes()
