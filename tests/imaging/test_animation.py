"""Animations through the whole pipeline: every frame, its time, and how often all are played."""

import io
import itertools
from dataclasses import dataclass

import pytest
from PIL import Image

from app.errors import DamagedFile, TooManyFrames, TooManyPixels
from app.imaging import encoders
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.limits import Limits
from app.imaging.operation import Operation
from app.imaging.operations.crop import Crop
from app.imaging.operations.resize import Resize
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Rendering, render

from .conftest import Darkroom, spec
from .pictures import BLUE, GREEN, RED, WHITE, animated_gif, apng, apng_control, gif_part, plain, saved

SIZE = (48, 32)
PATCH = (16, 8)
GROUNDS = [(200, 40, 30), (30, 160, 60), (40, 60, 200), (230, 210, 90), (90, 20, 120)]
DURATIONS = [100, 40, 250, 70, 120]
INPUTS = ["GIF", "PNG", "WEBP", "AVIF"]
OUTPUTS = ["gif", "png", "webp"]
EXACT = {"gif": {}, "png": {"effort": 1}, "webp": {"quality": 95, "effort": 0}}
TRANSPARENT = (0, 0, 0, 0)


@dataclass(frozen=True)
class Film:
    """What a file plays: frames as RGBA, milliseconds, and times; 0 is for ever."""

    frames: list[Image.Image]
    durations: list[int]
    plays: int

    @property
    def total(self) -> int:
        return sum(self.durations)


def drawn(at: int) -> Image.Image:
    """A ground of its own colour and a white patch that moves 8 pixels to the right with every frame."""
    frame = plain("RGB", SIZE, GROUNDS[at])
    frame.paste(WHITE, _patch(at))
    return frame


def _patch(at: int) -> tuple[int, int, int, int]:
    left, top = 8 * at, 8
    return left, top, left + PATCH[0], top + PATCH[1]


def film(
    pillow_format: str, images: list[Image.Image], durations: list[int] | int, plays: int = 0, **more: object
) -> bytes:
    """Written by Pillow, as lossless as can be."""
    options: dict[str, object] = {"lossless": True} if pillow_format == "WEBP" else {}
    if pillow_format == "AVIF":
        options = {"quality": 100, "subsampling": "4:4:4", "speed": 9}
    elif pillow_format != "GIF":
        options["loop"] = plays
    elif plays != 1:
        options["loop"] = plays - 1 if plays else 0
    return saved(
        images[0], pillow_format, save_all=True, append_images=images[1:], duration=durations, **options, **more
    )


def played(data: bytes) -> Film:
    """Read by Pillow. What a GIF says is how often to repeat; where it says nothing, it plays once."""
    with Image.open(io.BytesIO(data)) as image:
        frames, durations = [], []
        for at in range(getattr(image, "n_frames", 1)):
            image.seek(at)
            image.load()
            frames.append(image.convert("RGBA"))
            durations.append(round(image.info.get("duration", 0)))
        loop = image.info.get("loop")
        if image.format == "GIF":
            return Film(frames, durations, 1 if loop is None else loop + 1 if loop else 0)
        return Film(frames, durations, loop or 0)


def made(
    darkroom: Darkroom, data: bytes, output: str, operation: Operation | None = None, limits: Limits | None = None,
    **settings: object,
) -> Film:  # fmt: skip
    steps = [] if operation is None else [Step("step", operation, SOURCE)]
    encoder = encoders.found()[output](**EXACT.get(output, {}) | settings)
    making = Making(Graph(steps), (Output("out", steps[0].name if steps else SOURCE, encoder),))
    darkroom.source.write_bytes(data)
    rendering = render(darkroom.source, making, darkroom.scratch, limits or Limits(10_000_000, 500))
    return played(rendering.files[0].path.read_bytes())


