"""A quality that is found: against every quality there is, encoded and looked at one by one."""

import io
import random

import pytest
from PIL import Image

from app.errors import UnsuitableImage
from app.imaging import encoders
from app.imaging.encoder import Encoded
from app.imaging.picture import Picture, of
from app.imaging.rate import Tries, best_fitting, lowest_alike, step
from app.imaging.similarity import Reference

from .conftest import Darkroom, Spec
from .pictures import noise, plain, saved
from .scenes import scene

FORMATS = ("jpeg", "webp", "avif")
HIGHEST = 95
FAST = {"avif": {"effort": 0}}


def encode(output_format: str, picture: Picture, **settings: object) -> Encoded:
    return encoders.found()[output_format](**(FAST.get(output_format, {}) | settings)).encode(picture)


def size(output_format: str, picture: Picture, quality: int) -> int:
    return len(encode(output_format, picture, quality=quality).data)


def ssim(output_format: str, image: Image.Image, quality: int) -> float:
    data = encode(output_format, of(image), quality=quality).data
    with Image.open(io.BytesIO(data)) as output:
        return Reference(image).ssim(output.convert(image.mode))


def animation(frames: list[Image.Image]) -> Picture:
    return Picture(tuple(frames), (0, 0, *frames[0].size), frames[0].size, space="srgb", durations=(100,) * len(frames))


# The search


@pytest.mark.parametrize("low", [0, 1, 10])
@pytest.mark.parametrize("span", [0, 1, 2, 7, 90])
def test_a_single_step_is_found_wherever_it_is(low: int, span: int) -> None:
    high = low + span
    for at in range(low, high + 2):
        tries = Tries(at.__le__)
        assert step(tries, low, high) == at
        assert tries.count <= span.bit_length() + 1


def test_with_dents_it_ends_between_one_that_is_and_one_that_is_not() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(300):
        sizes = [1000 + 100 * quality + chance.randrange(800) for quality in range(101)]
        low, high = sorted((chance.randint(1, 100), chance.randint(1, 100)))
        limit = chance.randrange(500, 13000)
        found = best_fitting(sizes.__getitem__, limit, low, high)
        if found is None:
            assert sizes[low] > limit
        else:
            assert sizes[found] <= limit
            assert found == high or sizes[found + 1] > limit


def test_alike_ends_above_one_that_is_not_alike() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(300):
        alike = [min(1, 0.8 + quality / 500 + chance.random() / 20) for quality in range(101)]
        low, high = sorted((chance.randint(1, 100), chance.randint(1, 100)))
        found = lowest_alike(alike.__getitem__, 0.95, low, high)
        assert found == low or alike[found - 1] < 0.95
        assert found == high or alike[found] >= 0.95


def test_a_quality_is_encoded_once() -> None:
    made: list[int] = []
    tries = Tries(lambda quality: made.append(quality) or quality * 2)
    assert [tries(3), tries(4), tries(3)] == [6, 8, 6]
    assert (made, tries.count) == ([3, 4], 2)


# max_bytes


@pytest.mark.parametrize("output_format", FORMATS)
def test_max_bytes_takes_the_best_quality_that_fits(output_format: str) -> None:
    """A size that grows with every step has one answer; where there is a dent, the next one does not fit."""
    picture = of(scene())
    sizes = {quality: size(output_format, picture, quality) for quality in range(10, 81)}
    for limit in (sizes[10], sizes[33], sizes[50] + 1, sizes[79], sizes[80] - 1, sizes[80], 10**6):
        encoded = encode(output_format, picture, quality=80, max_bytes=limit)
        assert len(encoded.data) == sizes[encoded.quality] <= limit
        assert encoded.quality == 80 or sizes[encoded.quality + 1] > limit
        fitting = [quality for quality, bytes_ in sizes.items() if bytes_ <= limit]
        if fitting == list(range(10, 10 + len(fitting))):
            assert encoded.quality == fitting[-1]


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_fits_at_once_is_encoded_once(output_format: str) -> None:
    assert encode(output_format, of(scene()), quality=70, max_bytes=10**6).tries == 1
    assert encode(output_format, of(scene())).tries == 1


