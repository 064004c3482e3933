"""`trim`: edges that are alike go, and nothing else."""

import weakref
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging import picture as pictures
from app.imaging.condition import Condition, Range, Traits
from app.imaging.graph import Graph, Step
from app.imaging.operation import Operation
from app.imaging.operations.resize import Resize
from app.imaging.operations.trim import Trim
from app.imaging.picture import Picture, settled, whole
from app.imaging.production import Production

from .pictures import BLUE, RED, WHITE, corners, furthest, noise, plain

CLEAR = (0, 0, 0, 0)


def with_border(inner: Image.Image, border: tuple[int, int, int, int], colour, mode: str = "RGB") -> Image.Image:
    left, top, right, bottom = border
    image = Image.new(mode, (left + inner.width + right, top + inner.height + bottom), colour)
    image.paste(inner, (left, top))
    return image


def made(image: Image.Image, /, **parameters: object) -> Image.Image:
    result = whole(Trim(**parameters).apply(pictures.of(image)))
    assert result.size == result.image.size
    return result.image


@pytest.mark.parametrize("border", [(3, 2, 5, 4), (0, 2, 0, 0), (7, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0)])
def test_each_side_is_trimmed_by_what_it_has(border) -> None:
    """The picture has a white quarter itself, but no row and no column of nothing else."""
    assert furthest(made(with_border(corners((8, 6)), border, WHITE), background="white"), corners((8, 6))) == 0


def test_the_background_is_the_upper_left_pixel() -> None:
    inner = plain(size=(4, 3), colour=RED)
    assert made(with_border(inner, (2, 1, 3, 5), BLUE)).getcolors() == [(12, RED)]


def test_a_given_background_is_the_only_one_that_is_trimmed() -> None:
    image = with_border(plain(size=(4, 3), colour=RED), (2, 1, 3, 5), BLUE)
    assert made(image, background="#0000ff").size == (4, 3)
    assert made(image, background="white").size == image.size


@pytest.mark.parametrize("image", [plain(size=(9, 5), colour=RED), plain("RGBA", (9, 5), CLEAR), plain(size=(1, 1))])
def test_a_picture_of_one_colour_stays_as_it_is(image: Image.Image) -> None:
    assert furthest(made(image), image) == 0


def test_a_single_pixel_is_enough_to_stay() -> None:
    image = plain(size=(9, 5), colour=WHITE)
    image.putpixel((6, 3), RED)
    assert furthest(made(image), plain(size=(1, 1), colour=RED)) == 0


@pytest.mark.parametrize(
    ("difference", "threshold", "stays"),
    [(10, 10, False), (11, 10, True), (1, 0, True), (254, 254, False), (255, 254, True)],
)
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_pixel_stays_where_a_channel_differs_by_more_than_the_threshold(
    difference, threshold, stays, channel
) -> None:
    image = plain(size=(5, 5), colour=(0, 0, 0))
    image.putpixel((2, 2), tuple(difference if at == channel else 0 for at in range(3)))
    assert made(image, threshold=threshold).size == ((1, 1) if stays else (5, 5))


