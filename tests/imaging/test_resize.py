"""`resize`: sizes by hand, what is kept of the picture, and where it is put."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import UnsuitableImage
from app.imaging import picture as pictures
from app.imaging.condition import Traits
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.operation import MAX_SIDE
from app.imaging.operations.colorspace import Colorspace
from app.imaging.operations.resize import Resize
from app.imaging.picture import Picture, of, settled, whole
from app.imaging.pixels import decode
from app.imaging.production import Production

from .pictures import BLUE, GREEN, RED, WHITE, blobs, corners, furthest, lossless, noise, plain, saved, turned
from .profiles import P3, rgb_profile

LANDSCAPE, PORTRAIT = (400, 200), (200, 400)
CLEAR = (0, 0, 0, 0)
LANCZOS = Image.Resampling.LANCZOS


def made(image: Image.Image, /, **parameters: object) -> Image.Image:
    resize = Resize(**parameters)
    result = settled(resize.apply(pictures.of(image)))
    assert result.size == result.image.size == resize.sized(image.size)
    return result.image


@pytest.mark.parametrize(
    ("size", "parameters", "expected"),
    [
        # One side: the other one follows, rounded half up, never below 1.
        (LANDSCAPE, {"width": 100}, (100, 50)),
        (LANDSCAPE, {"height": 100}, (200, 100)),
        (LANDSCAPE, {"width": 800}, (800, 400)),
        (LANDSCAPE, {"width": 800, "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"height": 201, "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"height": 199, "without_enlargement": True}, (398, 199)),
        ((3, 2), {"width": 5}, (5, 3)),
        ((4, 2), {"width": 3}, (3, 2)),
        ((1000, 3), {"width": 10}, (10, 1)),
        ((3, 1000), {"height": 10}, (1, 10)),
        ((1, 1), {"width": 7}, (7, 7)),
        # One side: the fit plays no part.
        (LANDSCAPE, {"width": 100, "fit": "contain"}, (100, 50)),
        (LANDSCAPE, {"height": 100, "fit": "fill"}, (200, 100)),
        (LANDSCAPE, {"height": 300, "fit": "outside", "without_enlargement": True}, (400, 200)),
        # Both sides.
        (LANDSCAPE, {"width": 100, "height": 100}, (100, 100)),
        (LANDSCAPE, {"width": 100, "height": 100, "fit": "contain"}, (100, 100)),
        (LANDSCAPE, {"width": 100, "height": 100, "fit": "fill"}, (100, 100)),
        (LANDSCAPE, {"width": 100, "height": 100, "fit": "inside"}, (100, 50)),
        (LANDSCAPE, {"width": 100, "height": 100, "fit": "outside"}, (200, 100)),
        (PORTRAIT, {"width": 100, "height": 100, "fit": "inside"}, (50, 100)),
        (PORTRAIT, {"width": 100, "height": 100, "fit": "outside"}, (100, 200)),
        ((3, 1), {"width": 10, "height": 10, "fit": "inside"}, (10, 3)),
        ((3, 1), {"width": 10, "height": 10, "fit": "outside"}, (30, 10)),
        # Both sides, larger than the picture.
        (LANDSCAPE, {"width": 600, "height": 600, "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"width": 600, "height": 600, "fit": "contain", "without_enlargement": True}, (600, 600)),
        (LANDSCAPE, {"width": 600, "height": 600, "fit": "fill", "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"width": 600, "height": 600, "fit": "inside", "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"width": 600, "height": 600, "fit": "outside", "without_enlargement": True}, (400, 200)),
        # One of both is larger than the picture.
        (LANDSCAPE, {"width": 300, "height": 300}, (300, 300)),
        (LANDSCAPE, {"width": 300, "height": 300, "without_enlargement": True}, (300, 200)),
        (LANDSCAPE, {"width": 300, "height": 300, "fit": "contain", "without_enlargement": True}, (300, 300)),
        (LANDSCAPE, {"width": 300, "height": 300, "fit": "fill", "without_enlargement": True}, (300, 200)),
        (LANDSCAPE, {"width": 300, "height": 300, "fit": "inside", "without_enlargement": True}, (300, 150)),
        (LANDSCAPE, {"width": 300, "height": 300, "fit": "outside", "without_enlargement": True}, (400, 200)),
        (PORTRAIT, {"width": 300, "height": 300, "without_enlargement": True}, (200, 300)),
        # The device pixel ratio multiplies first.
        (LANDSCAPE, {"width": 50, "dpr": 2}, (100, 50)),
        (LANDSCAPE, {"width": 100, "height": 100, "dpr": 0.5}, (50, 50)),
        (LANDSCAPE, {"width": 5, "dpr": 1.5}, (8, 4)),
        (LANDSCAPE, {"width": 300, "dpr": 2, "without_enlargement": True}, (400, 200)),
        (LANDSCAPE, {"width": 300, "height": 60, "dpr": 1.5, "fit": "inside"}, (180, 90)),
    ],
)
def test_sizes_are_those_of_sharp(size, parameters, expected) -> None:
    assert Resize(**parameters).sized(size) == expected
    assert made(plain(size=size), **parameters).size == expected


# A picture of four vertical bands, 40 × 10; `cover` of 10 × 10 keeps one and a half of its height's width.
BANDS = {0: RED, 10: GREEN, 20: BLUE, 30: WHITE}


def bands() -> Image.Image:
    image = Image.new("RGB", (40, 10))
    for left, colour in BANDS.items():
        image.paste(colour, (left, 0, left + 10, 10))
    return image


@pytest.mark.parametrize(
    ("position", "columns"),
    [
        ("west", [RED] * 10),
        ("northwest", [RED] * 10),
        ("southwest", [RED] * 10),
        ("east", [WHITE] * 10),
        ("northeast", [WHITE] * 10),
        ("center", [GREEN] * 5 + [BLUE] * 5),
        ("north", [GREEN] * 5 + [BLUE] * 5),
        ("south", [GREEN] * 5 + [BLUE] * 5),
    ],
)
def test_cover_keeps_what_position_says(position: str, columns) -> None:
    result = made(bands(), width=10, height=10, position=position)
    assert [result.getpixel((x, 4)) for x in range(10)] == columns
    upright = made(bands().transpose(Image.Transpose.TRANSPOSE), width=10, height=10, position=TRANSPOSED[position])
    assert [upright.getpixel((4, y)) for y in range(10)] == columns


TRANSPOSED = {
    "west": "north", "northwest": "northwest", "southwest": "northeast", "east": "south", "northeast": "southwest",
    "center": "center", "north": "west", "south": "east",
}  # fmt: skip


@pytest.mark.parametrize(
    ("position", "top"),
    [("north", 0), ("northeast", 0), ("center", 15), ("west", 15), ("south", 30), ("southwest", 30)],
)
def test_contain_puts_the_picture_where_position_says(position: str, top: int) -> None:
    result = made(bands(), width=40, height=40, fit="contain", position=position)
    shown = [y for y in range(40) if result.getpixel((5, y)) != CLEAR]
    assert shown == list(range(top, top + 10))
    assert furthest(result.crop((0, top, 40, top + 10)).convert("RGB"), bands()) == 0


def test_an_odd_rest_goes_to_the_right_and_below() -> None:
    """As in sharp and libvips."""
    result = made(plain(size=(10, 2), colour=RED), width=10, height=5, fit="contain", background="#0000ff")
    assert [result.getpixel((0, y)) for y in range(5)] == [BLUE, RED, RED, BLUE, BLUE]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "parameters",
    [
        {"width": 14, "height": 9},
        {"width": 9, "height": 14, "position": "northwest"},
        {"width": 14, "height": 9, "position": "southeast"},
        {"width": 20, "height": 20, "fit": "contain", "position": "east"},
        {"width": 30, "height": 8, "fit": "fill"},
        {"width": 12},
        {"height": 12, "kernel": "cubic"},
    ],
)
def test_every_orientation_comes_out_as_if_turned_first(parameters, orientation: int) -> None:
    image = blobs((48, 32), 5)  # even, since halving an odd side begins at one end
    upright = pictures.of(turned(image, orientation))
    lazy = replace(pictures.of(image), orientation=orientation)
    expected, result = (whole(Resize(**parameters).apply(picture)) for picture in (upright, lazy))
    assert result.size == result.image.size == expected.size
    assert furthest(result.image, expected.image) <= 2  # the two passes are rounded in another order


@pytest.mark.parametrize(
    "parameters",
    [
        {"width": 100, "height": 100},
        {"width": 60, "height": 110, "position": "southeast"},
        {"width": 120, "height": 60, "fit": "fill"},
        {"width": 120, "height": 120, "fit": "inside"},
    ],
)
@pytest.mark.parametrize("orientation", [1, 8])
def test_a_jpeg_decoded_at_a_fraction_gives_the_same(parameters, orientation: int) -> None:
    data = saved(blobs((1001, 803)), "JPEG", **lossless("JPEG"))
    resize = Resize(**parameters)

    def result(share: float) -> tuple[Image.Image, int]:
        with Image.open(io.BytesIO(data)) as image:
            picture = replace(decode(image, share), orientation=orientation)
        return whole(resize.apply(picture)).image, picture.frames[0].width

    share = resize.share((1001, 803) if orientation == 1 else (803, 1001))
    (full, all_columns), (fraction, columns) = result(1.0), result(share)
    assert columns < all_columns == 1001
    assert full.size == fraction.size
    assert furthest(full, fraction) <= 8


def test_a_side_rounded_up_does_not_double_what_is_decoded() -> None:
    """1999 / 2 is 999.5, of which 1000 are made: not a reason to decode more than a half."""
    assert Resize(width=1500).share((3000, 1999)) == 0.5
    assert Resize(width=1500, height=1000, fit="fill").share((3000, 1999)) == 1000 / 1999
    assert Resize(width=6000).share((3000, 1999)) == 1.0


def test_transparent_pixels_do_not_bleed(near) -> None:
    image = Image.new("RGBA", (80, 80), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (20, 20, 60, 60))
    for red, green, blue, alpha in made(image, width=37).get_flattened_data():
        assert alpha < 8 or near((red, green, blue), RED, 6)


def test_contain_keeps_transparency_on_a_transparent_ground_and_fills_it_on_another(near) -> None:
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 128))
    clear = made(image, width=20, height=20, fit="contain")
    assert (clear.getpixel((10, 1)), clear.getpixel((10, 10))) == (CLEAR, (255, 0, 0, 128))
    filled = made(image, width=20, height=20, fit="contain", background="white")
    assert filled.mode == "RGB"
    assert (filled.getpixel((10, 1)), near(filled.getpixel((10, 10)), (255, 127, 127), 1)) == (WHITE, True)
    half = made(plain(size=(20, 10), colour=RED), width=20, height=20, fit="contain", background="#0000ff80")
    assert (half.getpixel((10, 1)), half.getpixel((10, 10))) == ((0, 0, 255, 128), (255, 0, 0, 255))


def test_a_ground_is_meant_in_srgb_whatever_space_the_picture_is_in(near) -> None:
    """sRGB's red in Display P3 is (234, 51, 35): as every browser computes color(display-p3 …) of it."""
    picture = replace(pictures.of(plain(size=(20, 10))), space=None, profile=rgb_profile(P3, 2.2))
    wide = Colorspace(to="display-p3").apply(picture)
    result = settled(Resize(width=20, height=20, fit="contain", background="red").apply(wide))
    assert result.space == "display-p3"
    assert near(result.image.getpixel((10, 1)), (234, 51, 35), 2)