def test_tries_are_few_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    saves: list[object] = []
    kind = encoders.found()["webp"]
    save = kind.save
    monkeypatch.setattr(kind, "save", lambda self, *given: saves.append(given) or save(self, *given))
    picture = of(scene())
    for settings in ({"max_bytes": 900}, {"quality": "auto"}, {"quality": "auto", "max_bytes": 900}):
        saves.clear()
        encoded = encode("webp", picture, **settings)
        assert 1 < encoded.tries == len(saves) <= 8 * ("max_bytes" in settings) + 6 * ("quality" in settings)


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_never_fits_is_refused_with_both_numbers(output_format: str) -> None:
    picture = of(noise())
    smallest = size(output_format, picture, 10)
    with pytest.raises(UnsuitableImage) as caught:
        encode(output_format, picture, max_bytes=smallest - 1)
    message = str(caught.value)
    assert f"120 × 90 pixels the image has {smallest:,} bytes at quality 10" in message
    assert f"max_bytes is {smallest - 1:,}. Make a smaller size of it, or raise max_bytes." in message


def test_min_quality_is_the_lowest_for_max_bytes() -> None:
    limit = size("jpeg", of(noise()), 30)
    assert encode("jpeg", of(noise()), max_bytes=limit, min_quality=30).quality == 30
    with pytest.raises(UnsuitableImage, match="at quality 31"):
        encode("jpeg", of(noise()), max_bytes=limit, min_quality=31)


def test_a_quality_below_what_is_tried_is_tried() -> None:
    assert encode("jpeg", of(scene()), quality=5, max_bytes=10**6).quality == 5
    with pytest.raises(UnsuitableImage, match="at quality 5,"):
        encode("jpeg", of(scene()), quality=5, max_bytes=100)


# auto


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("target", [0.9, 0.95, 0.98])
def test_auto_takes_the_lowest_quality_that_is_alike(output_format: str, target: float) -> None:
    image = scene()
    alike = {quality: ssim(output_format, image, quality) for quality in range(40, HIGHEST + 1)}
    found = encode(output_format, of(image), quality="auto", ssim=target)
    enough = [quality for quality, similarity in alike.items() if similarity >= target]
    if enough == list(range(enough[0], HIGHEST + 1)):
        assert found.quality == enough[0]
    assert found.quality == 40 or alike[found.quality - 1] < target
    assert alike[found.quality] >= target


def test_the_file_is_that_of_the_quality() -> None:
    found = encode("webp", of(scene()), quality="auto")
    assert found.data == encode("webp", of(scene()), quality=found.quality).data


def test_auto_stays_between_its_ends() -> None:
    grey = of(plain(size=(64, 64), colour=(128,) * 3))
    assert encode("jpeg", grey, quality="auto").quality == 40
    assert encode("jpeg", grey, quality="auto", min_quality=20).quality == 20
    assert encode("jpeg", of(noise()), quality="auto", ssim=0.9999).quality == HIGHEST


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_auto_of_tiny_and_elongated_pictures(output_format: str, shape: tuple[int, int]) -> None:
    picture = of(scene((72, 60)).resize(shape))
    assert 40 <= encode(output_format, picture, quality="auto").quality <= HIGHEST


def test_jpeg_is_compared_with_what_it_can_show() -> None:
    """On white, as it is written; compared with its transparency, no quality would do."""
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    assert encode("jpeg", of(image), quality="auto").quality == encode("jpeg", of(ground), quality="auto").quality


@pytest.mark.parametrize("output_format", ["webp", "avif"])
def test_what_is_transparent_has_no_say(output_format: str) -> None:
    """Noise that nobody sees; alike to the last pixel it could not be made."""
    image = noise((96, 96)).convert("RGBA")
    image.putalpha(0)
    image.paste((90, 120, 200, 255), (16, 16, 80, 80))
    assert encode(output_format, of(image), quality="auto").quality < 70


