"""The arrows between packages, read from the imports: tasks → app, web layers → use cases, imaging → errors."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("tasks/**/*.py")])
USE_CASES = (
    "app.jobs", "app.items", "app.machine", "app.dispatch", "app.lanes", "app.waiting", "app.admission",
    "app.collection", "app.owners", "app.processes", "app.recipes", "app.timeline", "app.storage", "app.uploads",
    "app.names", "app.archives", "app.assets", "app.listings", "app.idempotency", "app.load",
)  # fmt: skip
LOADING = ("app.settings.load", "app.settings.load_or_exit")
WEB = ("app.api", "app.pages", "app.downloads", "app.health", "app.submission", "app.paging")
COMPOSITION_ROOTS = ("app", "app.gunicorn", "tasks.worker", "tasks.dispatcher", "tasks.dashboard", "tasks.runtime")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Every module, and every name of a module, that the file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def forbidden(module: str, imported: str) -> str | None:
    ours = within(imported, "app", "tasks")
    rules = {
        "app never imports tasks": within(module, "app") and within(imported, "tasks"),
        "settings and errors import nothing of ours": module in ("app.settings", "app.errors")
        and ours
        and not within(imported, "app.errors"),
        "imaging imports app.errors and nothing else of ours": within(module, "app.imaging")
        and ours
        and not within(imported, "app.imaging", "app.errors"),
        "use cases know no Flask and no Celery": within(module, *USE_CASES)
        and within(imported, "flask", "celery", "kombu", "app.services", "app.broker"),
        "api and pages open no image and write no SQL": within(module, *WEB)
        and within(
            imported,
            "PIL",
            "sqlalchemy.orm",
            "sqlalchemy.select",
            "sqlalchemy.text",
            "app.imaging.pipeline",
            "app.database.db",
        ),
        "only composition roots read the settings": within(imported, *LOADING) and module not in COMPOSITION_ROOTS,
        "settings are imported by name": imported in ("app.settings", "app.settings.*"),
        "only the settings read the environment": imported in ("os.environ", "os.getenv"),
    }
    return next((rule for rule, broken in rules.items() if broken), None)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_import_follows_the_arrows(path: Path):
    wrong = {(name, rule) for name in imports_of(path) if (rule := forbidden(name_of(path), name))}
    assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_environment_is_only_handed_to_load(path: Path):
    source = path.read_text(encoding="utf-8").replace("load_or_exit(os.environ)", "")
    assert "os.environ" not in source.split('"""', 2)[-1]
    assert "getenv" not in source


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("app.jobs", "tasks.process.Processor"),
        ("app.imaging.pipeline", "app.database.db"),
        ("app.items", "flask.request"),
        ("app.machine", "celery.Celery"),
        ("app.waiting", "app.services.services"),
        ("app.pages", "PIL.Image"),
        ("app.errors", "app.models.Job"),
        ("app.storage", "app.settings.load"),
        ("app.storage", "app.settings"),
        ("app.health", "sqlalchemy.text"),
    ],
)
def test_a_wrong_arrow_is_found(module: str, imported: str):
    assert forbidden(module, imported)
