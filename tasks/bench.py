"""What an item becomes: the outputs of a file, or what is collected from those of all files of its job."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app import jobs, reuse
from app.errors import NotCollectable
from app.imaging import encoder, identity
from app.imaging.collector import Piece
from app.imaging.formats import PAGED
from app.imaging.limits import Limits, check_type
from app.imaging.naming import of_page
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import render
from app.items import Claim
from app.models import Output as Row
from app.names import result_name, stem
from app.recipes import Recipe
from app.reuse import Reusable
from app.storage import Store, StoredFile

Patiently = Callable[[Callable[[], Any]], Any]
"""Asks the database, again and again where it does not answer."""
Run = Callable[[Callable[[], Any]], Any]
"""Does the work in a process of its own and gives what it returns, as JSON takes it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the item's end records: facts of the original, the output rows, and the item's own data."""

    asset: Mapping[str, Any]
    outputs: list[Row]
    data: Mapping[str, Any]


class Bench:
    """Where one attempt works: `scratch` is its folder, `run` does what decodes and encodes."""

    def __init__(self, store: Store, limits: Limits, scratch: Path, run: Run, patiently: Patiently) -> None:
        self._store, self._limits, self._scratch = store, limits, scratch
        self._run, self._patiently = run, patiently

    def made(self, claim: Claim, sha256: str, recipe: Recipe) -> Made:
        """The outputs of a file, page by page; those that some job has already are not made again."""
        making = recipe.making(claim.variables)
        there = self._there(sha256, making)
        missing = self._missing(sha256, making, there)
        new = self._rendered(sha256, replace(making, outputs=missing)) if missing else _NOTHING
        asset = new.asset or there.asset
        pages = self._pages(making, asset)
        rows = list[Row]()
        for page in pages:
            keys = identity.keys(sha256, making, page)
            for output in making.outputs:
                row = new.rows.get((output.name, page)) or _copy(there.outputs[keys[output.name]])
                row.name, row.key = of_page(output.name, page), keys[output.name]
                row.filename = _filename(recipe, claim, output, row, page)
                row.item_id, row.attempt, row.position = claim.item_id, claim.attempt, len(rows)
                rows.append(row)
        data = new.data or {name: there.data[name] for name in _DATA if name in there.data}
        return Made(asset, rows, data | _told(len(pages), asset))

    def _there(self, sha256: str, making: Making) -> Reusable:
        """What there is already. Outputs of the first page tell how many pages there are to look for."""
        first = self._find(identity.keys(sha256, making).values())
        if first.asset:
            check_type(first.asset["media_type"], self._limits)  # another recipe may have taken what this one does not
        pages = self._pages(making, first.asset)
        if pages in ([], [None]):
            return first
        return self._find(key for page in pages for key in identity.keys(sha256, making, page).values())

    def _find(self, keys: Iterable[str]) -> Reusable:
        wanted = set(keys)
        found: Reusable = self._patiently(lambda: reuse.find(wanted, self._store.has))
        return found

    def _missing(self, sha256: str, making: Making, there: Reusable) -> tuple[Output, ...]:
        """The outputs that are not there of every page; where no page is known, all."""
        keys = [identity.keys(sha256, making, page) for page in self._pages(making, there.asset)]
        return tuple(
            output
            for output in making.outputs
            if not keys or any(of_one[output.name] not in there.outputs for of_one in keys)
        )

    def _pages(self, making: Making, asset: Mapping[str, Any]) -> list[int | None]:
        """Those that are made of a file with these facts; none where it has never been opened."""
        return making.pages(_count(asset), self._limits.max_pages) if asset else []

    def collected(self, claim: Claim, recipe: Recipe) -> Made:
        """What the recipe collects from the outputs of all files of the job. Raises NotCollectable."""
        collector, names = recipe.collector(claim.name, claim.variables)
        results = self._patiently(lambda: jobs.collectable(claim.job_id, names))
        if not results:
            raise NotCollectable("No file of the job has a result to collect; see why they failed.")
        pieces = [
            Piece(self._store.path(row.sha256), row.media_type, row.width or 0, row.height or 0, row.item.name)
            for row in results
        ]
        answer = self._run(lambda: [asdict(file) for file in collector.collect(pieces, self._scratch)])
        rows = []
        for position, file in enumerate(answer):
            stored = self._store.adopt(Path(file["path"]))
            rows.append(Row(
                item_id=claim.item_id, attempt=claim.attempt, position=position,
                name=f"{file['name']}-{file['extension']}",
                filename=result_name(file["name"], file["extension"]), media_type=file["media_type"],
                sha256=stored.sha256, bytes=stored.bytes, width=file["width"], height=file["height"],
            ))  # fmt: skip
        return Made({}, rows, {})

    def _rendered(self, sha256: str, making: Making) -> "_Rendered":
        original, scratch, limits = self._store.path(sha256), self._scratch, self._limits
        answer = self._run(lambda: asdict(render(original, making, scratch, limits)))
        stored = {path: self._store.adopt(Path(path)) for path in {file["path"] for file in answer["files"]}}
        rows = {(file["name"], file["page"]): _new(file, stored[file["path"]]) for file in answer["files"]}
        return _Rendered(answer["source"], rows, {name: answer[name] for name in _DATA})


@dataclass(frozen=True, slots=True)
class _Rendered:
    asset: Mapping[str, Any]
    rows: Mapping[tuple[str, int | None], Row]
    data: dict[str, Any]


_DATA = ("placeholder", "dominant_color")
_NOTHING = _Rendered({}, {}, {})


def _count(asset: Mapping[str, Any]) -> int:
    """Of pages."""
    return int(asset["frames"]) if asset["media_type"] in PAGED else 1


def _told(made: int, asset: Mapping[str, Any]) -> dict[str, Any]:
    """Of a file with several pages, how many of them something was made of."""
    there = _count(asset)
    return {"pages": {"made": made, "of": there}} if there > 1 else {}


def _filename(recipe: Recipe, claim: Claim, output: Output, row: Row, page: int | None) -> str:
    facts: dict[str, object] = {
        "stem": stem(claim.name), "format": encoder.name_of(output.encoder), "width": row.width, "height": row.height,
    }  # fmt: skip
    name = recipe.result_name(output.name, facts if page is None else facts | {"page": page}, claim.variables)
    return result_name(name, row.filename.rpartition(".")[2])


def _new(file: Mapping[str, Any], stored: StoredFile) -> Row:
    told = {name: file[name] for name in ("media_type", "width", "height", "quality", "tries")}
    return Row(filename=f".{file['extension']}", sha256=stored.sha256, bytes=stored.bytes, **told)


def _copy(row: Row) -> Row:
    same = ("filename", "sha256", "bytes", "media_type", "width", "height", "quality", "tries")
    return Row(reused=True, **{name: getattr(row, name) for name in same})
