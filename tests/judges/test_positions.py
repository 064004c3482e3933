"""Where things come to lie: cut, filled up, turned and resampled, to the pixel and between pixels."""

import numpy as np
import pytest

from app.imaging.operations.crop import Crop
from app.imaging.operations.flip import Flip
from app.imaging.operations.flop import Flop
from app.imaging.operations.resize import Resize
from app.imaging.operations.rotate import Rotate
from app.imaging.placement import by_gravity

from .judge import UNBOUNDED, Array, Asked, Judge, Size
from .measures import distance
from .ours import made
from .pictures import disc, jpeg, numbered, png

COMPASS = {
    "center": "centre", "north": "north", "northeast": "north-east", "east": "east", "southeast": "south-east",
    "south": "south", "southwest": "south-west", "west": "west", "northwest": "north-west",
}  # fmt: skip
OPPOSITE = {
    "center": "center", "north": "south", "northeast": "southwest", "east": "west", "southeast": "northwest",
    "south": "north", "southwest": "northeast", "west": "east", "northwest": "southeast",
}  # fmt: skip


def cut_by(source: Asked, gravity: str, size: Size) -> Asked:
    """libvips leaves an odd rest on the right and the bottom, sharp on the left and the top; we do as sharp does.

    (libvips's gravity halves downwards, sharp's CalculateCrop in src/common.cc upwards.) Upside down they agree.
    """
    return source.rot180().gravity(COMPASS[OPPOSITE[gravity]], *size).rot180()


@pytest.mark.parametrize("gravity", COMPASS)
@pytest.mark.parametrize("size", [(50, 30), (51, 31), (101, 53), (1, 1), (101, 2), (2, 53)])
def test_a_crop_is_where_its_gravity_says(judge: Judge, gravity: str, size: Size) -> None:
    pixels = numbered((101, 53))
    ours = made(png(pixels), Crop(width=size[0], height=size[1], gravity=gravity))
    assert np.array_equal(ours, judge.pixels(cut_by(judge.array(pixels), gravity, size)))


@pytest.mark.parametrize("gravity", COMPASS)
@pytest.mark.parametrize(("size", "box"), [((101, 50), (50, 50)), ((50, 101), (50, 40)), ((100, 53), (53, 53))])
def test_cover_keeps_what_its_position_says(judge: Judge, gravity: str, size: Size, box: Size) -> None:
    pixels = numbered(size)
    scale = max(box[0] / size[0], box[1] / size[1])
    assert scale == 1
    ours = made(png(pixels), Resize(width=box[0], height=box[1], position=gravity))
    assert np.array_equal(ours, judge.pixels(cut_by(judge.array(pixels), gravity, box)))


@pytest.mark.parametrize("gravity", COMPASS)
@pytest.mark.parametrize(("size", "box"), [((50, 50), (101, 50)), ((40, 30), (40, 61)), ((53, 20), (53, 53))])
def test_contain_puts_the_picture_where_its_position_says(judge: Judge, gravity: str, size: Size, box: Size) -> None:
    pixels = numbered(size)
    resize = Resize(width=box[0], height=box[1], fit="contain", position=gravity, background="#0a141e")
    theirs = judge.array(pixels).gravity(COMPASS[gravity], *box, extend="background", background=[10, 20, 30])
    assert np.array_equal(made(png(pixels), resize), judge.pixels(theirs))


@pytest.mark.parametrize("gravity", COMPASS)
@pytest.mark.parametrize(("size", "box"), [((200, 101), (37, 50)), ((101, 200), (50, 37)), ((60, 40), (90, 131))])
def test_a_scaled_cover_shows_the_same_part(judge: Judge, gravity: str, size: Size, box: Size) -> None:
    """A shift by one pixel of this ramp would be at least 0.3 levels in the mean."""
    pixels = numbered(size)
    scale = max(box[0] / size[0], box[1] / size[1])
    ours = made(png(pixels), Resize(width=box[0], height=box[1], position=gravity))
    assert distance(ours, judge.pixels(cut_by(judge.array(pixels).resize(scale), gravity, box))) < 0.15


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("width", [None, 61, 30])
def test_every_orientation_comes_out_upright(judge: Judge, orientation: int, width: int | None) -> None:
    source = jpeg(numbered((121, 83)), orientation)
    theirs = judge.file(source).autorot()
    ours = made(source, *([] if width is None else [Resize(width=width)]))
    theirs = theirs if width is None else theirs.thumbnail_image(width, height=UNBOUNDED)
    assert distance(ours, judge.pixels(theirs)) < 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_cut_as_it_is_seen(judge: Judge, orientation: int) -> None:
    source = jpeg(numbered((121, 83)), orientation)
    upright = judge.file(source).autorot()
    box = Crop(left=7, top=3, width=40, height=51)
    assert distance(made(source, box), judge.pixels(upright.crop(7, 3, 40, 51))) < 0.5
    corner = Crop(width=50, height=31, gravity="southeast")
    assert distance(made(source, corner), judge.pixels(upright.gravity("south-east", 50, 31))) < 0.5
    flopped = made(source, Flop(), box)
    assert distance(flopped, judge.pixels(upright.fliphor().crop(7, 3, 40, 51))) < 0.5
    flipped = made(source, box, Flip())
    assert distance(flipped, judge.pixels(upright.crop(7, 3, 40, 51).flipver())) < 0.5


