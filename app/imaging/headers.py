"""
The size that a header claims, read without Pillow where Pillow needs more than the header to tell it.

Its WebP plugin allocates the canvas when it opens a file; its PNG plugin reads up to the first pixels. A file that
only claims to be huge is refused for that, before either happens. HEIF has its own (heif.py); all other formats tell
their size when opened.
"""

_PNG_HEADER_BYTES = 24
_WEBP_HEADER_BYTES = 30


def claimed_size(head: bytes) -> tuple[int, int] | None:
    """(width, height) from the first 30 bytes of a PNG or WebP; None for other formats and for short heads."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR" and len(head) >= _PNG_HEADER_BYTES:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP" and len(head) >= _WEBP_HEADER_BYTES:
        return _webp_size(head)
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """RFC 9649, sections 2.5 to 2.7: the three kinds of first chunk."""
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None
