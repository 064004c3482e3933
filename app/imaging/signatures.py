"""What a file looks like, from its first bytes: to word a refusal, and to tell a PDF and the kinds of HEIF apart."""

import puremagic

from app.imaging.formats import HEIF

HEAD_BYTES = 4096

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_HEIF_BRANDS = (b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_MIN_CONFIDENCE = 0.2


def accepted_kind(head: bytes) -> str | None:
    """The human name of the accepted format that the bytes begin like, or None."""
    if head[:4] == b"RIFF":
        return "WebP" if head[8:12] == b"WEBP" else None
    if head[4:8] == b"ftyp":
        return "AVIF" if _brands(head) & set(_AVIF_BRANDS) else "HEIC" if heif_type(head) else None
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return name
    return None


_PREFIXES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
)


def heif_type(head: bytes) -> str | None:
    """The media type of a HEIF file that is no AVIF: image/heic where it says that it is coded in HEVC; or None."""
    brands = _brands(head) if head[4:8] == b"ftyp" else set()
    if brands & set(_AVIF_BRANDS):
        return None
    return "image/heic" if brands & set(_HEIC_BRANDS) else HEIF if brands & set(_HEIF_BRANDS) else None


def is_pdf(head: bytes) -> bool:
    """Readers look for the header within the first 1024 bytes: printers and mail programs put something before it."""
    return b"%PDF-" in head[:1024] and accepted_kind(head) is None


def likeness(head: bytes) -> str | None:
    """
    The media type that the bytes look like, or None where nothing can be said.

    puremagic calls every ZIP a Word document and some SVGs XML; it does not know plain text.
    """
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"
    if b"<svg" in head and _is_text(head):
        return "image/svg+xml"
    return _by_puremagic(head) or ("text/plain" if _is_text(head) else None)


def _brands(head: bytes) -> set[bytes]:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}


def _by_puremagic(head: bytes) -> str | None:
    try:
        matches = puremagic.magic_string(head)
    except Exception:  # PureError for the unknown, and whatever else its parsing of hostile bytes may bring
        return None
    named = (match.mime_type for match in matches if match.mime_type and match.confidence >= _MIN_CONFIDENCE)
    return next(named, None)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else: a character cut by the end of the head
            return False
        text = head[: error.start].decode()
    return bool(text) and all(character.isprintable() or character in "\t\r\n\f" for character in text)
