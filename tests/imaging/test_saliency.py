"""`entropy` and `attention`: what a crop keeps of pictures whose one point of interest is known."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from app.imaging.operations.crop import Crop
from app.imaging.operations.resize import Resize
from app.imaging.picture import Picture, of, settled
from app.imaging.pixels import decode
from app.imaging.saliency import best
from app.imaging.source import opened

from .conftest import LIMIT
from .pictures import exif, noise, plain, saved

GREY = (128, 128, 128)
SKIN = (224, 172, 140)
STRATEGIES = ("entropy", "attention")

Spot = Callable[[tuple[int, int], tuple[int, int]], Image.Image]


def detail(size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """40 × 40 pixels of noise on one grey."""
    image = plain("RGB", size, GREY)
    image.paste(noise((40, 40)), at)
    return image


def face(size: tuple[int, int], at: tuple[int, int], ground: tuple[int, ...] = GREY) -> Image.Image:
    """A disc in the colour of skin, 40 pixels across."""
    image = plain("RGB", size, ground)
    ImageDraw.Draw(image).ellipse((*at, at[0] + 39, at[1] + 39), fill=SKIN)
    return image


def patch(size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """A green square, as light as the grey around it: 0.2126 · 60 + 0.7152 · 157 + 0.0722 · 50 = 128.7."""
    image = plain("RGB", size, GREY)
    image.paste((60, 157, 50), (*at, at[0] + 40, at[1] + 40))
    return image


SPOTS = [pytest.param(spot, id=spot.__name__) for spot in (detail, face, patch)]


def kept(result: Image.Image, spot: Image.Image, ground: tuple[int, ...] = GREY) -> float:
    """The share of the pixels unlike the ground that is still there, at the same scale."""

    def number(image: Image.Image) -> int:
        difference = ImageChops.difference(image, Image.new("RGB", image.size, ground)).convert("L")
        return sum(difference.histogram()[3:])

    return number(result) / number(spot)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("spot", SPOTS)
@pytest.mark.parametrize(("size", "at"), [((240, 120), (0, 40)), ((240, 120), (200, 80)), ((120, 240), (30, 200))])
def test_a_square_crop_keeps_the_one_thing_there_is(
    strategy: str, spot: Spot, size: tuple[int, int], at: tuple[int, int]
) -> None:
    image = spot(size, at)
    crop = Crop.model_validate({"aspect_ratio": "1:1", "gravity": strategy})
    result = crop.apply(of(image))
    assert result.size == (120, 120)
    assert kept(image.crop(tuple(map(round, result.box))), image) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("spot", SPOTS)
@pytest.mark.parametrize("corner", [(0, 0), (360, 0), (0, 260), (360, 260), (250, 60)])
def test_a_box_in_pixels_finds_it_in_both_directions(strategy: str, spot: Spot, corner: tuple[int, int]) -> None:
    image = spot((400, 300), corner)
    crop = Crop.model_validate({"width": 90, "height": 80, "gravity": strategy})
    result = crop.apply(of(image))
    assert result.size == (90, 80)
    assert kept(image.crop(tuple(map(round, result.box))), image) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("spot", SPOTS)
def test_a_small_box_in_a_large_picture_still_finds_it(strategy: str, spot: Spot) -> None:
    image = spot((900, 700), (760, 90))
    result = Crop.model_validate({"width": 60, "height": 60, "gravity": strategy}).apply(of(image))
    assert kept(image.crop(tuple(map(round, result.box))), image) > 0.8


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("spot", SPOTS)
def test_resize_to_cover_keeps_it_too(strategy: str, spot: Spot) -> None:
    image = spot((480, 120), (420, 40))
    resize = Resize.model_validate({"width": 60, "height": 60, "position": strategy})
    result = resize.apply(of(image))
    assert result.size == (60, 60)
    assert kept(result.image, image.resize((240, 60))) > 0.9
    centred = Resize(width=60, height=60).apply(of(image))
    assert kept(centred.image, image) == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_looks_at_the_picture_as_displayed(tmp_path: Path, strategy: str, orientation: int) -> None:
    """The same upright picture, stored in eight ways, gives the same crop."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    shown = face((240, 120), (190, 70))
    stored = shown.transpose(undo[orientation]) if orientation > 1 else shown
    (tmp_path / "photo").write_bytes(saved(stored, "PNG", exif=exif(orientation)))
    crop = Crop.model_validate({"width": 60, "height": 50, "gravity": strategy})
    with opened(tmp_path / "photo", LIMIT) as image:
        result = settled(crop.apply(decode(image, 1.0))).image
    assert result.size == (60, 50)
    assert kept(result, shown) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_box_of_an_animation_is_that_of_its_first_frame(strategy: str) -> None:
    first, second = face((240, 120), (0, 40)), face((240, 120), (200, 40))
    animation = replace(of(first), frames=(first, second), durations=(40, 40))
    crop = Crop.model_validate({"aspect_ratio": "1:1", "gravity": strategy})
    assert crop.apply(animation).box == crop.apply(of(first)).box
    resize = Resize.model_validate({"width": 60, "height": 60, "position": strategy})
    before, after = resize.apply(animation).frames
    assert kept(before, first.resize((120, 60))) > 0.9
    assert kept(after, second) == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), SKIN, (255, 0, 0), (12, 34, 56)])