def test_grey_stays_grey(near) -> None:
    result = made(plain("L", (30, 20), 100).convert("RGB"), width=10, height=10, fit="contain", background="#646464")
    assert result.getcolors() == [(100, (100, 100, 100))]


def test_nearest_invents_no_colours() -> None:
    assert {colour for _, colour in made(corners((7, 5)), width=31, kernel="nearest").getcolors()} == {
        RED, GREEN, BLUE, WHITE,
    }  # fmt: skip


def test_nearest_invents_no_colours_beside_a_larger_size_either() -> None:
    """Which a smaller size is otherwise made from."""
    graph = Graph([
        Step("large", Resize(width=61), SOURCE), Step("small", Resize(width=31, kernel="nearest"), SOURCE),
    ])  # fmt: skip
    picture = of(corners((122, 82)))
    production = Production(graph, Traits(picture.size, "image/png", 1, alpha=False), ["large", "small"])
    production.begin(lambda: picture)
    (small,) = [picture for name, picture in production.pictures() if name == "small"]
    assert {colour for _, colour in small.image.getcolors()} == {RED, GREEN, BLUE, WHITE}


def test_without_a_change_of_size_no_pixel_changes() -> None:
    image = noise((31, 17))
    assert furthest(made(image, width=31), image) == 0
    assert furthest(made(image, width=11, height=17), image.crop((10, 0, 21, 17))) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3)])
