"""What holds for every collector, whatever it makes."""

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging.collector import Collector, name_of
from app.imaging.collectors import found
from tests.imaging.collecting import Pieces
from tests.imaging.pictures import gradient, plain

COLLECTORS = sorted(found().items())
every = pytest.mark.parametrize("collector", [kind for _, kind in COLLECTORS], ids=[name for name, _ in COLLECTORS])


def test_they_are_found_under_the_names_of_their_files():
    assert sorted(found()) == ["contact_sheet", "pdf", "sprite"]
    assert all(name_of(kind) == name for name, kind in COLLECTORS)


@every
def test_the_documented_example_works_and_its_files_stand_where_it_says(collector: type[Collector], pieces: Pieces):
    for pillow_format in ("JPEG", "PNG", "WEBP"):
        pieces.add(gradient(), "photo.jpg", pillow_format)
    scratch = pieces.folder / "scratch"
    scratch.mkdir()
    made = collector(**collector.example).collect(pieces.pieces, scratch)
    assert made
    assert sorted(scratch.iterdir()) == sorted(one.path for one in made), "and nothing else is left there"
    names = [f"{one.name}.{one.extension}" for one in made]
    assert len(set(names)) == len(names)
    for one in made:
        assert one.path.name == f"{one.name}.{one.extension}"
        if one.media_type.startswith("image/"):
            with Image.open(one.path) as image:
                assert image.size == (one.width, one.height)
        else:
            assert (one.width, one.height) == (None, None)


@every
def test_the_same_pieces_give_the_same_bytes(collector: type[Collector], pieces: Pieces):
    for _ in range(3):
        pieces.add(gradient((30, 20)))
        pieces.add(plain("RGBA", (20, 30), (9, 9, 9, 9)))
    first, second = ([one.path.read_bytes() for one in collector().collect(pieces.pieces, pieces.folder)] for _ in "ab")
    assert first == second


@every
def test_one_piece_is_enough(collector: type[Collector], pieces: Pieces):
    pieces.add(plain("L", (1, 1)))
    assert collector().collect(pieces.pieces, pieces.folder)


@every
def test_every_parameter_is_described_and_what_is_not_one_is_refused(collector: type[Collector]):
    schema = collector.model_json_schema()
    assert schema["description"]
    assert all(len(field["description"]) > 10 for field in schema["properties"].values())
    with pytest.raises(ValidationError, match="Extra inputs"):
        collector(unknown=1)
