"""Transparency through resizing, flattening and the three output formats."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw

from app.imaging.colours import converted

from .conftest import Darkroom, spec
from .pictures import plain, saved


def disc(mode: str = "RGBA", colour: tuple[int, ...] = (255, 0, 0, 255)) -> Image.Image:
    """A disc whose surroundings are transparent black: the worst case for resampling without premultiplying."""
    image = Image.new(mode, (600, 600), 0)
    ImageDraw.Draw(image).ellipse((100, 100, 499, 499), fill=colour)
    return image


def furthest(image: Image.Image) -> int:
    """How far from the disc put on white first and resampled then, which no handling of alpha can spoil.

    The reference is encoded alike: 4:2:0 moves red edges by 17 levels all by itself.
    """
    ground = Image.new("RGB", (600, 600), "white")
    ground.paste(disc(), mask=disc().getchannel("A"))
    small = ground.resize(image.size, Image.Resampling.LANCZOS)
    with Image.open(io.BytesIO(saved(small, "JPEG", quality=100, subsampling="4:2:0"))) as reference:
        return max(ImageChops.difference(image, reference).tobytes())


@pytest.mark.parametrize("pillow_format", ["PNG", "WEBP", "TIFF"])
def test_a_red_disc_has_no_dark_edge(darkroom: Darkroom, pillow_format: str) -> None:
    options = {"lossless": True} if pillow_format == "WEBP" else {}
    assert furthest(darkroom.picture(saved(disc(), pillow_format, **options), 75, "jpeg", 100)) <= 12


def test_a_white_disc_with_alpha_has_no_dark_edge(darkroom: Darkroom) -> None:
    output = darkroom.picture(saved(disc("LA", (255, 255)), "PNG"), 75, "jpeg", 100)
    assert min(output.convert("L").tobytes()) >= 250


def test_a_cascade_has_no_dark_edge_either(darkroom: Darkroom) -> None:
    rendering = darkroom.render(saved(disc(), "PNG"), [spec(width, "jpeg", 100) for width in (300, 150, 75)])
    with Image.open(rendering.files[-1].path) as output:
        assert furthest(output) <= 16


@pytest.mark.parametrize("output_format", ["webp", "avif"])
def test_alpha_is_kept_where_the_format_has_it(darkroom: Darkroom, output_format: str) -> None:
    output = darkroom.picture(saved(disc(), "PNG"), 60, output_format)
    assert output.mode == "RGBA"
    assert output.getpixel((30, 30))[3] == 255
    assert output.getpixel((1, 1))[3] == 0


def test_jpeg_is_flattened_on_white(darkroom: Darkroom, near) -> None:
    output = darkroom.picture(saved(plain("RGBA", colour=(255, 0, 0, 128)), "PNG"), output_format="jpeg", quality=100)
    assert near(output.getpixel((20, 15)), (255, 127, 127))


@pytest.mark.parametrize("image", [plain("RGBA", colour=(9, 9, 9, 255)), plain("LA", colour=(9, 255))])
def test_alpha_that_hides_nothing_is_not_carried_along(image: Image.Image) -> None:
    """The encoders would leave it out too; without it the cascade has three channels to resample, not four."""
    assert converted(image, None).mode == "RGB"


@pytest.mark.parametrize("output_format", ["webp", "avif"])
@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (10, 200, 90, 255)), ("LA", (90, 255))])
def test_alpha_that_hides_nothing_is_dropped(darkroom: Darkroom, output_format: str, mode: str, colour) -> None:
    assert darkroom.picture(saved(plain(mode, colour=colour), "PNG"), output_format=output_format).mode == "RGB"