@pytest.mark.parametrize("size", [(256, 171), (7, 4), (256, 1), (1, 256), (1, 1), (2, 2)])
def test_one_colour_gives_the_middle(strategy: str, colour: tuple[int, int, int], size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, colour)
    for window in ((0.6, 1.0), (1.0, 0.3), (0.5, 0.5), (0.03, 0.9)):
        assert best(image, window, strategy) == (0.5, 0.5), window


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("colour", [(0, 0, 0, 0), (255, 0, 0, 0), (255, 0, 0, 127)])
def test_one_transparent_colour_gives_the_middle(strategy: str, colour: tuple[int, ...]) -> None:
    assert best(Image.new("RGBA", (200, 100), colour), (0.5, 1.0), strategy) == (0.5, 0.5)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_where_there_is_nothing_to_choose_the_middle_of_that_direction_is_taken(strategy: str) -> None:
    """Stripes from top to bottom: any height is as good as another."""
    image = plain("RGB", (250, 250), GREY)
    image.paste(noise((60, 1)).resize((60, 250)), (0, 0))
    x, y = best(image, (0.4, 0.4), strategy)
    assert x < 0.35
    assert y == 0.5


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_of_two_equal_spots_it_takes_one_whole_and_always_the_same(strategy: str) -> None:
    image = detail((256, 100), (10, 30))
    image.paste(image.crop((10, 30, 50, 70)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (206, 30))
    found = {best(image.copy(), (0.3, 1.0), strategy) for _ in range(3)}
    ((x, y),) = found
    assert y == 0.5
    assert x == pytest.approx(30 / 256, abs=0.1) or x == pytest.approx(226 / 256, abs=0.1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_hidden_by_alpha_does_not_count(strategy: str) -> None:
    """All the noise, skin and colour on the left is transparent; the dull disc on the right is all there is to see."""
    image = noise((250, 100)).convert("RGBA")
    image.paste(SKIN, (0, 0, 60, 60))
    alpha = Image.new("L", image.size)
    ImageDraw.Draw(alpha).ellipse((200, 30, 239, 69), fill=255)
    image.paste((30, 30, 30), (190, 20, 250, 80))
    image.putalpha(alpha)
    x, _ = best(image, (0.3, 1.0), strategy)
    assert x - 0.15 <= 200 / 250
    assert x + 0.15 >= 240 / 250


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_black_shape_on_a_transparent_ground_is_found(strategy: str) -> None:
    image = Image.new("RGBA", (250, 100))
    image.paste((0, 0, 0, 255), (10, 30, 50, 70))
    x, _ = best(image, (0.3, 1.0), strategy)
    assert x - 0.15 <= 10 / 250
    assert x + 0.15 >= 50 / 250


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_edge_of_alpha_alone_draws_nobody(strategy: str) -> None:
    """Half of one colour is transparent: anywhere in the other half is as good."""
    image = Image.new("RGBA", (200, 100), (90, 140, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    x, y = best(image, (0.2, 0.2), strategy)
    assert x >= 0.6
    assert y == 0.5


def test_attention_prefers_a_face_to_texture_and_entropy_does_not() -> None:
    """A disc in the colour of skin, and fine noise of about the grey around it, of which shrinking leaves little."""
    image = face((250, 100), (10, 30))
    weak = noise((40, 40)).convert("L").point(lambda level: 112 + level // 8).convert("RGB")
    image.paste(weak, (200, 30))
    by_attention, _ = best(image, (0.3, 1.0), "attention")
    by_entropy, _ = best(image, (0.3, 1.0), "entropy")
    assert by_attention < 0.3
    assert by_entropy > 0.7


@pytest.mark.parametrize(
    ("dull", "telling"),
    [
        pytest.param((128, 128, 128), (60, 157, 50), id="saturated, and no skin"),
        pytest.param((150, 185, 235), SKIN, id="skin, and no more colourful than the blue"),
        pytest.param((90, 0, 0), (70, 70, 70), id="light enough to see: Y is 6 of 100, and 2 of the red"),
    ],
)
def test_attention_goes_to_one_half(dull: tuple[int, ...], telling: tuple[int, ...]) -> None:
    image = plain("RGB", (240, 100), dull)
    image.paste(telling, (120, 0, 240, 100))
    assert best(image, (0.3, 1.0), "attention")[0] > 0.6
    assert best(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (0.3, 1.0), "attention")[0] < 0.4


@pytest.mark.parametrize("at", [(x, y) for x in range(3, 215, 30) for y in (0, 75, 214)])
def test_entropy_finds_a_window_that_is_two_pixels_larger_than_the_detail(at: tuple[int, int]) -> None:
    image = detail((256, 256), at)
    x, y = best(image, (42 / 256, 42 / 256), "entropy")
    left, top = round(x * 256 - 21), round(y * 256 - 21)
    assert kept(image.crop((left, top, left + 42, top + 42)), image) > 0.99


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("at", [(x, y) for x in range(9, 245, 21) for y in (19, 130)])
def test_no_detail_is_so_small_that_the_search_misses_it(strategy: str, at: tuple[int, int]) -> None:
    image = plain("RGB", (256, 256), GREY)
    image.paste(noise((10, 10)), at)
    x, y = best(image, (14 / 256, 14 / 256), strategy)
    left, top = round(x * 256 - 7), round(y * 256 - 7)
    assert kept(image.crop((left, top, left + 14, top + 14)), image) > 0.4


def test_skin_counts_on_every_ground_that_is_not_more_colourful() -> None:
    for ground in (GREY, (60, 60, 60), (200, 205, 210), (90, 110, 130), (0, 0, 0)):
        image = face((250, 100), (200, 30), ground)
        assert best(image, (0.3, 1.0), "attention")[0] > 0.7, ground


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_window_is_within_the_picture(strategy: str) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(20):
        size = chance.randint(1, 256), chance.randint(1, 256)
        window = chance.uniform(0.01, 1), chance.uniform(0.01, 1)
        mode = chance.choice(["RGB", "RGBA"])
        data = chance.randbytes(size[0] * size[1] * len(mode))
        middle = best(Image.frombytes(mode, size, data), window, strategy)
        for at, part in zip(middle, window, strict=True):
            assert part / 2 - 1e-9 <= at <= 1 - part / 2 + 1e-9


def test_grey_and_cmyk_sources_are_looked_at_as_rgb() -> None:
    grey = detail((240, 120), (200, 40)).convert("L")
    picture = Picture((grey,), (0, 0, 240, 120), (240, 120))
    left, *_ = Crop(aspect_ratio="1:1", gravity="entropy").apply(picture).box
    assert left >= 90
