"""`crop`: the box to the pixel, however the picture is stored and at whatever size it was decoded."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import UnsuitableImage
from app.imaging import encoders
from app.imaging import picture as pictures
from app.imaging.condition import Traits
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.limits import Limits
from app.imaging.operations.crop import Crop
from app.imaging.operations.flip import Flip
from app.imaging.operations.flop import Flop
from app.imaging.operations.resize import Resize
from app.imaging.outputs import Making, Output
from app.imaging.picture import Picture, whole
from app.imaging.pipeline import render
from app.imaging.pixels import decode

from .conftest import Darkroom
from .pictures import (
    BLUE,
    CORNERS_SHOWN,
    RED,
    blobs,
    corners,
    exif,
    furthest,
    lossless,
    mean_difference,
    noise,
    saved,
    turned,
)

ORIENTATIONS = sorted(CORNERS_SHOWN)


def stored(image: Image.Image, orientation: int = 1) -> Picture:
    return replace(pictures.of(image), orientation=orientation)


def decoded_at(image: Image.Image, factor: int, orientation: int = 1) -> Picture:
    """As a JPEG that was decoded at a fraction; its sides need not be multiples."""
    small = image.reduce(factor)
    box = (0, 0, image.width / factor, image.height / factor)
    return replace(stored(small, orientation), stored=image.size, box=box)


def result(picture: Picture) -> Image.Image:
    settled = whole(picture)
    assert settled.size == settled.image.size
    return settled.image


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_each_quadrant_is_that_of_the_displayed_picture(orientation: int) -> None:
    picture = stored(corners((60, 40)), orientation)
    width, height = (30, 20) if orientation < 5 else (20, 30)
    boxes = [(x, y) for y in (0, height) for x in (0, width)]
    for (left, top), colour in zip(boxes, CORNERS_SHOWN[orientation], strict=True):
        part = result(Crop(left=left, top=top, width=width, height=height).apply(picture))
        assert part.size == (width, height)
        assert part.getcolors() == [(width * height, colour)]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_any_box_is_exact_in_every_orientation(orientation: int) -> None:
    image = noise((23, 17))
    expected = turned(image, orientation).crop((3, 5, 3 + 9, 5 + 7))
    part = result(Crop(left=3, top=5, width=9, height=7).apply(stored(image, orientation)))
    assert furthest(part, expected) == 0


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_crops_and_mirrors_in_a_row_are_exact(orientation: int) -> None:
    image = noise((23, 19))
    expected = turned(image, orientation).crop((2, 1, 16, 15)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    expected = expected.crop((4, 3, 11, 12)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).crop((1, 0, 6, 4))
    steps = [
        Crop(left=2, top=1, width=14, height=14), Flop(), Crop(left=4, top=3, width=7, height=9), Flip(),
        Crop(left=1, top=0, width=5, height=4),
    ]  # fmt: skip
    picture = stored(image, orientation)
    for step in steps:
        picture = step.apply(picture)
    assert furthest(result(picture), expected) == 0


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_crop_of_a_reduced_picture_is_at_its_place(orientation: int, near) -> None:
    """Quadrants of 61 × 41 pixels, seen through frames of a quarter: no quadrant lies on their grid."""
    picture = decoded_at(corners((122, 82)), 4, orientation)
    width, height = (61, 41) if orientation < 5 else (41, 61)
    boxes = [(x, y) for y in (0, height) for x in (0, width)]
    for (left, top), colour in zip(boxes, CORNERS_SHOWN[orientation], strict=True):
        part = Crop(left=left + 4, top=top + 4, width=width - 8, height=height - 8).apply(picture)
        assert part.size == (width - 8, height - 8)
        small = result(Resize(width=11).apply(part))
        assert small.size == (11, Resize(width=11).sized(part.size)[1])
        assert all(near(small.getpixel((x, y)), colour, 3) for x in (3, 5, 7) for y in (3, 4))


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("size", [(1600, 1200), (1597, 1203)])
def test_a_large_jpeg_decoded_at_a_fraction_is_cropped_as_the_whole_one(size, orientation: int) -> None:
    """Blobs of 5 pixels in the result: one pixel of the file beside the place would be 2.3 levels in the mean."""
    data = saved(blobs(size), "JPEG", **lossless("JPEG"))
    crop, resize = Crop(left=301, top=203, width=800, height=700), Resize(width=100)

    def made(share: float) -> Picture:
        with Image.open(io.BytesIO(data)) as image:
            picture = replace(decode(image, share), orientation=orientation)
        return resize.apply(crop.apply(picture))

    share = resize.share(crop.sized(size))
    assert share == 100 / 800
    full, fraction = result(made(1.0)), result(made(share))
    assert full.size == (100, 88)
    assert furthest(full, fraction) <= 10
    assert mean_difference(full, fraction) < 1.2


@pytest.mark.parametrize("orientation", [1, 6])
def test_nothing_of_a_border_that_was_cut_off_comes_back_by_decoding_at_a_fraction(
    darkroom: Darkroom, orientation: int
) -> None:
    image = Image.new("RGB", (1600, 1200))
    image.paste((255, 255, 255), (101, 101, 1499, 1099))
    darkroom.source.write_bytes(saved(image, "JPEG", exif=exif(orientation), **lossless("JPEG")))
    box = {"width": 1398, "height": 998} if orientation == 1 else {"width": 998, "height": 1398}
    graph = Graph([Step("part", Crop(left=101, top=101, **box), SOURCE), Step("small", Resize(width=100), "part")])
    encoder = encoders.found()["png"]()
    rendering = render(
        darkroom.source, Making(graph, (Output("a", "small", encoder),)), darkroom.scratch, Limits(10**8, 1)
    )
    with Image.open(rendering.files[0].path) as small:
        assert min(low for low, _ in small.getextrema()) >= 253


def test_the_largest_part_of_a_shape_is_decoded_at_a_fraction() -> None:
    graph = Graph([Step("part", Crop(aspect_ratio="1:1"), SOURCE), Step("small", Resize(width=100), "part")])
    assert graph.share(Traits((1600, 1200), "image/jpeg", 1, alpha=False), {"small"}) == 100 / 1200


@pytest.mark.parametrize("orientation", [1, 5])
@pytest.mark.parametrize("kernel", ["linear", "cubic", "lanczos3"])
def test_nothing_of_what_was_cut_off_comes_back_in_a_resize(kernel: str, orientation: int) -> None:
    """Filters look beyond the box that they are given: of a blue border there would be a seam."""
    image = Image.new("RGB", (90, 90), BLUE)
    image.paste(RED, (20, 20, 70, 70))
    crop, resize = Crop(left=20, top=20, width=50, height=50), Resize(width=17, kernel=kernel)
    part = result(resize.apply(crop.apply(stored(image, orientation))))
    assert part.getcolors() == [(17 * 17, RED)]


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [
        ((400, 300), "1:1", (300, 300)),
        ((300, 400), "1:1", (300, 300)),
        ((400, 300), "4:3", (400, 300)),
        ((1000, 1000), "16:9", (1000, 562)),  # 562.5, to even
        ((1000, 1000), "9:16", (562, 1000)),
        ((1200, 800), "1.91:1", (1200, 628)),
        ((5, 1), "1:100", (1, 1)),
        ((1, 1), "100/1", (1, 1)),
        ((10_000, 1), "16:9", (2, 1)),
    ],
)
def test_an_aspect_ratio_takes_the_largest_box(size, ratio: str, expected) -> None:
    crop = Crop(aspect_ratio=ratio)
    assert crop.sized(size) == expected
    assert result(crop.apply(pictures.of(Image.new("RGB", size)))).size == expected


@pytest.mark.parametrize(
    ("gravity", "left_top"),
    [
        ("northwest", (0, 0)), ("north", (3, 0)), ("northeast", (6, 0)),
        ("west", (0, 2)), ("center", (3, 2)), ("east", (6, 2)),
        ("southwest", (0, 4)), ("south", (3, 4)), ("southeast", (6, 4)),
    ],
)  # fmt: skip
def test_gravity_places_the_box(gravity: str, left_top) -> None:
    image = noise((10, 8))
    left, top = left_top
    part = result(Crop(width=4, height=4, gravity=gravity).apply(pictures.of(image)))
    assert furthest(part, image.crop((left, top, left + 4, top + 4))) == 0


@pytest.mark.parametrize(
    ("point", "left_top"), [([0, 0], (0, 0)), ([1, 1], (6, 4)), ([0.5, 0.5], (3, 2)), ([0.6, 0.25], (4, 0))]
)
def test_a_focal_point_comes_as_near_to_the_middle_as_it_can(point, left_top) -> None:
    image = noise((10, 8))
    left, top = left_top
    part = result(Crop(width=4, height=4, focal_point=point).apply(pictures.of(image)))
    assert furthest(part, image.crop((left, top, left + 4, top + 4))) == 0


def test_a_box_that_stands_out_is_cut_at_the_edge() -> None:
    image = noise((10, 8))
    crop = Crop(left=7, top=6, width=100, height=100)
    assert crop.sized((10, 8)) == (3, 2)
    assert furthest(result(crop.apply(pictures.of(image))), image.crop((7, 6, 10, 8))) == 0


def test_a_box_that_begins_outside_is_refused_with_both_sizes() -> None:
    with pytest.raises(UnsuitableImage, match=r"begins at 10, 0, but the image is only 10 × 8"):
        Crop(left=10, top=0, width=1, height=1).sized((10, 8))


def test_an_animation_keeps_one_box() -> None:
    frames = (corners((8, 8)), noise((8, 8)))
    picture = replace(pictures.of(frames[0]), frames=frames, durations=(10, 20))
    parts = whole(Crop(left=1, top=2, width=5, height=4).apply(picture))
    assert parts.durations == (10, 20)
    for frame, part in zip(frames, parts.frames, strict=True):
        assert furthest(part, frame.crop((1, 2, 6, 6))) == 0


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "either width and height, or aspect_ratio"),
        ({"width": 5}, "width and height go together"),
        ({"width": 5, "height": 5, "left": 1}, "left and top go together"),
        ({"width": 5, "height": 5, "aspect_ratio": "1:1"}, "either width and height, or aspect_ratio"),
        ({"aspect_ratio": "1:1", "left": 1, "top": 1}, "left and top need width and height"),
        ({"aspect_ratio": "1:1", "gravity": "north", "focal_point": [0, 0]}, "exclude each other"),
        ({"aspect_ratio": "1:101"}, "from 1:100 to 100:1"),
        ({"aspect_ratio": "1:0"}, "no aspect ratio"),
        ({"aspect_ratio": "square"}, "no aspect ratio"),
    ],
)  # fmt: skip
def test_what_makes_no_box_is_refused(parameters, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Crop(**parameters)