def same(near, film: Film, expected: list[Image.Image], tolerance: int = 14) -> bool:
    """At points that are not next to an edge, in every frame."""
    width, height = expected[0].size
    points = list(itertools.product(range(2, width, 4), range(2, height, 4)))
    return len(film.frames) == len(expected) and all(
        near(frame.getpixel(point), wanted.convert("RGBA").getpixel(point), tolerance)
        for frame, wanted in zip(film.frames, expected, strict=True)
        for point in points
    )


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", INPUTS)
def test_frames_times_and_plays_are_kept(darkroom: Darkroom, near, pillow_format: str, output: str) -> None:
    frames = [drawn(at) for at in range(5)]
    result = made(darkroom, film(pillow_format, frames, DURATIONS, 3), output)
    assert same(near, result, frames)
    assert result.durations == DURATIONS
    assert result.plays == (0 if pillow_format == "AVIF" else 3)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", INPUTS)
def test_every_frame_is_cropped_alike(darkroom: Darkroom, near, pillow_format: str, output: str) -> None:
    data = film(pillow_format, [drawn(at) for at in range(5)], DURATIONS)
    result = made(darkroom, data, output, Crop(left=8, top=4, width=24, height=20))
    assert same(near, result, [drawn(at).crop((8, 4, 32, 24)) for at in range(5)])
    assert (result.durations, result.plays) == (DURATIONS, 0)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", INPUTS)
