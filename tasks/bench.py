"""What an item becomes: the outputs of a file, or what is collected from those of all files of its job."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app import jobs, reuse
from app.errors import NotCollectable
from app.imaging import encoders, identity, outputs
from app.imaging.collector import Piece
from app.imaging.condition import Traits
from app.imaging.effort import NONE, Effort
from app.imaging.limits import Limits, check_file, check_known
from app.imaging.naming import of_page
from app.imaging.outputs import Making
from app.imaging.pipeline import render
from app.imaging.shelf import SUFFIX, Lent
from app.items import Claim
from app.models import Output
from app.names import result_name, stem
from app.recipes import Recipe
from app.reuse import Facts
from app.steps import StepCache
from app.storage import Store, StoredFile

Patiently = Callable[[Callable[[], Any]], Any]
"""Asks the database, again and again where it does not answer."""
Run = Callable[[Callable[[], Any]], Any]
"""Does the work in a process of its own and gives what it returns, as JSON takes it."""
Name = tuple[str, int | None]
"""Of an output, and the page that it is of, where there are several."""
_DATA = ("placeholder", "dominant_color")


@dataclass(frozen=True, slots=True)
class Made:
    """What the item's end records: facts of the original, the output rows, and the item's own data."""

    asset: Mapping[str, Any]
    outputs: list[Output]
    data: Mapping[str, Any]
    key: str | None = None
    effort: Effort = NONE


class Bench:
    """Where one attempt works: `scratch` is its folder, `run` does what decodes and encodes.

    `steps` keeps what the next change of the recipe may begin from; in the bulk lane, where nobody tries things out, it
    would cost more than it saves.
    """

    def __init__(
        self, store: Store, limits: Limits, scratch: Path, run: Run, patiently: Patiently,
        steps: StepCache | None = None,
    ) -> None:  # fmt: skip
        self._store, self._limits, self._scratch = store, limits, scratch
        self._run, self._patiently, self._steps = run, patiently, steps

    def made(self, claim: Claim, sha256: str, recipe: Recipe) -> Made:
        """The outputs of a file, page by page; those that some job has already are not made again."""
        making = recipe.making(claim.variables)
        known = self._patiently(lambda: reuse.facts(sha256))
        if known is None:
            return self._named(claim, sha256, recipe, making, self._rendered(sha256, making))
        self._check(making, known)
        keys = self._keys(sha256, making, known.traits)
        there = self._patiently(lambda: reuse.whole(identity.together(keys.values()), self._store.has))
        if there is None:
            return self._named(claim, sha256, recipe, making, self._missing(sha256, making, keys, known))
        rows = {name: _copy(there.outputs[key]) for name, key in keys.items()}
        return self._named(claim, sha256, recipe, making, _Rendered(there.facts.of_an_asset, rows, there.data))

    def _check(self, making: Making, known: Facts) -> None:
        """Against the limits of this recipe, which the file need not have met before."""
        check_file(known.bytes, self._limits)
        check_known(known.traits, self._limits, animates=making.animates)

    def _keys(self, sha256: str, making: Making, traits: Traits) -> dict[Name, str]:
        """Of all that is made of a file with these traits, in its order."""
        return {
            (name, page): key
            for page in making.pages(traits.pages, self._limits.max_pages)
            for name, key in identity.keys(sha256, making, page).items()
        }

    def _missing(self, sha256: str, making: Making, keys: Mapping[Name, str], known: Facts) -> "_Rendered":
        """Make what is not there of every page; and the smallest one, which the placeholder is of, where that is not
        known either.
        """
        there = self._patiently(lambda: reuse.single(keys.values(), self._store.has))
        then = self._patiently(lambda: reuse.facts_for(next(iter(there.values())))) if there else None
        if then is None or then.frames != known.frames:  # it was counted by another engine, so that the keys are wrong
            return self._rendered(sha256, making)
        sizes = making.graph.sizes(then.traits)
        smallest = min(making.outputs, key=lambda one: sizes[one.source][0] * sizes[one.source][1])
        of_smallest = there.get(next(key for (name, _), key in keys.items() if name == smallest.name))
        data = self._patiently(lambda: reuse.data_of(of_smallest)) if of_smallest else None
        names = {name for (name, _), key in keys.items() if key not in there}
        wanted = tuple(one for one in making.outputs if one.name in names or (one is smallest and not data))
        nothing = _Rendered(then.of_an_asset, {}, {})
        new = self._rendered(sha256, self._narrowed(making, wanted)) if wanted else nothing
        old = {name: _copy(there[key]) for name, key in keys.items() if name not in new.rows}
        return _Rendered(new.asset, {**new.rows, **old}, data or new.data, new.effort)

    def _narrowed(self, making: Making, wanted: tuple[outputs.Output, ...]) -> Making:
        """To these outputs. Where steps are kept, they become what they would become among all the others: from the
        pictures that those were made from.
        """
        if self._steps is None:
            return replace(making, outputs=wanted)
        return replace(making, there=frozenset(one.name for one in making.outputs if one not in wanted))

    def _named(self, claim: Claim, sha256: str, recipe: Recipe, making: Making, made: "_Rendered") -> Made:
        rows, traits = [], made.traits
        keys = self._keys(sha256, making, traits)
        for position, ((name, page), key) in enumerate(keys.items()):
            row = made.rows[name, page]
            row.name, row.key = of_page(name, page), key
            row.item_id, row.attempt, row.position = claim.item_id, claim.attempt, position
            facts = {"stem": stem(claim.name), "format": _format(row), "width": row.width, "height": row.height}
            facts |= {} if page is None else {"page": page}
            row.filename = result_name(
                recipe.result_name(name, facts, claim.variables), row.filename.rpartition(".")[2]
            )
            rows.append(row)
        data = {name: made.data[name] for name in _DATA if name in made.data}
        if traits.pages > 1:
            data["pages"] = {"made": len({page for _, page in keys}), "of": traits.pages}
        return Made(made.asset, rows, data, identity.together(keys.values()), made.effort)

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
        lent = Lent(sha256, self._steps.of(sha256), self._steps.largest) if self._steps else None
        answer = self._run(lambda: asdict(render(original, making, scratch, limits, lent)))
        self._kept(sha256, answer)
        stored = {path: self._store.adopt(Path(path)) for path in {file["path"] for file in answer["files"]}}
        rows = {(file["name"], file["page"]): _new(file, stored[file["path"]]) for file in answer["files"]}
        return _Rendered(answer["source"], rows, {name: answer[name] for name in _DATA}, Effort(**answer["effort"]))

    def _kept(self, sha256: str, answer: Mapping[str, Any]) -> None:
        """Take what is new for the next time; what the child says of it is no more than keys."""
        if self._steps:
            self._steps.touch(sha256, answer["used"])
            for key in answer["new"]:
                self._steps.keep(sha256, key, self._scratch / f"{key}{SUFFIX}")


@dataclass(frozen=True, slots=True)
class _Rendered:
    asset: Mapping[str, Any]
    rows: Mapping[Name, Output]
    data: Mapping[str, Any]
    effort: Effort = NONE

    @property
    def traits(self) -> Traits:
        size = self.asset["width"], self.asset["height"]
        return Traits(size, self.asset["media_type"], self.asset["frames"], alpha=False)


def _new(file: Mapping[str, Any], stored: StoredFile) -> Output:
    told = {name: file[name] for name in ("media_type", "width", "height", "quality", "tries")}
    return Output(filename=f".{file['extension']}", sha256=stored.sha256, bytes=stored.bytes, **told)


def _format(row: Output) -> str:
    """As recipes write it; also where the recipe said no more than the file's own."""
    return next(name for name, kind in encoders.found().items() if kind.media_type == row.media_type)


def _copy(row: Output) -> Output:
    same = ("filename", "sha256", "bytes", "media_type", "width", "height", "quality", "tries")
    return Output(reused=True, **{name: getattr(row, name) for name in same})