def middle(pixels: Array) -> Array:
    """The centre of mass, as shares of the sides."""
    mass = np.maximum(pixels[:, :, 1].astype(np.float64) - 8, 0)  # without what a JPEG leaves on black
    y, x = np.indices(mass.shape)
    return np.array([((x + 0.5) * mass).sum() / mass.shape[1], ((y + 0.5) * mass).sum() / mass.shape[0]]) / mass.sum()


@pytest.mark.parametrize("suffix", ["png", "jpeg"])
@pytest.mark.parametrize("size", [(1000, 700), (1001, 667), (1023, 765)])
@pytest.mark.parametrize("width", [700, 500, 333, 250, 125, 100, 37])
def test_nothing_is_shifted_by_a_fraction_of_a_pixel(judge: Judge, suffix: str, size: Size, width: int) -> None:
    """Not by a JPEG's last rows either, which stand for less than a pixel where it is decoded at a fraction."""
    pixels = disc(size, (0.7 * size[0], 0.3 * size[1]), 0.2 * size[1])
    ours = made({"png": png, "jpeg": jpeg}[suffix](pixels), Resize(width=width))
    theirs = judge.pixels(judge.array(pixels).resize(width / size[0], vscale=ours.shape[0] / size[1]))
    shift = np.abs(middle(ours) - middle(theirs)) * (ours.shape[1], ours.shape[0])
    assert shift.max() < 0.05
    assert np.abs(middle(ours) - middle(pixels)).max() * width < 0.05


def test_the_rests_are_halved_as_in_sharp() -> None:
    """Measured with sharp 0.35.5: `cover` of 101 × 50 to 50 × 50 begins at 26, `contain` of 50 in 101 at 25."""
    assert by_gravity((101, 50), (50, 50), "center") == (26, 0)
    pixels = made(png(numbered((50, 50)) + 1), Resize(width=101, height=50, fit="contain", background="black"))
    assert np.flatnonzero(pixels[0, :, 0])[0] == 25


@pytest.mark.parametrize("size", [(101, 53), (1000, 1), (37, 37), (640, 479)])
def test_a_turned_picture_grows_to_the_pixel(judge: Judge, size: Size) -> None:
    angles = [-720.5, -90, -45, -1, 0, 0.1, 1, 7.5, 30, 45, 60, 89.9, 90, 120, 135, 180, 200.25, 270, 315, 359, 450]
    wrong = {}
    for angle in angles:
        ours, theirs = Rotate(angle=angle).sized(size), judge.size(judge.black(size).rotate(angle))
        if ours != theirs:
            wrong[angle] = ours, theirs
    assert not wrong


@pytest.mark.parametrize(("angle", "turn"), [(90, "rot90"), (180, "rot180"), (270, "rot270"), (-90, "rot270")])
def test_quarter_turns_move_pixels_and_change_none(judge: Judge, angle: float, turn: str) -> None:
    pixels = numbered((101, 53))
    assert np.array_equal(made(png(pixels), Rotate(angle=angle)), judge.pixels(getattr(judge.array(pixels), turn)()))


@pytest.mark.parametrize("angle", [1, 30, 45, 100, 225.5])
def test_a_slanted_picture_turns_about_its_middle(judge: Judge, angle: float) -> None:
    """By the definition. libvips turns about a corner and rounds the edges of the box: it is up to 1.3 pixels off."""
    size = np.array([201, 123])
    pixels = disc((201, 123), (141, 37), 24)
    ours = made(png(pixels), Rotate(angle=angle, background="#000000"))
    turn = np.radians(angle)
    outer = np.array([ours.shape[1], ours.shape[0]])
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    expected = outer / 2 + matrix @ ((middle(pixels) - 0.5) * size)
    assert np.abs(middle(ours) * outer - expected).max() < 0.05
    theirs = judge.pixels(judge.array(pixels).rotate(angle, background=[0, 0, 0]))
    assert ours.shape == theirs.shape
    assert np.abs(middle(theirs) * outer - expected).max() < 1.5
