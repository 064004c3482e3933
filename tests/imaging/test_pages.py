"""TIFFs with several pages: the first one, or every one up to a limit."""

import struct

import pytest
from PIL import Image, TiffImagePlugin

from app.errors import DamagedFile, FileError, TooManyPixels, UnsupportedFile
from app.imaging import identity
from app.imaging.condition import Condition, Traits
from app.imaging.encoders.gif import Gif
from app.imaging.encoders.png import Png
from app.imaging.encoders.same import Same
from app.imaging.graph import Graph, Step
from app.imaging.naming import of_page, without_page
from app.imaging.operations.resize import Resize
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Limits, Rendering, render
from app.imaging.plan import plan

from .conftest import LIMIT, MAX_FRAMES, Darkroom
from .pictures import BLUE, GREEN, RED, corners, exif, plain, saved
from .profiles import P3, in_srgb, rgb_profile

NEW_SUBFILE_TYPE = 254
COLOURS = (RED, GREEN, BLUE)


def tiff(*pages: Image.Image, big_tiff: bool = False, **options: object) -> bytes:
    first, *others = pages
    return saved(first, "TIFF", save_all=True, append_images=others, big_tiff=big_tiff, **options)


def coloured(count: int) -> list[Image.Image]:
    return [plain(size=(40 + at, 30), colour=COLOURS[at % 3]) for at in range(count)]


def kind(image: Image.Image, number: int) -> Image.Image:
    """Says of itself that it is a smaller copy (1) or a mask (4)."""
    image.encoderinfo = {"tiffinfo": TiffImagePlugin.ImageFileDirectory_v2()}
    image.encoderinfo["tiffinfo"][NEW_SUBFILE_TYPE] = number
    return image


def making(all_pages: bool = True, encoder: type = Png) -> Making:
    return Making(Graph([]), (Output("page-x", "source", encoder()),), all_pages)


def made(
    darkroom: Darkroom, data: bytes, limit: int = LIMIT, max_pages: int = 100, wanted: Making | None = None
) -> Rendering:
    darkroom.source.write_bytes(data)
    limits = Limits(limit, MAX_FRAMES, max_pages=max_pages)
    return render(darkroom.source, wanted or making(), darkroom.scratch, limits)


def pictures(rendering: Rendering) -> list[Image.Image]:
    found = []
    for file in rendering.files:
        with Image.open(file.path) as image:
            found.append(image.convert("RGB"))
    return found


@pytest.mark.parametrize("big_tiff", [False, True])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_every_page_is_made_in_its_order_and_its_own_size(darkroom: Darkroom, near, big_tiff, compression) -> None:
    rendering = made(darkroom, tiff(*coloured(4), big_tiff=big_tiff, compression=compression))
    assert [(file.name, file.page, file.width) for file in rendering.files] == [
        ("page-x", at, 39 + at) for at in (1, 2, 3, 4)
    ]
    colours = [image.getpixel((9, 9)) for image in pictures(rendering)]
    assert all(near(colour, expected, 4) for colour, expected in zip(colours, [*COLOURS, RED], strict=True))
    assert (rendering.source.width, rendering.source.frames) == (40, 4)


def test_one_page_is_no_page_of_several(darkroom: Darkroom) -> None:
    (file,) = made(darkroom, tiff(plain())).files
    assert (file.page, file.path.name) == (None, "page-x.png")


def test_only_the_first_page_is_made_where_no_more_is_asked_for(darkroom: Darkroom) -> None:
    rendering = made(darkroom, tiff(*coloured(3)), wanted=making(all_pages=False))
    assert ([file.page for file in rendering.files], rendering.source.frames) == ([None], 3)


def test_the_first_ones_are_made_where_there_are_more_than_may_be(darkroom: Darkroom) -> None:
    rendering = made(darkroom, tiff(*coloured(5)), max_pages=2)
    assert ([file.page for file in rendering.files], rendering.source.frames) == ([1, 2], 5)
    (only,) = made(darkroom, tiff(*coloured(5)), max_pages=1).files
    assert only.page == 1


def test_every_output_is_made_of_every_page(darkroom: Darkroom) -> None:
    steps = [Step("small", Resize(width=10), "source")]
    wanted = Making(Graph(steps), (Output("a", "small", Png()), Output("b", "source", Png())), all_pages=True)
    rendering = made(darkroom, tiff(*coloured(2)), wanted=wanted)
    assert [(file.name, file.page, file.width) for file in rendering.files] == [
        ("a", 1, 10), ("b", 1, 40), ("a", 2, 10), ("b", 2, 41),
    ]  # fmt: skip
    assert len({file.path for file in rendering.files}) == 4


def test_smaller_copies_and_masks_are_no_pages(darkroom: Darkroom) -> None:
    data = tiff(
        plain(size=(40, 30), colour=RED), kind(plain(size=(20, 15)), 1), plain(size=(41, 30), colour=BLUE),
        kind(plain("L", (41, 30)), 4), kind(plain(size=(42, 30), colour=GREEN), 2),
    )  # fmt: skip
    rendering = made(darkroom, data)
    assert [(file.page, file.width) for file in rendering.files] == [(1, 40), (2, 41), (3, 42)]
    assert [image.getpixel((9, 9)) for image in pictures(rendering)] == [RED, BLUE, GREEN]


def test_a_first_page_that_calls_itself_a_copy_is_made_all_the_same(darkroom: Darkroom) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[NEW_SUBFILE_TYPE] = 1
    assert made(darkroom, saved(plain(), "TIFF", tiffinfo=info)).source.frames == 1