# Both


@pytest.mark.parametrize("output_format", FORMATS)
def test_with_both_the_file_is_alike_where_that_fits(output_format: str) -> None:
    alike = encode(output_format, of(scene()), quality="auto")
    assert encode(output_format, of(scene()), quality="auto", max_bytes=len(alike.data)) == alike


@pytest.mark.parametrize("output_format", FORMATS)
def test_with_both_the_bytes_come_first(output_format: str) -> None:
    """The best quality that fits, below 40 too, is what max_bytes alone would have found."""
    picture = of(scene())
    limit = size(output_format, picture, 30)
    found = encode(output_format, picture, quality="auto", max_bytes=limit)
    assert len(found.data) <= limit
    assert size(output_format, picture, found.quality + 1) > limit
    assert found.quality < encode(output_format, picture, quality="auto").quality


def test_with_both_what_never_fits_is_refused() -> None:
    with pytest.raises(UnsuitableImage, match=r"at quality 10, .*max_bytes is 50"):
        encode("webp", of(noise()), quality="auto", max_bytes=50)


# Animations


def test_max_bytes_counts_all_of_an_animation() -> None:
    picture = animation([scene(), scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT), noise((72, 60))])
    limit = size("webp", picture, 40)
    found = encode("webp", picture, max_bytes=limit)
    assert len(found.data) <= limit
    assert size("webp", picture, found.quality + 1) > limit
    with Image.open(io.BytesIO(found.data)) as output:
        assert output.n_frames == 3


@pytest.mark.parametrize("place", [0, 2, 4])
def test_auto_heeds_the_hardest_of_first_middle_and_last_frame(place: int) -> None:
    """An animation that begins with a plain colour is not encoded as if it were one."""
    frames = [plain(size=(72, 60), colour=(30, 60, 90)) for _ in range(5)]
    frames[place] = scene()
    found = encode("webp", animation(frames), quality="auto")
    assert found.quality == encode("webp", of(scene()), quality="auto").quality
    with Image.open(io.BytesIO(found.data)) as output:
        assert output.n_frames > 1


def test_auto_counts_what_it_judged_and_the_file() -> None:
    still = encode("webp", of(scene()), quality="auto")
    moving = encode("webp", animation([scene()] * 2 + [plain(size=(72, 60))]), quality="auto")
    assert moving.tries == still.tries + 1


def test_a_still_format_judges_the_frame_that_it_shows() -> None:
    frames = [plain(size=(72, 60)), scene(), scene()]
    assert encode("jpeg", animation(frames), quality="auto") == encode("jpeg", of(frames[0]), quality="auto")


def test_both_hold_for_an_animation() -> None:
    picture = animation([scene(), noise((72, 60))])
    limit = size("webp", picture, 20)
    found = encode("webp", picture, quality="auto", max_bytes=limit)
    assert len(found.data) <= limit


# All the way


@pytest.mark.parametrize("output_format", FORMATS)
def test_the_result_tells_quality_and_tries(darkroom: Darkroom, output_format: str) -> None:
    settings = FAST.get(output_format, {}) | {"quality": "auto", "max_bytes": 100_000}
    (file,) = darkroom.render(saved(scene(), "PNG"), [Spec("a", 60, output_format, settings)]).files
    assert 40 <= file.quality <= HIGHEST
    assert file.tries > 1


@pytest.mark.parametrize("output_format", FORMATS)
def test_an_orientation_that_is_kept_is_no_obstacle(output_format: str) -> None:
    picture = of(scene())
    turned = Picture(picture.frames, picture.box, picture.stored, 6, space="srgb", keep=frozenset({"orientation"}))
    assert encode(output_format, turned, quality="auto").quality == (
        encode(output_format, picture, quality="auto").quality
    )
