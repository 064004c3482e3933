"""Few colours for many: which stay exact, and how near the rest come."""

import itertools

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from app.imaging.palette import paletted

from .pictures import gradient, noise, plain
from .scenes import scene


def one(image: Image.Image, colours: int = 256, *, dither: bool = True) -> Image.Image:
    (result,) = paletted([image], colours, dither=dither)
    assert result.mode == "P"
    return result.convert(image.mode)


def logo(size: int = 120) -> Image.Image:
    """A disc, half white, half red, with a soft edge, on a transparent ground that has hidden colours."""
    mask = Image.new("L", (size * 4, size * 4))
    ImageDraw.Draw(mask).ellipse((size // 2, size // 2, size * 3, size * 3), fill=255)
    mask = mask.reduce(4)
    image = noise((size, size))
    image.paste("white", mask=mask.point([0] + [255] * 255))
    image.paste("red", (size // 2, 0), mask.crop((size // 2, 0, size, size)).point([0] + [255] * 255))
    image.putalpha(mask)
    return image


def error(one: Image.Image, other: Image.Image) -> float:
    """Root of the mean square, over premultiplied channels."""
    difference = ImageChops.difference(one.convert("RGBa"), other.convert("RGBa"))
    squares = Image.merge("RGBA", difference.split())
    return (sum(ImageStat.Stat(squares).sum2) / (4 * one.width * one.height)) ** 0.5


@pytest.mark.parametrize("dither", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 200, 256])
def test_so_few_colours_stay_exact(count: int, dither: bool) -> None:
    image = Image.new("RGB", (64, 64))
    image.putdata([((7 * n) % 256, (91 * n) % 256, n) for n in (at % count for at in range(64 * 64))])
    assert one(image, max(2, count), dither=dither).tobytes() == image.tobytes()


@pytest.mark.parametrize("dither", [True, False])
def test_so_few_colours_stay_exact_however_close_they_are(dither: bool) -> None:
    """Pillow's dither finds colours of a palette on a coarse grid, and mistakes neighbours for each other."""
    image = Image.new("RGB", (64, 64))
    image.putdata([(100 + n % 6, 100 + n // 6 % 6, 100 + n // 36 % 6) for n in (at % 216 for at in range(64 * 64))])
    assert one(image, 256, dither=dither).tobytes() == image.tobytes()


@pytest.mark.parametrize("colours", [2, 3, 5, 16, 256])
@pytest.mark.parametrize("dither", [True, False])
@pytest.mark.parametrize(
    "image", [scene(), noise(), logo(), gradient((300, 1)), gradient((1, 300)), plain(size=(1, 1))]
)
def test_there_are_no_more_colours_than_asked_for(image: Image.Image, colours: int, dither: bool) -> None:
    assert len(one(image, colours, dither=dither).getcolors()) <= colours


def test_more_colours_are_nearer() -> None:
    errors = [error(scene(), one(scene(), colours, dither=False)) for colours in (2, 8, 32, 128, 256)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 6


@pytest.mark.parametrize("colours", [2, 3, 16, 256])
def test_what_is_transparent_stays_so_and_what_is_opaque_too(colours: int) -> None:
    before, after = logo().getchannel("A").tobytes(), one(logo(), colours).getchannel("A").tobytes()
    assert {b for a, b in zip(before, after, strict=True) if a == 0} == {0}
    assert {b for a, b in zip(before, after, strict=True) if a == 255} == {255}


def test_soft_edges_stay_soft() -> None:
    pairs = zip(logo().getchannel("A").tobytes(), one(logo()).getchannel("A").tobytes(), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= 24


@pytest.mark.parametrize(("colours", "soft"), [(2, False), (15, False), (16, True)])
def test_few_colours_leave_no_room_for_soft_edges(colours: int, soft: bool) -> None:
    assert (len(one(logo(), colours).getchannel("A").getcolors()) > 2) == soft


def test_hidden_colours_take_no_room() -> None:
    """One entry for all that is transparent, and one for each of two visible ones: these are exact."""
    image = noise((60, 60)).convert("RGBA")
    image.putalpha(0)
    image.paste((255, 255, 255, 255), (10, 10, 30, 50))
    image.paste((200, 30, 40, 255), (30, 10, 50, 50))
    colours = {colour for _, colour in one(image, 3).getcolors() if colour[3]}
    assert colours == {(255, 255, 255, 255), (200, 30, 40, 255)}


@pytest.mark.parametrize("colours", [16, 32, 64, 128, 256])
def test_these_two_are_nearer_than_by_pillow_alone(colours: int) -> None:
    """Not every picture is, at few colours: docs/quality.md lists six, and where not."""
    for image in (logo(), cut_out()):
        alone = image.quantize(colours, Image.Quantize.FASTOCTREE).convert("RGBA")
        assert error(image, one(image, colours, dither=False)) < error(image, alone)


def cut_out() -> Image.Image:
    image = scene((240, 200)).convert("RGBA")
    image.putalpha(logo(240).getchannel("A").resize(image.size))
    return image


def test_all_translucent_pictures_have_all_the_colours() -> None:
    image = gradient().convert("RGBA")
    image.putalpha(128)
    result = one(image)
    assert len(result.getcolors()) > 100
    assert {alpha for _, alpha in result.getchannel("A").getcolors()} == {128}


def test_dither_mixes_what_is_not_there() -> None:
    """A gradient of two colours: without it there is one edge, with it there are many."""
    image = Image.linear_gradient("L").rotate(90).convert("RGB")
    rows = {dither: one(image, 2, dither=dither).convert("L").crop((0, 128, 256, 129)).tobytes() for dither in (0, 1)}
    changes = {dither: sum(a != b for a, b in itertools.pairwise(row)) for dither, row in rows.items()}
    assert changes[0] == 1
    assert changes[1] > 20


def test_frames_of_both_kinds_share_a_palette() -> None:
    frames = paletted([plain(colour=(9, 8, 7)), plain("RGBA", colour=(1, 2, 3, 0))], 4, dither=True)
    assert [frame.convert("RGBA").getpixel((5, 5))[3] for frame in frames] == [255, 0]
    assert frames[0].getpalette() == frames[1].getpalette()