def test_every_frame_is_resized(darkroom: Darkroom, near, pillow_format: str, output: str) -> None:
    data = film(pillow_format, [drawn(at) for at in range(5)], DURATIONS)
    result = made(darkroom, data, output, Resize(width=24))
    assert result.durations == DURATIONS
    for at, frame in enumerate(result.frames):
        left, top, right, bottom = (edge // 2 for edge in _patch(at))
        assert frame.size == (24, 16)
        assert near(frame.getpixel(((left + right) // 2, (top + bottom) // 2))[:3], WHITE, 14)
        for point in ((1, 1), (22, 14), (left + 1, bottom + 2)):
            assert near(frame.getpixel(point)[:3], GROUNDS[at], 14)


@pytest.mark.parametrize("plays", [0, 1, 2, 7])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP"])
def test_it_is_played_as_often(darkroom: Darkroom, pillow_format: str, output: str, plays: int) -> None:
    data = film(pillow_format, [drawn(0), drawn(1)], 100, plays)
    assert played(data).plays == plays
    assert made(darkroom, data, output).plays == plays


def test_a_gif_that_says_to_repeat_twice_is_played_three_times(darkroom: Darkroom) -> None:
    """As libwebp's gif2webp does (https://github.com/webmproject/libwebp/blob/main/examples/gif2webp.c)."""
    parts = [gif_part((0, 0, 4, 4), at, 10) for at in range(2)]
    assert made(darkroom, animated_gif((4, 4), [RED, BLUE], parts, repeats=2), "webp").plays == 3
    assert made(darkroom, animated_gif((4, 4), [RED, BLUE], parts, repeats=None), "webp").plays == 1
    assert made(darkroom, animated_gif((4, 4), [RED, BLUE], parts, repeats=0), "webp").plays == 0


def test_more_plays_than_a_format_can_count_are_as_many_as_it_can(darkroom: Darkroom) -> None:
    parts = [(apng_control((0, 0, 1, 1)), bytes(colour)) for colour in (RED, BLUE)]
    data = apng((1, 1), 2, parts, plays=1_000_000)
    assert [made(darkroom, data, output).plays for output in OUTPUTS] == [65_536, 1_000_000, 65_535]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP"])
def test_from_gif_and_back_nothing_is_lost(darkroom: Darkroom, pillow_format: str, output: str) -> None:
    first = film("GIF", [drawn(at) for at in range(5)], DURATIONS, 4)
    between = made(darkroom, first, pillow_format.lower(), **{"quality": 100} if pillow_format == "WEBP" else {})
    back = made(darkroom, film(pillow_format, between.frames, between.durations, between.plays), output)
    assert (back.durations, back.plays, len(back.frames)) == (DURATIONS, 4, 5)


@pytest.mark.parametrize("output", ["gif", "png"])
def test_a_gif_of_few_colours_comes_out_to_the_pixel(darkroom: Darkroom, output: str) -> None:
    data = film("GIF", [drawn(at) for at in range(5)], DURATIONS)
    assert [frame.tobytes() for frame in made(darkroom, data, output).frames] == [
        drawn(at).convert("RGBA").tobytes() for at in range(5)
    ]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP"])
def test_frames_that_are_alike_keep_their_time(darkroom: Darkroom, pillow_format: str, output: str) -> None:
    """The encoders may join them; what counts is for how long each picture is seen."""
    data = film(pillow_format, [drawn(at) for at in (0, 1, 2, 3, 4)], DURATIONS)
    result = made(darkroom, data, output, Crop(left=0, top=24, width=1, height=8))
    assert result.total == sum(DURATIONS)
    # On top of it, three frames that show the same, made by hand, so that no encoder has joined them before.
    gif = animated_gif((4, 4), [RED, BLUE], [gif_part((0, 0, 4, 4), at, 10 + at) for at in (0, 1, 1, 1, 0)])
    result = made(darkroom, gif, output)
    assert result.total == 530
    assert (result.durations[0], result.durations[-1], sum(result.durations[1:-1])) == (100, 100, 330)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_number_of_a_fast_gif_is_kept_as_it_is(darkroom: Darkroom, output: str) -> None:
    """Browsers show 0 and 10 ms as 100 ms, whatever the format."""
    parts = [gif_part((0, 0, 4, 4), at % 2, time) for at, time in enumerate((0, 1, 2, 0, 1))]
    result = made(darkroom, animated_gif((4, 4), [RED, BLUE], parts), output)
    assert result.durations == [0, 10, 20, 0, 10]


def test_a_part_of_a_gif_without_a_time_has_none(darkroom: Darkroom) -> None:
    parts = [gif_part((0, 0, 4, 4), 0, 50), gif_part((0, 0, 4, 4), 1), gif_part((0, 0, 4, 4), 0, 50)]
    assert made(darkroom, animated_gif((4, 4), [RED, BLUE], parts), "png").durations == [500, 0, 500]


def test_fractions_of_a_millisecond_do_not_add_up(darkroom: Darkroom) -> None:
    parts = [(apng_control((0, 0, 1, 1), delay=(1, 30)), bytes((at * 8, 0, 0))) for at in range(30)]
    result = made(darkroom, apng((1, 1), 2, parts), "webp")
    assert result.durations == [33, 34, 33] * 10
    assert made(darkroom, apng((1, 1), 2, parts), "gif").durations == [30, 40, 30] * 10


def test_what_is_slower_than_browsers_believe_does_not_become_faster(darkroom: Darkroom) -> None:
    """60 frames a second are 16.7 ms each: rounded to 10 ms, browsers would show them for 100."""
    parts = [(apng_control((0, 0, 1, 1), delay=(1, 60)), bytes((at * 4, 0, 0))) for at in range(60)]
    parts += [(apng_control((0, 0, 1, 1), delay=(1, 1)), b"\1\2\3")]
    durations = made(darkroom, apng((1, 1), 2, parts), "gif").durations
    assert set(durations[:-1]) == {20}
    assert durations[-1] in (990, 1000)


@pytest.mark.parametrize(
    ("output", "written"), [("gif", 655_350), ("png", 16_777_000), ("webp", 16_777_000)], ids=OUTPUTS
)
def test_a_time_that_is_too_long_for_the_format_is_as_long_as_it_can_be(darkroom: Darkroom, output, written) -> None:
    parts = [(apng_control((0, 0, 1, 1), delay=delay), bytes(RED)) for delay in ((16_777, 1), (1, 10))]
    parts[1] = (parts[1][0], bytes(BLUE))
    assert made(darkroom, apng((1, 1), 2, parts), output).durations == [written, 100]


@pytest.mark.parametrize("output", OUTPUTS)
def test_times_of_hours_and_of_odd_milliseconds_are_written(darkroom: Darkroom, output: str) -> None:
    days = [(apng_control((0, 0, 1, 1), delay=(65_535, 1)), bytes(colour)) for colour in (RED, BLUE, RED)]
    longest = {"gif": 655_350, "png": 65_535_000, "webp": 2**24 - 1}[output]
    assert made(darkroom, apng((1, 1), 2, days), output).durations == [longest] * 3
    odd = film("WEBP", [drawn(0), drawn(1)], [70_001, 700_004])
    wanted = {"gif": [70_000, 655_350], "png": [70_000, 700_000], "webp": [70_001, 700_004]}[output]
    assert made(darkroom, odd, output).durations == wanted


def moving_disc(at: int) -> Image.Image:
    """An opaque square on nothing, which leaves nothing behind where it was."""
    frame = plain("RGBA", SIZE, TRANSPARENT)
    frame.paste((*GROUNDS[at], 255), (8 * at, 8, 8 * at + 12, 24))
    return frame


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_is_transparent_stays_so_in_every_frame(darkroom: Darkroom, near, pillow_format, output) -> None:
    frames = [moving_disc(at) for at in range(5)]
    more = {"disposal": 2} if pillow_format == "GIF" else {}
    result = made(darkroom, film(pillow_format, frames, DURATIONS, **more), output)
    assert result.durations == DURATIONS
    for at, frame in enumerate(result.frames):
        assert near(frame.getpixel((8 * at + 6, 16))[:3], GROUNDS[at], 20)
        alphas = [frame.getpixel((x, 16))[3] for x in range(2, 48, 4)]
        assert alphas == [255 if 8 * at <= x < 8 * at + 12 else 0 for x in range(2, 48, 4)]


def test_a_gif_half_as_large_has_no_dark_fringe(darkroom: Darkroom) -> None:
    """Pixels at the edge are opaque or not at all, and those that are have the colour of the disc."""
    frames = [plain("RGBA", SIZE, TRANSPARENT) for _ in range(2)]
    for at, frame in enumerate(frames):
        frame.paste((255, 0, 0, 255), (7 + at, 7, 20 + at, 21))
    data = film("WEBP", frames, 100)
    for frame in made(darkroom, data, "gif", Resize(width=24)).frames:
        for colour in {pixel for _, pixel in frame.getcolors()}:
            assert colour[3] in (0, 255)
            assert colour[3] == 0 or colour[0] >= 250


def test_things_appear_on_a_transparent_gif_without_being_drawn_twice(darkroom: Darkroom) -> None:
    frames = [plain("RGBA", SIZE, TRANSPARENT) for _ in range(3)]
    for at, frame in enumerate(frames):
        for square in range(at + 1):
            frame.paste((*GROUNDS[square], 255), (square * 10, 4, square * 10 + 8, 12))
    result = made(darkroom, film("PNG", frames, 100), "gif")
    for frame, wanted in zip(result.frames, frames, strict=True):
        assert frame.getchannel("A").tobytes() == wanted.getchannel("A").tobytes()
        assert all(frame.getpixel((x, 8)) == wanted.getpixel((x, 8)) for x in range(30) if wanted.getpixel((x, 8))[3])


def test_the_ground_beside_the_frames_of_a_webp_is_transparent(darkroom: Darkroom) -> None:
    """libwebp writes opaque frames smaller than the canvas, and no word of transparency: Pillow makes it black."""
    data = film("WEBP", [moving_disc(at) for at in range(5)], 100)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "RGB"
    assert [frame.getpixel((47, 31))[3] for frame in made(darkroom, data, "png").frames] == [0] * 5
    still = made(darkroom, data, "jpeg").frames[0].getpixel((47, 31))
    assert min(still) > 250


def test_what_is_hidden_under_transparency_has_no_say(darkroom: Darkroom) -> None:
    """255 colours and transparency are all that a GIF holds: one more, and they would not be exact."""
    frame = plain("RGBA", (16, 32), TRANSPARENT)
    frame.putdata([(at % 255, at % 7, 90, 255) if at < 255 else (at % 250, 200, at % 3, 0) for at in range(512)])
    result = made(darkroom, saved(frame, "PNG"), "gif").frames[0]
    assert result.get_flattened_data()[:255] == frame.get_flattened_data()[:255]
    assert set(result.getchannel("A").get_flattened_data()) == {0, 255}


def test_what_appears_is_drawn_though_its_hidden_colour_was_the_same(darkroom: Darkroom) -> None:
    frames = [plain("RGBA", (8, 8), (*RED, alpha)) for alpha in (0, 255)]
    frames[0].putpixel((0, 0), (*BLUE, 255))
    result = made(darkroom, film("PNG", frames, 100), "gif")
    assert [frame.getpixel((5, 5))[3] for frame in result.frames] == [0, 255]


@pytest.mark.parametrize("transparent", [False, True])
def test_a_gif_may_turn_opaque_and_back(darkroom: Darkroom, transparent: bool) -> None:
    """The first frame covers everything, the second one almost nothing."""
    small = plain("RGBA", SIZE, TRANSPARENT)
    small.paste((*BLUE, 255), (0, 0, 8, 8))
    frames = [
        plain("RGBA", SIZE, (*RED, 255)),
        small,
        plain("RGBA", SIZE, TRANSPARENT if transparent else (*GREEN, 255)),
    ]
    result = made(darkroom, film("WEBP", frames, 100), "gif")
    assert result.frames[0].getpixel((30, 20)) == (*RED, 255)
    assert [frame.getpixel((30, 20))[3] for frame in result.frames] == [255, 0, 0 if transparent else 255]
    assert [frame.getpixel((4, 4))[3] for frame in result.frames] == [255, 255, 0 if transparent else 255]


def test_only_what_changes_is_drawn_again(darkroom: Darkroom) -> None:
    """A still ground of noise: the second and third frame cost next to nothing."""
    ground = Image.merge("RGB", [Image.effect_noise((96, 96), 90) for _ in range(3)])
    frames = [ground.copy() for _ in range(3)]
    for at, frame in enumerate(frames):
        frame.paste(RED, (at * 8, 0, at * 8 + 8, 8))
    sizes = {}
    for count in (1, 3):
        darkroom.source.write_bytes(film("PNG", frames[:count], 100))
        rendering = render(
            darkroom.source, Making(Graph([]), (Output("o", SOURCE, encoders.found()["gif"]()),)), darkroom.scratch,
            Limits(10**6, 9),
        )  # fmt: skip
        sizes[count] = rendering.files[0].path.stat().st_size
    assert sizes[3] < sizes[1] * 1.15


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_picture_of_one_frame_is_still(darkroom: Darkroom, output: str) -> None:
    one = animated_gif((4, 4), [RED, BLUE], [gif_part((0, 0, 4, 4), 1, 70)], repeats=5)
    for data in (one, saved(plain("RGB", (4, 4), BLUE), "PNG"), saved(plain("L", (4, 4), 200), "JPEG")):
        made(darkroom, data, output)
        content = (darkroom.scratch / f"out.{output}").read_bytes()
        assert not any(mark in content for mark in (b"NETSCAPE", b"acTL", b"fcTL", b"ANIM", b"ANMF"))
        assert len(played(content).frames) == 1
    made(darkroom, one, output)
    assert len({frame.getpixel((1, 1)) for frame in played(content).frames}) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (300, 2)])
@pytest.mark.parametrize("output", OUTPUTS)
def test_tiny_and_elongated_animations(darkroom: Darkroom, near, output: str, size: tuple[int, int]) -> None:
    frames = [plain("RGB", size, colour) for colour in (RED, WHITE, BLUE)]
    result = made(darkroom, film("PNG", frames, 100), output)
    assert [frame.size for frame in result.frames] == [size] * 3
    assert all(near(f.getpixel((0, 0))[:3], c, 14) for f, c in zip(result.frames, (RED, WHITE, BLUE), strict=True))


@pytest.mark.parametrize("output", OUTPUTS)
def test_greys_are_kept(darkroom: Darkroom, near, output: str) -> None:
    levels = (0, 90, 255)
    result = made(darkroom, film("PNG", [plain("L", (20, 10), level) for level in levels], 100), output)
    for frame, level in zip(result.frames, levels, strict=True):
        assert near(frame.getpixel((10, 5))[:3], (level,) * 3, 3)


@pytest.mark.parametrize("colors", [2, 3, 16, 256])
@pytest.mark.parametrize("dither", [False, True])
def test_a_gif_has_no_more_colours_than_asked_for(darkroom: Darkroom, colors: int, dither: bool) -> None:
    ramp = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    frames = [ramp, ramp.rotate(90)]
    for frame in made(darkroom, film("PNG", frames, 100), "gif", colors=colors, dither=dither).frames:
        assert len(frame.getcolors()) <= 2 * colors  # a second frame is put on what stays of the first one


def test_dither_mixes_colours(darkroom: Darkroom) -> None:
    """A grey between the two colours that there may be: without dither it is one of them, with it the mean is kept."""
    half = Image.new("L", (64, 64), 128)
    half.paste(0, (0, 0, 64, 8))
    half.paste(255, (0, 56, 64, 64))
    data = film("PNG", [half.convert("RGB"), half.rotate(180).convert("RGB")], 100)
    means = {}
    for dither in (False, True):
        middle = made(darkroom, data, "gif", colors=2, dither=dither).frames[0].convert("L").crop((8, 16, 56, 48))
        means[dither] = len(middle.getcolors())
    assert means == {False: 1, True: 2}


def _long(count: int) -> bytes:
    return animated_gif((8, 8), [RED, BLUE], [gif_part((0, 0, 8, 8), at % 2, 2) for at in range(count)])


@pytest.mark.parametrize(
    ("count", "number"), [(6, "6"), (999, "999"), (1000, "at least 1000"), (1500, "at least 1000")]
)
def test_too_many_frames_are_refused_with_both_numbers(darkroom: Darkroom, count: int, number: str) -> None:
    with pytest.raises(TooManyFrames) as caught:
        made(darkroom, _long(count), "webp", limits=Limits(10**6, 5))
    assert str(caught.value) == (
        f"The animation has {number} frames; the limit is 5. Send a shorter one, raise MAX_FRAMES or the recipe's"
        " max_frames, or take a recipe whose outputs are all still, such as JPEG."
    )


def test_as_many_frames_as_allowed_are_kept(darkroom: Darkroom) -> None:
    assert len(made(darkroom, _long(5), "gif", limits=Limits(10**6, 5)).frames) == 5
    assert len(made(darkroom, _long(999), "gif", limits=Limits(10**6, 999)).frames) == 999


def test_the_pixels_of_all_frames_count(darkroom: Darkroom) -> None:
    assert len(made(darkroom, _long(5), "gif", limits=Limits(5 * 64, 10)).frames) == 5
    with pytest.raises(TooManyPixels) as caught:
        made(darkroom, _long(5), "gif", limits=Limits(5 * 64 - 1, 10))
    assert str(caught.value) == (
        "The animation is 5 frames of 8 × 8 = 320 pixels; the limit is 319. Send a shorter or smaller one, raise"
        " MAX_PIXELS, or take a recipe whose outputs are all still, such as JPEG."
    )


@pytest.mark.parametrize("pillow_format", INPUTS)
def test_the_limits_are_checked_before_any_frame_is_decoded(darkroom: Darkroom, monkeypatch, pillow_format) -> None:
    data = film(pillow_format, [drawn(at) for at in range(5)], 100)
    monkeypatch.setattr("app.imaging.reader.decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(TooManyFrames):
        made(darkroom, data, "webp", limits=Limits(10**6, 4))
    with pytest.raises(TooManyPixels):
        made(darkroom, data, "webp", limits=Limits(4 * 48 * 32, 10))


@pytest.mark.parametrize("output", ["jpeg", "avif"])
def test_still_outputs_take_the_first_frame_of_any_length(darkroom: Darkroom, near, output: str) -> None:
    result = made(darkroom, _long(1500), output, limits=Limits(64, 1))
    assert near(result.frames[0].getpixel((4, 4))[:3], RED, 12)


def test_still_and_animated_outputs_of_one_recipe(darkroom: Darkroom, near) -> None:
    data = film("GIF", [drawn(at) for at in range(5)], DURATIONS)
    rendering: Rendering = darkroom.render(data, [spec(48, "webp", 95), spec(48, "jpeg", 95), spec(24, "jpeg", 95)])
    films = [played(file.path.read_bytes()) for file in rendering.files]
    assert [len(film.frames) for film in films] == [5, 1, 1]
    assert all(near(film.frames[0].getpixel((1, 1))[:3], GROUNDS[0], 10) for film in films)


@pytest.mark.parametrize("pillow_format", ["TIFF", "MPO"])
def test_pages_are_no_animation(darkroom: Darkroom, pillow_format: str) -> None:
    data = saved(drawn(0), pillow_format, save_all=True, append_images=[drawn(1), drawn(2)])
    assert len(made(darkroom, data, "webp", limits=Limits(48 * 32, 1)).frames) == 1


def test_an_animation_whose_later_frames_are_broken_is_refused(darkroom: Darkroom, near) -> None:
    data = film("GIF", [drawn(at) for at in range(5)], DURATIONS)
    third = [at for at in range(len(data)) if data.startswith(b"!\xf9", at)][2]
    cut = data[: third + 40]
    with pytest.raises(DamagedFile, match="The GIF file is damaged or cut off"):
        made(darkroom, cut, "webp")
    assert near(made(darkroom, cut, "jpeg").frames[0].getpixel((1, 1))[:3], GROUNDS[0], 12)


def test_a_still_output_decodes_one_frame(darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands behind it: the second part is garbage."""
    parts = [gif_part((0, 0, 8, 8), 0, 10), gif_part((0, 0, 8, 8), 1, 10)[:-40] + b"\0"]
    data = animated_gif((8, 8), [RED, BLUE], parts)
    made(darkroom, data, "jpeg")
    with pytest.raises(DamagedFile):
        made(darkroom, data, "webp")


def test_zeros_between_the_blocks_of_a_gif_are_skipped(darkroom: Darkroom) -> None:
    parts = [gif_part((0, 0, 8, 8), 0, 10), b"\0\0", gif_part((0, 0, 8, 8), 1, 10)]
    assert len(made(darkroom, animated_gif((8, 8), [RED, BLUE], parts), "webp").frames) == 2


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_animation_carries_no_metadata(darkroom: Darkroom, output: str) -> None:
    images = [drawn(at) for at in range(2)]
    exif = Image.Exif()
    exif[0x013B] = "A. Photographer"
    data = saved(images[0], "WEBP", save_all=True, append_images=images[1:], exif=exif, xmp=b"<x:xmpmeta/>")
    made(darkroom, data, output)
    content = (darkroom.scratch / f"out.{output}").read_bytes()
    assert not any(mark in content for mark in (b"Photographer", b"xmpmeta", b"EXIF", b"eXIf"))