def test_each_page_stands_upright_by_itself(darkroom: Darkroom) -> None:
    sideways = corners((60, 40))
    sideways.encoderinfo = {"exif": exif(6)}
    rendering = made(darkroom, tiff(corners((60, 40)), sideways, corners((60, 40))))
    assert [(file.width, file.height) for file in rendering.files] == [(60, 40), (40, 60), (60, 40)]


def test_no_page_has_the_profile_of_another(darkroom: Darkroom, near) -> None:
    first, second, third = (plain(colour=(200, 100, 50)) for _ in range(3))
    first.encoderinfo = third.encoderinfo = {"icc_profile": rgb_profile(P3, 2.2)}
    colours = [image.getpixel((9, 9)) for image in pictures(made(darkroom, tiff(first, second, third)))]
    converted = in_srgb((200, 100, 50), P3, 2.2)
    assert [near(colour, converted, 3) for colour in colours] == [True, False, True]


def test_a_page_that_is_too_large_is_named(darkroom: Darkroom) -> None:
    with pytest.raises(TooManyPixels, match=r"^Page 2: The image is 60 × 50 = 3,000 pixels; the limit is 1,200\. Send"):
        made(darkroom, tiff(plain(), plain(size=(60, 50))), limit=1200)


def test_a_page_of_a_kind_that_is_not_read_is_named(darkroom: Darkroom) -> None:
    with pytest.raises(UnsupportedFile, match=r"^Page 2: The pixels of this TIFF are 32 bit floating point"):
        made(darkroom, tiff(plain(), plain("F")))


def test_a_page_that_is_cut_off_is_named_and_nothing_is_made_of_the_rest_in_silence(darkroom: Darkroom) -> None:
    data = tiff(*[Image.effect_noise((64, 64), 90) for _ in range(3)])
    directory = struct.unpack_from("<L", data, 4)[0]
    for _ in range(2):
        entries = struct.unpack_from("<H", data, directory)[0]
        directory = struct.unpack_from("<L", data, directory + 2 + 12 * entries)[0]
    strips = data.index(struct.pack("<HH", 273, 4), directory) + 8
    altered = data[:strips] + struct.pack("<L", len(data) - 10) + data[strips + 4 :]
    with pytest.raises(DamagedFile, match=r"^Page 3: The TIFF file is damaged or cut off"):
        made(darkroom, altered)


def test_no_cut_file_loses_pages_in_silence(darkroom: Darkroom) -> None:
    data = tiff(*coloured(3))
    for cut in range(1, len(data), 61):
        with pytest.raises(FileError):
            made(darkroom, data[:cut])


def test_a_chain_that_leads_beyond_the_end_has_a_page_there(darkroom: Darkroom) -> None:
    data = tiff(plain())
    directory = struct.unpack_from("<L", data, 4)[0]
    after = directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]
    for offset in (len(data) + 1000, len(data) - 1, 2**32 - 1):
        altered = data[:after] + struct.pack("<L", offset) + data[after + 4 :]
        with pytest.raises(FileError, match=r"^Page 2: "):
            made(darkroom, altered)
        assert made(darkroom, altered, wanted=making(all_pages=False)).source.frames == 2


def test_pages_in_their_own_format_are_single_tiffs(darkroom: Darkroom) -> None:
    rendering = made(darkroom, tiff(*coloured(2)), wanted=making(encoder=Same))
    assert [file.format for file in rendering.files] == ["tiff", "tiff"]
    for file in rendering.files:
        with Image.open(file.path) as image:
            assert image.n_frames == 1


def test_pages_are_no_animation(darkroom: Darkroom) -> None:
    rendering = made(darkroom, tiff(*coloured(2)), wanted=making(all_pages=False, encoder=Gif))
    with Image.open(rendering.files[0].path) as image:
        assert image.n_frames == 1
    traits = Traits((9, 9), "image/tiff", 2, alpha=False)
    assert not Condition(animated=True).holds(traits, (9, 9))
    assert Condition(animated=True).holds(Traits((9, 9), "image/gif", 2, alpha=False), (9, 9))


def test_frames_are_no_pages(darkroom: Darkroom) -> None:
    for pillow_format in ("GIF", "WEBP", "PNG", "AVIF"):
        data = saved(plain(), pillow_format, save_all=True, append_images=[plain(colour=RED)])
        (file,) = made(darkroom, data).files
        assert file.page is None


def test_a_key_is_of_one_page_and_one_resolution() -> None:
    wanted = Making(Graph([]), (Output("a", "source", Png()),), all_pages=True)
    finer = Making(Graph([]), (Output("a", "source", Png()),), all_pages=True, dpi=300)
    keys = [identity.keys("0" * 64, of, page)["a"] for of, page in ((wanted, 1), (wanted, 2), (finer, 1))]
    assert len(set(keys)) == 3
    first = Making(Graph([]), (Output("a", "source", Png()),))
    assert identity.keys("0" * 64, first)["a"] == keys[0], "the first page is the same, whatever else is made"


def test_a_plan_counts_pages() -> None:
    traits = Traits((1240, 1754), "application/pdf", 50, alpha=False)
    first = plan(making(all_pages=False), traits, 20)
    every = plan(making(), traits, 20)
    assert (first.pages, every.pages, len(every.outputs)) == (1, 20, 1)
    assert every.seconds == pytest.approx(20 * first.seconds, rel=0.01)
    assert every.memory_bytes == first.memory_bytes, "one after the other"


@pytest.mark.parametrize(("name", "page", "result"), [("a-jpeg", None, "a-jpeg"), ("a-p2-webp", 12, "a-p2-webp-p12")])
def test_the_name_of_a_page_is_found_back(name: str, page: int | None, result: str) -> None:
    assert of_page(name, page) == result
    assert without_page(result) == name
