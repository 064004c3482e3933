"""What an item becomes: the outputs of a file, or what is collected from those of all files of its job."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app import jobs, reuse
from app.errors import NotCollectable
from app.imaging import encoder, identity
from app.imaging.collector import Piece
from app.imaging.limits import Limits
from app.imaging.outputs import Making
from app.imaging.pipeline import render
from app.items import Claim
from app.models import Output
from app.names import result_name, stem
from app.recipes import Recipe
from app.storage import Store, StoredFile

Patiently = Callable[[Callable[[], Any]], Any]
"""Asks the database, again and again where it does not answer."""
Run = Callable[[Callable[[], Any]], Any]
"""Does the work in a process of its own and gives what it returns, as JSON takes it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the item's end records: facts of the original, the output rows, and the item's own data."""

    asset: Mapping[str, Any]
    outputs: list[Output]
    data: Mapping[str, Any]


class Bench:
    """Where one attempt works: `scratch` is its folder, `run` does what decodes and encodes."""

    def __init__(self, store: Store, limits: Limits, scratch: Path, run: Run, patiently: Patiently) -> None:
        self._store, self._limits, self._scratch = store, limits, scratch
        self._run, self._patiently = run, patiently

    def made(self, claim: Claim, sha256: str, recipe: Recipe) -> Made:
        """The outputs of a file; those that some job has already are not made again."""
        making = recipe.making(claim.variables)
        keys = identity.keys(sha256, making)
        there = self._patiently(lambda: reuse.find(keys, self._store.has))
        missing = tuple(output for output in making.outputs if keys[output.name] not in there.outputs)
        new = self._rendered(sha256, replace(making, outputs=missing)) if missing else _NOTHING
        rows = []
        for position, output in enumerate(making.outputs):
            row = new.rows.get(output.name) or _copy(there.outputs[keys[output.name]])
            form = encoder.name_of(output.encoder)
            facts = {"stem": stem(claim.name), "format": form, "width": row.width, "height": row.height}
            name = recipe.result_name(output.name, facts, claim.variables)
            row.name, row.key = output.name, keys[output.name]
            row.filename = result_name(name, row.filename.rpartition(".")[2])
            row.item_id, row.attempt, row.position = claim.item_id, claim.attempt, position
            rows.append(row)
        return Made(new.asset or there.asset, rows, new.data or there.data)

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
            rows.append(Output(
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
        rows = {file["name"]: _new(file, stored[file["path"]]) for file in answer["files"]}
        return _Rendered(answer["source"], rows, {name: answer[name] for name in ("placeholder", "dominant_color")})


@dataclass(frozen=True, slots=True)
class _Rendered:
    asset: Mapping[str, Any]
    rows: Mapping[str, Output]
    data: Mapping[str, Any]


_NOTHING = _Rendered({}, {}, {})


def _new(file: Mapping[str, Any], stored: StoredFile) -> Output:
    told = {name: file[name] for name in ("media_type", "width", "height", "quality", "tries")}
    return Output(filename=f".{file['extension']}", sha256=stored.sha256, bytes=stored.bytes, **told)


def _copy(row: Output) -> Output:
    same = ("filename", "sha256", "bytes", "media_type", "width", "height", "quality", "tries")
    return Output(reused=True, **{name: getattr(row, name) for name in same})
