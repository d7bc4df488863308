"""One function on one list of items: what it is told, what it may answer, what becomes of it.

Pure but for the injected `Evaluate`. Items are edited in place: identification annotations are put
on before the call and taken off after it. The items returned are the function's.
Errors    StepFailed, with the run, for every fault that is the function's or the package's.
          Anything else that `Evaluate` raises passes.
Source    kpt's function runner: annotation bookkeeping, path invariants, order of the checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from posixpath import join, normpath
from typing import ClassVar

from porch.errors import Permanent
from porch.kpt import annotations
from porch.kpt.annotations import annotation, index_of, path_of, remove_annotation, set_annotation
from porch.kpt.compatibility import Compatibility
from porch.kpt.evaluate import Evaluate, FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.kptfile import KPTFILE, Function
from porch.kpt.krm import NotKrm, check_krm
from porch.kpt.restoring import ChangedKind, restore
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Node, WrongNode

_PAIRS = (
    (annotations.PATH, annotations.LEGACY_PATH),
    (annotations.INDEX, annotations.LEGACY_INDEX),
)


class StepFailed(Permanent):
    """A function failed, or its answer cannot be used.

    `run` is the function's record. `is_recorded`: the record belongs into the list of results.
    `is_explained`: the record says all there is to say.
    """

    reason: ClassVar[str] = "FunctionFailed"

    def __init__(
        self, message: str, run: FunctionRun, *, is_recorded: bool, is_explained: bool = False
    ) -> None:
        super().__init__(message)
        self.run, self.is_recorded, self.is_explained = run, is_recorded, is_explained


class BadItems(Permanent):
    """The items that a function returned contradict each other or leave the package."""

    reason: ClassVar[str] = "BadItems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One function of one package's pipeline, ready to run."""

    function: Function
    package: str  # absolute path
    relative: str  # path from the root, "." for the root
    is_validator: bool
    config: Node | None

    def record(self) -> FunctionRun:
        """A record of this step, before it ran."""
        return FunctionRun(
            image=self.function.image,
            exec=self.function.exec,
            name=self.function.name,
            package=self.relative,
            validator=self.is_validator,
        )


@dataclass(frozen=True, slots=True)
class Executed:
    """A function that succeeded; its items are not reconciled yet."""

    items: list[Node]
    run: FunctionRun
    places: list[tuple[str, str]]  # path and index of each item given


def execute(step: Step, items: list[Node], *, evaluate: Evaluate, mode: Compatibility) -> Executed:
    """Run the function; StepFailed when that does not end well."""
    run = step.record()
    try:
        check_krm(items, "input")
        places = [] if step.is_validator else _note_places(items)
    except (NotKrm, BadItems) as error:
        raise StepFailed(str(error), run, is_recorded=False) from error
    try:
        output = evaluate(_call(step, items))
        returned = _returned(output, items, mode)
    except (FunctionNotRun, ChangedKind, WrongNode, BadYaml) as error:
        run = replace(run, exit_code=1, error=str(error))
        raise StepFailed(str(error), run, is_recorded=True) from error
    run = replace(
        run,
        exit_code=output.exit_code,
        stderr=output.stderr,
        results=output.results,
        image=output.image or run.image,
    )
    try:
        _settle(returned, step, failed=output.exit_code != 0)
        succeeded = output.exit_code == 0
        if mode is Compatibility.DEFAULT and succeeded and not step.is_validator:
            _check_kptfile_kept(items, returned, step.package)
    except (NotKrm, BadItems) as error:
        raise StepFailed(str(error), run, is_recorded=False) from error
    if output.exit_code:
        raise StepFailed(_cause(run), run, is_recorded=True, is_explained=True)
    return Executed(returned, run, places)


def reconcile(executed: Executed) -> list[Node]:
    """The function's items with both spellings of path and index agreeing; BadItems if they can't.

    Whichever spelling the function changed decides.
    """
    places = {str(number): place for number, place in enumerate(executed.places)}
    for item in executed.items:
        number = annotation(item, annotations.MIGRATION_ID) or ""
        before = places.get(number, ("", ""))
        for (internal, legacy), original in zip(_PAIRS, before, strict=True):
            _agree(item, internal, legacy, original)
        remove_annotation(item, annotations.MIGRATION_ID)
    return executed.items


# -- before the call


def _note_places(items: list[Node]) -> list[tuple[str, str]]:
    """The items' paths and indexes, by the number that each is given for `reconcile`."""
    places: list[tuple[str, str]] = []
    for number, item in enumerate(items):
        _check_spellings(item)
        set_annotation(item, annotations.MIGRATION_ID, str(number))
        places.append((path_of(item), index_of(item)))
    return places


