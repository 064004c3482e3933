import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from app.errors import MissingFont
from app.imaging import fonts
from app.imaging.lettering import REFERENCE, Lettering, drawn, measured

BLACK = (0, 0, 0, 255)
SCRIPTS = {
    "Latin": "aßłėŠ", "Vietnamese": "ệữỗ", "Cyrillic": "жЂёӘі", "Greek": "αΩέψ", "Chinese": "北京欢迎門",
    "Japanese": "のテ直込ー", "Korean": "한국텍쀍", "Arabic": "بجدس٣", "Hebrew": "אלשם", "Devanagari": "कखहज",
    "Bengali": "কখহজ", "Tamil": "கஙசஞ", "Telugu": "కఖహజ", "Thai": "กขคง", "Armenian": "աբգդ", "Georgian": "აბგდ",
    "Ethiopic": "አበገደ", "Khmer": "កខគឃ", "signs": "©®™€½№",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_fonts_of_this_machine(tmp_path: Path) -> Iterator[None]:
    fonts.look_in(tmp_path)
    yield
    fonts.look_in(fonts.SYSTEM)


def letters(text: str, size: float = 40, **more: object) -> Image.Image:
    return drawn(Lettering(text, BLACK, **more), size)


def box_of(path: Path) -> Image.Image:
    """What Pillow itself draws of a font for a character that no font has."""
    image = Image.new("L", (200, 120))
    ImageDraw.Draw(image).text((60, 40), "\uffff", 255, ImageFont.FreeTypeFont(path, 40))
    return image.crop(image.getbbox())


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_letter_of_a_script_is_drawn_and_none_as_a_box(script: str):
    boxes = [box_of(path) for path in fonts.files()]
    pictures = [letters(letter) for letter in SCRIPTS[script]]
    assert all(picture.getchannel("A") not in boxes for picture in pictures)
    assert all(one != other for one, other in combinations(pictures, 2))


def test_a_text_of_many_scripts_is_set_in_as_many_fonts():
    text = "© Привет (東京) שלום!"
    named = [(text[run.start : run.end], run.font.stem) for run in fonts.runs(text)]
    assert named == [
        ("© Привет ", "NotoSans-Regular"),
        ("(東京) ", "NotoSansCJK-Regular"),
        ("שלום", "NotoSansHebrew-Regular"),
        ("!", "NotoSans-Regular"),
    ]


def test_marks_are_drawn_by_the_font_of_their_letters():
    """Noto Sans has the letter, but not the mark, which is a Japanese one."""
    assert [run.font.stem for run in fonts.runs("a")] == ["NotoSans-Regular"]
    assert [run.font.stem for run in fonts.runs("a\u3099")] == ["NotoSansCJK-Regular"]
    assert len(fonts.runs("क्\u200dष")) == 1


def test_a_mark_that_the_font_of_its_letter_lacks_comes_from_another():
    assert [run.font.stem for run in fonts.runs("北\u0329")] == ["NotoSansCJK-Regular", "NotoSans-Regular"]


def test_arabic_letters_join():
    alone, joined = (measured(Lettering(text, BLACK)).size[0] for text in ("ب", "ببب"))
    assert joined < 2.5 * alone


@pytest.mark.parametrize("text", ["אל", "אל!"], ids=["one font", "two fonts"])
def test_hebrew_is_read_from_right_to_left(text: str):
    """Lamed, the last letter, is the only one with an ascender: it must stand in the left half."""
    alpha = letters(text).getchannel("A")
    top = alpha.crop((0, 0, alpha.width, 4)).getbbox()
    assert top[2] <= alpha.width // 2 + 1


def test_brackets_are_mirrored_where_letters_are_read_from_right_to_left():
    """Noto Sans Hebrew has none, so that they are a part of their own."""
    alpha, opening = letters("(א)").getchannel("A"), letters("(").getchannel("A")
    assert len(fonts.runs("(א)")) == 3
    left = alpha.crop((0, 0, opening.width, alpha.height))
    assert left.crop(left.getbbox()) == opening


def test_fonts_that_are_mixed_stand_in_the_order_of_the_line():
    """The line begins with Hebrew, so that what follows it stands to its left."""
    both, latin = letters("אב Wg").getchannel("A"), letters("Wg").getchannel("A")
    left = both.crop((0, 0, latin.width, both.height))
    assert left.crop(left.getbbox()) == latin


def test_an_em_is_as_large_as_asked_for():
    """Noto Sans has capitals of 714 thousandths of an em."""
    assert abs(letters("H", 100).height - 71.4) <= 1
    assert abs(measured(Lettering("H", BLACK)).size[1] - 0.714 * REFERENCE) <= 1


def test_the_line_around_letters_is_drawn_on_all_sides_alike():
    plain, bold = letters("H", 100), letters("H", 100, stroke_width=0.1, stroke_color=(255, 0, 0, 255))
    assert (bold.width - plain.width, bold.height - plain.height) == pytest.approx((20, 20), abs=1)
    assert bold.getpixel((15, 50)) == (0, 0, 0, 255)  # the stem, below which the line does not show
    assert bold.getpixel((4, 50)) == (255, 0, 0, 255)


def test_letters_have_their_colour_up_to_their_soft_edges():
    image = drawn(Lettering("Ox", (200, 100, 50, 128)), 60)
    assert {pixel[:3] for _, pixel in image.getcolors(9999)} == {(200, 100, 50)}
    assert image.getchannel("A").getextrema() == (0, 128)


def test_chinese_characters_have_the_shapes_of_the_language():
    chinese, japanese, taiwanese = (letters("骨直", language=language) for language in ("zh-Hans", "ja", "zh-Hant"))
    assert chinese != japanese != taiwanese != chinese
    assert letters("骨直") == chinese
    assert letters("骨の") == letters("骨の", language="ja")


def test_a_character_without_a_font_is_named():
    with pytest.raises(MissingFont, match=r"U\+E123.*FONT_DIR"):
        letters("a\ue123")


def test_a_font_is_found_by_the_name_of_its_file(tmp_path: Path):
    shutil.copy(fonts.named("NotoSansThai-Regular"), tmp_path / "Mine.woff2")
    with pytest.raises(MissingFont, match="called Mine"):
        fonts.named("Mine")
    fonts.look_in(tmp_path)
    assert fonts.named("Mine") == fonts.named("mine.WOFF2") == tmp_path / "Mine.woff2"
    assert [run.font.stem for run in fonts.runs("กa", "Mine")] == ["Mine", "NotoSans-Regular"]


def test_a_misspelt_font_is_answered_with_the_nearest():
    with pytest.raises(MissingFont, match="did you mean NotoSansHebrew-Regular"):
        fonts.named("NotoSansHebru-Regular")


def test_a_broken_file_among_the_fonts_does_no_harm(tmp_path: Path):
    (tmp_path / "Broken.ttf").write_bytes(b"\0\1\0\0 no font")
    fonts.look_in(tmp_path)
    with pytest.raises(MissingFont, match="E123"):
        letters("\ue123")
    assert letters("A", font="Broken") == letters("A")


def test_of_one_folder_regular_styles_come_first(tmp_path: Path):
    for name in ("A-Bold", "B-Regular", "C-Italic"):
        (tmp_path / f"{name}.ttf").touch()
    fonts.look_in(tmp_path)
    assert [path.stem for path in fonts.files()][-3:] == ["B-Regular", "A-Bold", "C-Italic"]


def test_a_line_is_drawn_no_larger_than_it_can_be_held():
    spaces = Lettering("|" + "\u3000" * 199, BLACK)  # 199 ems, as high as the line that begins it
    height = measured(spaces).size[1] / REFERENCE
    assert 199 * height * measured(spaces).largest ** 2 <= 50_000_000
    assert measured(Lettering("H", BLACK)).largest == 2000