@pytest.mark.parametrize("fit", ["cover", "contain", "fill", "inside", "outside"])
def test_tiny_and_elongated_pictures_come_out_in_every_fit(size, fit: str) -> None:
    image = plain(size=size, colour=RED)
    for box in ((1, 1), (1, 40), (40, 1), (20, 30)):
        result = made(image, width=box[0], height=box[1], fit=fit)
        assert result.getpixel(((result.width - 1) // 2, (result.height - 1) // 2))[:3] == RED


def test_cover_cuts_what_was_resampled_whole() -> None:
    """At the edges of the cut the filter has seen what lies beyond them, as in sharp."""
    image = blobs((120, 60), 6)
    assert furthest(made(image, width=30, height=30), image.resize((60, 30), LANCZOS).crop((15, 0, 45, 30))) <= 1
    assert furthest(made(image, width=20, height=40), image.resize((80, 40), LANCZOS).crop((30, 0, 50, 40))) <= 1


def test_cover_of_a_line_is_cut_before_it_is_enlarged() -> None:
    """Whole, it would be 60,000,000 × 1000 pixels."""
    assert made(plain(size=(60_000, 1), colour=RED), width=2, height=1000).getcolors() == [(2000, RED)]


def test_every_frame_is_resized_alike() -> None:
    frames = (corners((20, 20)), noise((20, 20)))
    picture = replace(pictures.of(frames[0]), frames=frames, durations=(10, 20))
    result: Picture = settled(Resize(width=5, height=10).apply(picture))
    assert [frame.size for frame in result.frames] == [(5, 10)] * 2
    assert result.durations == (10, 20)


def test_a_side_that_follows_may_not_grow_beyond_the_limit() -> None:
    with pytest.raises(
        UnsuitableImage, match=r"resized picture would be 1000 × 65000000 pixels; a side is at most 16384"
    ):
        Resize(width=1000).sized((1, 65_000))
    assert Resize(width=1, height=1000).sized((1, 65_000)) == (1, 1000)


def test_a_side_that_was_longer_already_may_stay_so() -> None:
    assert Resize(width=20, height=20, fit="outside").sized((20_000, 20)) == (20_000, 20)
    assert Resize(width=MAX_SIDE, without_enlargement=True).sized((10, 20_000)) == (10, 20_000)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "needs width, height or both"),
        ({"width": 0}, "greater than or equal to 1"),
        ({"width": MAX_SIDE + 1}, "less than or equal to 16384"),
        ({"width": 8193, "dpr": 2}, r"width × dpr is 16386; it must be from 1 to 16384"),
        ({"height": 1, "dpr": 0.1}, r"height × dpr is 0.1; it must be from 1 to 16384"),
        ({"width": 5, "height": 5, "fit": "contain", "position": "entropy"}, "contain cuts nothing away"),
    ],
)
def test_impossible_sizes_are_refused(parameters, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Resize(**parameters)
