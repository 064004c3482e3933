"""A recipe that was checked whole, and what it makes of a file."""

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import BadField, InvalidParameter, InvalidRecipe
from app.imaging import collectors, encoders, operations
from app.imaging.collector import Collector
from app.imaging.condition import Traits
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.limits import Limits
from app.imaging.outputs import Making, Output
from app.imaging.plan import Plan, plan
from app.names import name_part
from app.recipes import notation
from app.recipes.faults import Fault, faults_of, fields, joined, nearest, strange, told
from app.recipes.notation import MAX_BYTES
from app.recipes.schema import Document, OutputModel, StepModel, Value

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")  # no $ and { in it: a text of nothing but "${" took minutes
_OF_THE_FILE = ("stem", "output", "format", "width", "height", "page")

Values = Mapping[str, Value]
Built = TypeVar("Built", bound=BaseModel)


class Recipe:
    """Made by `parse` or `load`, so a recipe that exists is right: with its defaults every step can be built."""

    def __init__(self, document: Document, *, is_built_in: bool = False) -> None:
        self.document, self.is_built_in = document, is_built_in
        self.name, self.version, self.description = document.name, document.version or 0, document.description

    def filled(self, values: Values) -> dict[str, Value]:
        """Every variable with its value: the job's or the default. Raises InvalidParameter."""
        variables = self.document.vars
        for name in values:
            if name not in variables:
                known = nearest(name, variables)
                message = f"The recipe {self.name} has no variable {name[:60]!r}{known}."
                raise InvalidParameter(message, [_bad_variable(name, message)])
        filled = {name: values.get(name, variable.default) for name, variable in variables.items()}
        for name, variable in variables.items():
            if fault := variable.fault(filled[name]):
                message = f"The variable {name} {fault}."
                raise InvalidParameter(message, [_bad_variable(name, message)])
        return filled

    def making(self, values: Values | None = None) -> Making:
        """What is made with these values of the variables. Raises InvalidParameter where they do not fit together."""
        builder = _Builder(self.document, self.filled(values or {}))
        making = builder.making()
        builder.collectors()
        if builder.faults:
            raise InvalidParameter(f"With these variables the recipe {self.name} is not valid: {told(builder.faults)}")
        return making

    def limits(self, settings: Limits) -> Limits:
        """The recipe's limits and those of the settings, whichever are lower."""
        own = self.document.input
        return Limits(
            max_pixels=min(settings.max_pixels, round(own.max_megapixels * 1e6) if own.max_megapixels else sys.maxsize),
            max_frames=min(settings.max_frames, own.max_frames or settings.max_frames),
            accept=tuple(own.accept) if own.accept else None,
            max_bytes=own.max_bytes,
            max_pages=min(settings.max_pages, own.max_pages),
        )

    def plan(self, traits: Traits, values: Values | None = None) -> Plan:
        """What it would make of a picture with these traits, and what that would take."""
        return plan(self.making(values), traits, self.document.input.max_pages)

    def collector(self, name: str, values: Values | None = None) -> tuple[Collector, tuple[str, ...]]:
        """What the recipe collects under this name, and the names of the outputs that it is made of."""
        builder = _Builder(self.document, self.filled(values or {}))
        return builder.collectors()[name], tuple(self.document.collect[name].from_)

    def result_name(self, output: str, facts: Mapping[str, object], values: Values | None = None) -> str:
        """The name of a file without its extension; `facts` are `stem`, `format`, `width`, `height`, and `page` where
        the file has several.
        """
        key = output.rpartition("-")[0]  # not by the format of the file, which is another one where an output is `same`
        known = {**self.filled(values or {}), "page": 1, **facts, "output": key}
        template = self.document.outputs[key].name
        if "page" in facts and "${page}" not in template:
            template += "-p${page}"
        name = _REFERENCE.sub(lambda match: name_part(_text(known[match[1]])), template)
        return name if name.strip(" .") else key

    @property
    def notify(self) -> dict[str, list[str] | None]:
        """The webhook endpoints that are told of its jobs, each with the events that it names, or None."""
        return {one.endpoint: None if one.events is None else list(one.events) for one in self.document.notify}

    def endpoint_faults(self, known: Collection[str]) -> list[Fault]:
        """Of those that it notifies, the endpoints that are not there."""
        return [
            Fault(
                f"notify.{at}.endpoint", f"there is no webhook endpoint {one.endpoint!r}{nearest(one.endpoint, known)}"
            )
            for at, one in enumerate(self.document.notify)
            if one.endpoint not in known
        ]

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The names of all outputs, with the defaults."""
        return tuple(output.name for output in self.making().outputs)

    @cached_property
    def written(self) -> dict[str, Any]:
        """The recipe as data, the same for every way of writing it."""
        return self.document.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def numbered(self, version: int) -> "Recipe":
        return Recipe(self.document.model_copy(update={"version": version}), is_built_in=self.is_built_in)

    def as_built_in(self) -> "Recipe":
        return Recipe(self.document, is_built_in=True)


def load(text: str) -> Recipe:
    """A recipe in YAML or JSON. Raises InvalidRecipe with every fault."""
    return parse(notation.read(text))


def parse(data: Any) -> Recipe:
    """A recipe from its parsed form. Raises InvalidRecipe with every fault."""
    if not isinstance(data, dict):
        raise InvalidRecipe("A recipe is a mapping that begins with `schema: 1`; this is something else.")
    if faults := list(islice(strange(data), 100)):
        raise InvalidRecipe(told(faults), fields(faults))
    try:
        document = Document.model_validate_json(json.dumps(data))
    except ValidationError as error:
        faults = faults_of(error, Document, data)
        raise InvalidRecipe(told(faults), fields(faults)) from None
    if faults := list(_faults(document)):
        raise InvalidRecipe(told(faults), fields(faults))
    return Recipe(document)


def _bad_variable(name: str, message: str) -> BadField:
    """Whoever asks for a recipe gives its variables as `vars`."""
    return Fault(joined("vars", name), message).field


def _faults(document: Document) -> Iterator[Fault]:
    yield from _graph_faults(document)
    builder = _Builder(document, {name: variable.default for name, variable in document.vars.items()})
    builder.making()
    builder.collectors()
    yield from builder.faults
    yield from _name_faults(document.outputs)
    yield from _collect_faults(document)
    yield from _notify_faults(document)
    for name in document.vars:
        if name not in builder.used:
            yield Fault(f"vars.{name}", "is used nowhere")


def _collect_faults(document: Document) -> Iterator[Fault]:
    made = {f"{name}-{format}" for name, output in document.outputs.items() for format in _formats(output)}
    for name, model in document.collect.items():
        for at, output in enumerate(model.from_):
            if output not in made:
                yield Fault(f"collect.{name}.from.{at}", f"there is no output {output[:60]!r}{nearest(output, made)}")


def _notify_faults(document: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, one in enumerate(document.notify):
        if one.endpoint in seen:
            yield Fault(f"notify.{at}.endpoint", f"{one.endpoint} stands twice; put all of its events into one")
        seen.add(one.endpoint)


def _formats(output: OutputModel) -> Iterator[str]:
    """Their names, whether there are such or not."""
    for chosen in output.formats:
        yield from [chosen] if isinstance(chosen, str) else chosen


def _graph_faults(document: Document) -> Iterator[Fault]:
    """Steps that are not there, that go round in a circle, or whose picture nobody takes."""
    steps, outputs = document.steps, document.outputs
    if SOURCE in steps:
        yield Fault(f"steps.{SOURCE}", "is the name of the picture as it was received; call the step something else")
        return
    known = {SOURCE, *steps}
    users = [(f"steps.{name}", step.from_) for name, step in steps.items()]
    users += [(f"outputs.{name}", output.from_) for name, output in outputs.items()]
    for path, source in users:
        if source not in known:
            yield Fault(f"{path}.from", f"there is no step {source!r}{nearest(source, known)}")
    circling: set[str] = set()
    for name in steps:
        if name not in circling and (cycle := _cycle(name, steps)):
            circling.update(cycle)
            yield Fault(f"steps.{name}.from", f"goes round in a circle: {' → '.join(cycle)}")
    needed = {output.from_ for output in outputs.values()}
    for _ in steps:
        needed |= {steps[name].from_ for name in needed if name in steps}
    for name in steps:
        if name not in needed | circling:
            yield Fault(f"steps.{name}", "is not used by any output")


def _name_faults(outputs: Mapping[str, OutputModel]) -> Iterator[Fault]:
    """Two files of one format are told apart by the name of their output, or by what else their templates say."""
    seen: dict[tuple[str, str], str] = {}
    for name, output in outputs.items():
        for format in _formats(output) if "${output}" not in output.name else ():
            first = seen.setdefault((output.name, format), name)
            if first != name:
                yield Fault(f"outputs.{name}.name", f"is that of outputs.{first} too; put ${{output}} into it")
                break


def _cycle(start: str, steps: Mapping[str, StepModel]) -> list[str]:
    path, at = [start], steps[start].from_
    while at in steps and at not in path:
        path.append(at)
        at = steps[at].from_
    return [*path, start] if at == start else []


class _Builder:
    """Builds a document's graph and outputs with values for its variables; what is wrong is collected in `faults`."""

    def __init__(self, document: Document, values: Values) -> None:
        self._document, self._values = document, values
        self.faults: list[Fault] = []
        self._filled_in = 0
        self.used: set[str] = set()

    def making(self) -> Making:
        steps = {name: self._step(name, step) for name, step in self._document.steps.items()}
        ordered: list[Step] = []
        known = {SOURCE}
        while ready := [step for step in steps.values() if step and step.source in known and step.name not in known]:
            ordered += ready
            known |= {step.name for step in ready}
        outputs = [output for name in self._document.outputs for output in self._outputs(name)]
        taken = self._document.input
        return Making(Graph(ordered), tuple(outputs), taken.pages == "all", taken.dpi)

    def collectors(self) -> dict[str, Collector]:
        found, kinds = {}, collectors.found()
        for name, model in self._document.collect.items():
            if model.op not in kinds:
                hint = nearest(model.op, kinds)
                self.faults.append(Fault(f"collect.{name}.op", f"there is no collector {model.op[:60]!r}{hint}"))
            elif collector := self._built(kinds[model.op], model.with_, f"collect.{name}.with"):
                found[name] = collector
        return found

    def _step(self, name: str, step: StepModel) -> Step | None:
        path, kinds = f"steps.{name}", operations.found()
        if step.op not in kinds:
            self.faults.append(Fault(f"{path}.op", f"there is no operation {step.op[:60]!r}{nearest(step.op, kinds)}"))
            self._filled(step.with_, f"{path}.with")
            return None
        operation = self._built(kinds[step.op], step.with_, f"{path}.with")
        return Step(name, operation, step.from_, step.when) if operation else None

    def _outputs(self, name: str) -> Iterator[Output]:
        model, kinds, seen = self._document.outputs[name], encoders.found(), set[str]()
        self._check_name(model.name, f"outputs.{name}.name")
        for at, chosen in enumerate(model.formats):
            path = f"outputs.{name}.formats.{at}"
            named, settings = (chosen, {}) if isinstance(chosen, str) else next(iter(chosen.items()), ("", {}))
            format = str(self._filled(named, path))
            if isinstance(chosen, dict) and len(chosen) != 1:
                self.faults.append(Fault(path, "is not one format with its settings, as in {webp: {quality: 75}}"))
            elif format not in kinds:
                hint = nearest(format, kinds)
                self.faults.append(Fault(path, f"there is no format {format[:60]!r}{hint}"))
            elif format in seen:
                self.faults.append(Fault(path, f"{format} stands twice; make another output of the second one"))
            else:
                seen.add(format)
                encoder = self._built(kinds[format], settings, f"{path}.{format}")
                if encoder:
                    yield Output(f"{name}-{format}", model.from_, encoder)

    def _built(self, kind: type[Built], parameters: Mapping[str, Any], path: str) -> Built | None:
        known = len(self.faults)
        filled = self._filled(parameters, path)
        if len(self.faults) > known:
            return None
        try:
            return kind.model_validate_json(json.dumps(filled))
        except ValidationError as error:
            self.faults += faults_of(error, kind, filled, path)
            return None

    def _filled(self, value: Any, path: str) -> Any:
        """The value with every `${name}` in it replaced; one that is nothing else keeps the variable's type."""
        if isinstance(value, dict):
            return {key: self._filled(inner, f"{path}.{key}") for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, f"{path}.{at}") for at, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        whole = _REFERENCE.fullmatch(value)
        filled = whole[1] if whole else None
        size = sum(len(_text(self._values.get(name, ""))) for name in _REFERENCE.findall(value))
        self._filled_in += size  # counted before it is put together: a few lines could stand for gigabytes
        if self._filled_in > MAX_BYTES:
            self.faults.append(Fault(path, f"with its variables the recipe has more than {MAX_BYTES:,} bytes"))
            return value
        if filled is not None:
            return self._value(filled, path)
        return _REFERENCE.sub(lambda match: _text(self._value(match[1], path)), value)

    def _value(self, name: str, path: str) -> Value:
        self.used.add(name)
        if name not in self._values:
            hint = nearest(name, self._values)
            self.faults.append(Fault(path, f"there is no variable {name[:60]!r}{hint}"))
            return f"${{{name}}}"
        return self._values[name]

    def _check_name(self, template: str, path: str) -> None:
        for name in _REFERENCE.findall(template):
            if name in _OF_THE_FILE:
                continue
            self.used.add(name)
            if name not in self._values:
                hint = nearest(name, (*_OF_THE_FILE, *self._values))
                self.faults.append(Fault(path, f"there is no {name[:60]!r} to put in{hint}"))


def _text(value: object) -> str:
    """A value within a text, as recipes write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
