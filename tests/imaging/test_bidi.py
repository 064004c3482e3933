"""Expected orders are worked out by hand from the rules of https://www.unicode.org/reports/tr9/."""

import pytest

from app.imaging.bidi import levels, visual

CASES = [
    ("abc", "000", "abc"),
    ("", "", ""),
    ("אבג", "111", "גבא"),
    ("abc אבג", "0000111", "abc גבא"),
    ("אבג abc", "1111222", "abc גבא"),
    ("אב 12", "11122", "12 בא"),
    ("ab אב 12 cd", "00011122000", "ab 12 בא cd"),
    ("ab אב, גד!", "0001111110", "ab דג ,בא!"),
    ("אב cd!", "111221", "!cd בא"),
    ("אב 1,2%", "1112222", "1,2% בא"),
    ("אב 1,", "11121", ",1 בא"),
    ("مر 12", "11122", "12 رم"),
    ("مر 1-2", "111212", "2-1 رم"),
    ("ab (אב) cd", "0000110000", "ab (בא) cd"),
    ("אב ", "111", " בא"),
    ("ab ג ", "00010", "ab ג "),
    ("ae\u0301 א\u05b7ב", "0000111", "ae\u0301 ב\u05b7א"),
]


@pytest.mark.parametrize(("text", "expected", "shown"), CASES, ids=[ascii(text) for text, _, _ in CASES])
def test_the_parts_of_a_line_stand_where_unicode_puts_them(text: str, expected: str, shown: str):
    found = levels(text)
    assert "".join(map(str, found)) == expected
    assert (
        "".join(character for character, _ in visual(list(zip(text, found, strict=True)), lambda run: run[1])) == shown
    )
