"""Which files come out, how large, and which of them are one."""

import io

import pytest
from PIL import Image

from .conftest import Darkroom, spec
from .pictures import gradient, noise, plain, saved

RECIPE = [spec(width, output_format) for width in (320, 800, 1600) for output_format in ("jpeg", "webp")] + [
    spec(800, "avif", 60)
]


def test_every_output_of_a_recipe_is_made_in_its_order(darkroom: Darkroom) -> None:
    rendering = darkroom.render(saved(gradient((2000, 1500)), "JPEG"), RECIPE)
    assert [file.name for file in rendering.files] == [output.name for output in RECIPE]
    for file, output in zip(rendering.files, RECIPE, strict=True):
        assert file.path.parent == darkroom.scratch
        assert file.path.suffix == f".{file.extension}"
        with Image.open(file.path) as image:
            assert image.size == (file.width, file.height) == (output.width, output.width * 3 // 4)
            assert Image.MIME[image.format] == file.media_type == f"image/{output.format}"


@pytest.mark.parametrize("width", [320, 800, 16384])
def test_nothing_is_ever_enlarged(darkroom: Darkroom, width: int) -> None:
    file = darkroom.render(saved(plain(size=(200, 100)), "PNG"), [spec(width)]).files[0]
    assert (file.width, file.height) == (200, 100)


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ((200, 101), 100, 51),
        ((200, 100), 100, 50),
        ((300, 100), 100, 33),
        ((3, 2), 1, 1),
        ((1000, 1), 10, 1),
        ((200, 99), 100, 50),
    ],
)
def test_heights_are_rounded_half_up(darkroom: Darkroom, size, width: int, height: int) -> None:
    file = darkroom.render(saved(plain(size=size), "PNG"), [spec(width)]).files[0]
    assert (file.width, file.height) == (width, height)


def test_outputs_that_would_be_the_same_share_one_file(darkroom: Darkroom) -> None:
    rendering = darkroom.render(saved(gradient((200, 150)), "PNG"), [*RECIPE, spec(64, "webp")])
    paths = {file.name: file.path for file in rendering.files}
    assert paths["320-webp"] == paths["800-webp"] == paths["1600-webp"]
    assert paths["320-jpeg"] == paths["800-jpeg"] == paths["1600-jpeg"]
    assert len(set(paths.values())) == len(list(darkroom.scratch.iterdir())) == 4


def test_outputs_that_differ_in_quality_or_effort_do_not_share(darkroom: Darkroom) -> None:
    outputs = [
        spec(300, "webp", name=f"v{at}", **options)
        for at, options in enumerate(
            [{"quality": 80}, {"quality": 70}, {"quality": 80, "effort": 6}, {"quality": 80, "effort": 2}]
        )
    ]
    paths = [file.path.name for file in darkroom.render(saved(gradient(), "PNG"), outputs).files]
    assert paths == ["v0.webp", "v1.webp", "v2.webp", "v0.webp"]  # effort 2 is the default


def test_the_same_file_gives_the_same_bytes(darkroom: Darkroom) -> None:
    data = saved(noise(), "PNG")
    first = [file.path.read_bytes() for file in darkroom.render(data, RECIPE).files]
    assert [file.path.read_bytes() for file in darkroom.render(data, RECIPE).files] == first


def test_a_cascade_is_as_good_as_a_resize_of_its_own(darkroom: Darkroom, near) -> None:
    source = gradient((1000, 750))
    rendering = darkroom.render(saved(source, "PNG"), [spec(width, "webp", 100) for width in (900, 500, 77)])
    with Image.open(rendering.files[-1].path) as small:
        reference = source.resize(small.size, Image.Resampling.LANCZOS)
        assert all(near(small.getpixel(at), reference.getpixel(at), 8) for at in ((3, 3), (40, 30), (70, 50)))


@pytest.mark.parametrize("output_format", ["jpeg", "webp", "avif"])
def test_quality_is_what_the_encoder_gets(darkroom: Darkroom, output_format: str) -> None:
    sizes = [
        darkroom.render(saved(noise(), "PNG"), [spec(120, output_format, quality)]).files[0].path.stat().st_size
        for quality in (20, 90)
    ]
    assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize(("output_format", "effort"), [("webp", 6), ("avif", 6)])
def test_effort_is_what_the_encoder_gets(darkroom: Darkroom, output_format: str, effort: int) -> None:
    data = saved(gradient().resize((300, 225)), "PNG")
    plain_, hard = (
        darkroom.render(data, [spec(300, output_format, 60, effort=e)]).files[0].path.read_bytes() for e in (0, effort)
    )
    assert hard != plain_


def test_jpeg_outputs_are_baseline_with_halved_colours(darkroom: Darkroom) -> None:
    data = darkroom.render(saved(gradient(), "PNG"), [spec(100, "jpeg", 80)]).files[0].path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert "progressive" not in image.info
        assert image.layer[0][1:3] == (2, 2)
