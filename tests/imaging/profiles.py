"""ICC version 2 profiles written by hand, and the colours they stand for computed from their matrices.

ImageCms can only make sRGB, LAB and XYZ. The layouts are those of ICC.1:2001-04, sections 6.1 and 6.5.
"""

import struct

Matrix = tuple[tuple[float, float, float], ...]

# Rows X, Y, Z; columns red, green, blue; adapted to D50 (brucelindbloom.com for sRGB, the DCI-P3 D65 set for P3).
SRGB: Matrix = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))
P3: Matrix = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))
SWAPPED: Matrix = tuple((blue, green, red) for red, green, blue in SRGB)

_D50 = (0.9642, 1.0, 0.8249)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _curve(gamma: float | None) -> bytes:
    """A power, or for None the curve of sRGB in 1024 points."""
    if gamma is None:
        encoded = [at / 1023 for at in range(1024)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in encoded]
        return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(65535 * v) for v in linear))
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _text(words: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" + b"\0" * 78


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(b"Darkroom test"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(_D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + b"".join(map(_fixed, _D50))
    return head.ljust(128, b"\0") + table + body


def rgb_profile(matrix: Matrix, gamma: float | None) -> bytes:
    columns = list(zip(*matrix, strict=True))
    tags = {name + b"XYZ": _xyz(columns[at]) for at, name in enumerate((b"r", b"g", b"b"))}
    tags |= {name + b"TRC": _curve(gamma) for name in (b"r", b"g", b"b")}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """A press whose four inks darken all alike, whatever their colour: L* = 100 × (1-c)(1-m)(1-y)(1-k), no colour.

    One table of two grid points a channel (lut8, the PCS is Lab with 8 bits).
    """
    identity = bytes(range(256))
    grid = b"".join(bytes((255 if corner == 0 else 0, 128, 128)) for corner in range(16))
    matrix = b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + grid + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table, b"A2B1": table})


def _srgb_level(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    encoded = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * encoded)


def _inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (e * i - f * h, c * h - b * i, b * f - c * e), (f * g - d * i, a * i - c * g, c * d - a * f)
    last = (d * h - e * g, b * g - a * h, a * e - b * d)
    return tuple(tuple(value / det for value in row) for row in (*rows, last))


def _times(m: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in m)


def in_srgb(colour: tuple[int, ...], matrix: Matrix, gamma: float) -> tuple[int, ...]:
    """What sRGB levels show the same colour: by the definitions, without any colour management library."""
    xyz = _times(matrix, tuple((channel / 255) ** gamma for channel in colour))
    return tuple(_srgb_level(value) for value in _times(_inverse(SRGB), xyz))


def grey_in_srgb(level: int, gamma: float) -> int:
    return _srgb_level((level / 255) ** gamma)


def lightness_in_srgb(lightness: float) -> int:
    return _srgb_level(((lightness + 16) / 116) ** 3 if lightness > 8 else lightness / 903.3)
