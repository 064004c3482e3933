"""The checker is only worth something if it sees each kind of fault: they are planted one by one."""

from pathlib import Path

import pytest

from tests.chaos import checker, planted, remains
from tests.chaos.ledger import DELETING
from tests.chaos.remains import Remains


@pytest.fixture(scope="module")
def clean(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Remains:
    return remains.make(tmp_path_factory.mktemp("clean"), migrated_database)


@pytest.fixture
def left(clean: Remains, tmp_path: Path) -> Remains:
    return clean.copy(tmp_path / "left")


def test_nothing_is_found_where_nothing_is_wrong(clean: Remains):
    assert clean.findings() == []


@pytest.mark.parametrize("fault", planted.ALL, ids=lambda fault: f"{fault.kind}-{fault.plant.__name__}")
def test_a_planted_fault_is_found(left: Remains, fault: planted.Planted):
    fault.plant(left)
    found = left.findings()
    assert [one for one in found if one.kind == fault.kind and fault.words in one.sentence], [*map(str, found)]


def test_every_kind_is_planted():
    assert {fault.kind for fault in planted.ALL} == set(checker.KINDS)


def test_a_deletion_without_an_answer_may_have_happened_or_not(left: Remains):
    left.promise(DELETING, left.jobs[0])
    assert left.findings() == []


def test_the_checker_shares_no_code_with_what_it_checks():
    imports = [line for line in Path(checker.__file__).read_text().splitlines() if line.startswith(("from", "import"))]
    assert not [line for line in imports if line.split()[1].split(".")[0] in ("app", "tasks", "tests")]
