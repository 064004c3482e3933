"""Near-lossless WebP: against libwebp's algorithm, pixel by pixel in plain Python."""

import io

import pytest
from PIL import Image, ImageChops

from app.imaging import encoders
from app.imaging.near_lossless import simplified
from app.imaging.picture import Picture, of

from .pictures import gradient, noise, plain
from .scenes import scene

MOST = {100: 0, 99: 1, 80: 1, 79: 2, 60: 2, 59: 4, 40: 4, 39: 8, 20: 8, 19: 16, 0: 16}
"""The largest change of a value, by level: half of two to the power of the bits that are rounded away."""


def reference(image: Image.Image, level: int) -> list[tuple[int, ...]]:
    """VP8ApplyNearLossless of libwebp 1.6, as its comments tell it."""
    width, height = image.size
    bands = len(image.getbands())
    data = image.tobytes()
    pixels = [tuple(data[at : at + bands]) for at in range(0, len(data), bands)]
    for bits in range(5 - level // 20, 0, -1):
        pixels = [
            tuple(nearest(value, bits) for value in pixel)
            if 0 < at % width < width - 1 and 0 < at // width < height - 1 and not smooth(pixels, at, width, 1 << bits)
            else pixel
            for at, pixel in enumerate(pixels)
        ]
    return pixels


def nearest(value: int, bits: int) -> int:
    """Of the multiples of 2^bits, and 255; the even multiple where two are as near."""
    step = 1 << bits
    below = value // step * step
    rest = value - below
    up = rest > step // 2 or (rest == step // 2 and below // step % 2 == 1)
    return min(below + step * up, 255)


def smooth(pixels: list[tuple[int, ...]], at: int, width: int, limit: int) -> bool:
    around = (pixels[at - 1], pixels[at + 1], pixels[at - width], pixels[at + width])
    return all(abs(a - b) < limit for other in around for a, b in zip(pixels[at], other, strict=True))


def translucent() -> Image.Image:
    image = noise((70, 65))
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


PICTURES = [scene((80, 70)), noise((64, 64)), gradient((130, 40)), translucent(), noise((70, 3))]


@pytest.mark.parametrize("level", MOST)
@pytest.mark.parametrize("image", PICTURES, ids=["scene", "noise", "gradient", "translucent", "thin"])
def test_every_pixel_is_as_libwebp_makes_it(image: Image.Image, level: int) -> None:
    expected = b"".join(map(bytes, reference(image, level)))
    assert simplified(image, level).tobytes() == expected


@pytest.mark.parametrize("level", MOST)
def test_no_value_changes_by_more_than_promised(level: int) -> None:
    image = noise()
    worst = max(ImageChops.difference(image, simplified(image, level)).tobytes())
    assert worst <= MOST[level]
    assert worst > 0 or level == 100


@pytest.mark.parametrize("image", [noise((63, 63)), noise((300, 2)), noise((2, 300)), plain(size=(1, 1))])
def test_icons_and_lines_stay_as_they_are(image: Image.Image) -> None:
    assert simplified(image, 0) is image


@pytest.mark.parametrize("level", [0, 60, 100])
def test_the_file_has_these_pixels(level: int) -> None:
    image = noise()
    data = encoders.found()["webp"](near_lossless=level).encode(of(image)).data
    assert b"VP8L" in data
    with Image.open(io.BytesIO(data)) as output:
        assert output.convert("RGB").tobytes() == simplified(image, level).tobytes()


def test_a_lower_level_is_smaller() -> None:
    sizes = [
        len(encoders.found()["webp"](near_lossless=level).encode(of(noise())).data)
        for level in (0, 20, 40, 60, 80, 100)
    ]
    assert sizes == sorted(sizes)


def test_every_frame_of_an_animation_is_simplified() -> None:
    frames = (noise((72, 60)), scene((72, 60)))
    picture = Picture(frames, (0, 0, 72, 60), (72, 60), space="srgb", durations=(50, 60))
    data = encoders.found()["webp"](near_lossless=40).encode(picture).data
    with Image.open(io.BytesIO(data)) as output:
        for at, frame in enumerate(frames):
            output.seek(at)
            assert output.convert("RGB").tobytes() == simplified(frame, 40).tobytes()
