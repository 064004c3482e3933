import pytest

from app.names import result_name, safe_name, stem


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        ("a\x00b\nc.jpg", "abc.jpg"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("e\u0301te\u0301.jpg", "été.jpg"),
        ("사진.jpg", "사진.jpg"),
    ],
)
def test_names_are_made_safe(sent: str, kept: str):
    assert safe_name(sent) == kept


def test_a_long_name_keeps_its_extension():
    name = safe_name("사" * 300 + ".jpg")
    assert len(name.encode()) <= 255
    assert name.endswith("사.jpg")


@pytest.mark.parametrize("source", ["a.jpg", "사" * 85, "사" * 83 + ".jpeg", "x" * 255, ".jpg"])
def test_a_results_name_always_fits(source: str):
    name = result_name(f"{stem(source)}-1600", "webp")
    assert name.endswith("-1600.webp")
    assert len(name.encode()) <= 255