def _check_spellings(item: Node) -> None:
    for internal, legacy in (*_PAIRS, (annotations.ID, annotations.LEGACY_ID)):
        ours, theirs = annotation(item, internal), annotation(item, legacy)
        if ours and theirs and ours != theirs:
            raise _mismatched(internal)


def _call(step: Step, items: list[Node]) -> FunctionCall:
    function = step.function
    for number, item in enumerate(items, 1):
        set_annotation(item, annotations.ID, str(number))
        set_annotation(item, annotations.LEGACY_ID, str(number))
    return FunctionCall(
        image=function.image or None,
        exec=function.exec or None,
        tag=function.tag,
        name=function.name,
        config=step.config,
        items=list(items),
    )


# -- after the call


def _returned(output: FunctionOutput, given: list[Node], mode: Compatibility) -> list[Node]:
    """The items that came back, with what text lost, without identification."""
    if output.is_empty and not output.exit_code and mode is Compatibility.DEFAULT:
        raise FunctionNotRun("the function must print a ResourceList, it printed nothing")
    known = {str(number): item for number, item in enumerate(given, 1)}
    for item in output.items:
        if not item.is_mapping:
            raise FunctionNotRun(
                f"wrong node kind: expected MappingNode but got {item.kind.value}:"
                " every item of a function's output must be a resource"
            )
        number = annotation(item, annotations.ID) or annotation(item, annotations.LEGACY_ID)
        source = known.get(number or "")
        if source is not None and output.through_text:
            restore(source, item, as_kpt=mode is Compatibility.KPT)
        remove_annotation(item, annotations.ID)
        remove_annotation(item, annotations.LEGACY_ID)
    for item in given:
        remove_annotation(item, annotations.ID)
        remove_annotation(item, annotations.LEGACY_ID)
    return output.items


def _settle(items: list[Node], step: Step, *, failed: bool) -> None:
    """Give new items a place, and check all of them."""
    for item in items:
        if not failed and not path_of(item):
            path = default_path(item)
            set_annotation(item, annotations.PATH, path)
            set_annotation(item, annotations.LEGACY_PATH, path)
        if not annotation(item, annotations.PACKAGE_PATH):
            set_annotation(item, annotations.PACKAGE_PATH, step.package)
    _check_places(items)
    check_krm(items, "output")


def default_path(item: Node) -> str:
    """Where a generated item goes that names no path, relative to its package."""
    name = f"{item.text('kind').lower()}_{item.text('metadata', 'name')}.yaml"
    return join(item.text("metadata", "namespace"), name)


def _check_places(items: Sequence[Node]) -> None:
    taken: set[tuple[str | None, str, str]] = set()
    for item in items:
        path = normpath(path_of(item))
        if path == ".." or path.startswith("../"):
            raise BadItems(
                "function must not modify resources outside of package:"
                f" resource has path {path_of(item)}"
            )
        place = (annotation(item, annotations.PACKAGE_PATH), path, index_of(item))
        if place in taken:
            raise BadItems(f'resource at path "{path}" and index "{index_of(item)}" already exists')
        taken.add(place)


def _check_kptfile_kept(given: Sequence[Node], returned: Sequence[Node], package: str) -> None:
    def has_kptfile(items: Sequence[Node]) -> bool:
        return any(
            path_of(item) == KPTFILE and annotation(item, annotations.PACKAGE_PATH) == package
            for item in items
        )

    if has_kptfile(given) and not has_kptfile(returned):
        raise BadItems("a function must not remove or move the Kptfile of its package")


def _agree(item: Node, internal: str, legacy: str, original: str) -> None:
    ours, theirs = annotation(item, internal), annotation(item, legacy)
    if ours and not theirs:
        set_annotation(item, legacy, ours)
    elif theirs and not ours:
        set_annotation(item, internal, theirs)
    elif ours and theirs and ours != theirs:
        if original not in (ours, theirs):
            raise _mismatched(internal)
        changed = ours if ours != original else theirs
        set_annotation(item, internal, changed)
        set_annotation(item, legacy, changed)


def _mismatched(annotation_key: str) -> BadItems:
    name = annotation_key.rpartition("/")[2]
    return BadItems(
        f"resource input to function has mismatched legacy and internal {name} annotations"
    )


def _cause(run: FunctionRun) -> str:
    """Why a function failed, in a line: its first error, else the end of its standard error."""
    errors = [str(result) for result in run.results if result.severity == "error"]
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    told = errors[:1] or lines[-1:]
    return ": ".join([f"exit code {run.exit_code}", *told])