def test_noise_below_the_threshold_is_trimmed_with_its_edge() -> None:
    edges = noise((30, 30)).point(lambda level: 246 + level // 32)
    image = with_border(edges, (0, 0, 0, 0), WHITE)
    image.paste(RED, (10, 12, 20, 17))
    assert made(image, background="white").size == (10, 5)


def test_transparent_borders_are_trimmed_whatever_colour_is_under_them() -> None:
    image = noise((12, 10)).convert("RGBA")
    image.putalpha(0)
    image.paste((0, 0, 0, 255), (3, 4, 9, 8))
    assert made(image).getcolors() == [(24, (0, 0, 0, 255))]
    assert made(image, background="transparent").size == (6, 4)


def test_what_is_black_on_transparent_black_is_seen() -> None:
    image = plain("RGBA", (9, 9), CLEAR)
    image.putpixel((4, 4), (0, 0, 0, 255))
    assert made(image).size == (1, 1)


def test_shadows_stay_as_far_as_they_are_to_be_seen() -> None:
    image = plain("RGBA", (9, 9), CLEAR)
    image.paste((0, 0, 0, 11), (2, 2, 7, 7))
    image.paste((0, 0, 0, 10), (1, 4, 8, 5))
    assert made(image).size == (5, 5)


def test_an_opaque_background_is_no_transparent_border() -> None:
    """As in sharp: what is not to be seen is not white."""
    image = with_border(plain("RGBA", (4, 4), (255, 255, 255, 255)), (2, 2, 2, 2), CLEAR, "RGBA")
    assert made(image, background="white").size == (8, 8)
    assert made(image).size == (4, 4)


def test_a_grey_picture_is_trimmed() -> None:
    grey = with_border(plain("L", (4, 3), 9), (1, 2, 3, 4), 200, "L")
    picture = replace(pictures.of(grey), space=None)
    assert whole(Trim().apply(picture)).image.getcolors() == [(12, (9, 9, 9))]


def test_it_looks_at_the_picture_as_displayed() -> None:
    image = with_border(corners((8, 6)), (3, 0, 0, 0), WHITE)  # stored: at the left; displayed by 6: at the top
    result = whole(Trim(background="white").apply(replace(pictures.of(image), orientation=6)))
    assert result.size == (6, 8)
    assert furthest(result.image, corners((8, 6)).transpose(Image.Transpose.ROTATE_270)) == 0


def test_an_animation_keeps_all_that_any_frame_shows() -> None:
    frames = [plain(size=(20, 10), colour=WHITE) for _ in range(3)]
    frames[1].paste(RED, (4, 3, 6, 5))
    frames[2].paste(BLUE, (9, 2, 12, 4))
    picture = replace(pictures.of(frames[0]), frames=tuple(frames), durations=(1, 2, 3))
    result = whole(Trim().apply(picture))
    assert result.durations == (1, 2, 3)
    for frame, trimmed in zip(frames, result.frames, strict=True):
        assert furthest(trimmed, frame.crop((4, 2, 12, 5))) == 0


def graph_of(**operations: tuple[Operation, str] | tuple[Operation, str, Condition]) -> Graph:
    return Graph([Step(name, *rest) for name, rest in operations.items()])


def rendered(graph: Graph, image: Image.Image, *wanted: str) -> dict[str, Picture]:
    traits = Traits(size=image.size, media_type="image/png", frames=1, alpha=False)
    production = Production(graph, traits, wanted)
    production.begin(lambda: pictures.of(image))
    return {name: settled(made) for name, made in production.pictures()}


def test_what_comes_after_is_made_of_the_size_that_is_left() -> None:
    """100 × 100 of which 40 × 20 show something: half as wide is 20 × 10, not 20 × 20."""
    image = with_border(corners((40, 20)), (30, 50, 30, 30), BLUE)
    graph = graph_of(
        trimmed=(Trim(), "source"),
        small=(Resize(width=20), "trimmed"),
        tall=(Resize(height=15), "trimmed"),
        wide=(Resize(width=10), "trimmed", Condition(aspect_ratio=Range(gte=2))),
        not_square=(Resize(width=10), "trimmed", Condition(orientation="square")),
        smaller=(Resize(width=5), "small"),
        other=(Resize(width=50), "source"),
    )
    names = ("small", "tall", "wide", "not_square", "smaller", "other", "trimmed", "source")
    sizes = {name: picture.size for name, picture in rendered(graph, image, *names).items()}
    assert sizes == {
        "small": (20, 10), "tall": (30, 15), "wide": (10, 5), "not_square": (40, 20), "smaller": (5, 3),
        "other": (50, 50), "trimmed": (40, 20), "source": (100, 100),
    }  # fmt: skip


def test_a_cascade_after_a_trim_is_made_from_what_is_large_enough() -> None:
    """Planned for 100 × 100, the 12 high one would be made from the 20 wide one, of which 10 rows are left."""
    image = with_border(noise((40, 20)), (30, 50, 30, 30), BLUE)
    graph = graph_of(
        trimmed=(Trim(threshold=0), "source"), wide=(Resize(width=20), "trimmed"), high=(Resize(height=12), "trimmed")
    )
    results = rendered(graph, image, "wide", "high")
    direct = settled(Resize(height=12).apply(pictures.of(noise((40, 20)))))
    assert furthest(results["high"].image, direct.image) == 0


def test_a_trimmed_picture_is_let_go_when_nothing_needs_it_any_more() -> None:
    image = with_border(corners((40, 20)), (30, 50, 30, 30), BLUE)
    graph = graph_of(trimmed=(Trim(), "source"), small=(Resize(width=20), "trimmed"))
    traits = Traits(size=image.size, media_type="image/png", frames=1, alpha=False)
    production = Production(graph, traits, ["small"])
    made = [pictures.of(image)]
    production.begin(made.pop)
    pixels = weakref.ref(image)
    del image
    assert pixels() is not None
    for _ in production.pictures():
        assert pixels() is None


def test_the_background_is_meant_in_srgb_whatever_space_the_picture_is_in() -> None:
    """sRGB's red in Display P3 is (234, 51, 35)."""
    image = with_border(plain(size=(4, 3), colour=BLUE), (1, 2, 3, 4), (234, 51, 35))
    picture = replace(pictures.of(image), space="display-p3")
    assert Trim(background="red", threshold=3).apply(picture).size == (4, 3)
    assert Trim(background="red", threshold=3).apply(pictures.of(image)).size == image.size


def test_a_trim_is_planned_as_no_trim() -> None:
    assert Trim().sized((30, 20)) == (30, 20)
    assert Trim().share((30, 20)) == 1.0


@pytest.mark.parametrize("parameters", [{"threshold": -1}, {"threshold": 256}, {"background": "whitish"}])
def test_impossible_parameters_are_refused(parameters) -> None:
    with pytest.raises(ValidationError):
        Trim(**parameters)
