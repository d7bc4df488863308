"""The pipeline of one package: mutators in order, then validators on what they made.

Pure but for the injected `Evaluate` and the report of events.
Errors    StepFailed, InvalidKptfile, NotKrm, BadItems; a mutator's input is kept in `before_step`
          when a partial result may be wanted.
Source    kpt's hydration of one package.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from posixpath import normpath
from typing import ClassVar, Final

from porch.errors import Permanent
from porch.kpt import annotations
from porch.kpt.annotations import annotation, remove_annotation, set_annotation
from porch.kpt.compatibility import Compatibility
from porch.kpt.evaluate import Evaluate
from porch.kpt.execution import BadItems, Step, StepFailed, execute, reconcile
from porch.kpt.functionconfig import config_map, current_config
from porch.kpt.kptfile import Function, Kptfile
from porch.kpt.kptfile_validation import missing_config
from porch.kpt.krm import check_krm
from porch.kpt.packages import Package
from porch.kpt.runs import (
    FunctionFailed,
    FunctionPassed,
    FunctionRun,
    FunctionStarted,
    PackageEntered,
    PackageLeft,
    Report,
)
from porch.kpt.selection import select
from porch.kpt.yaml.node import Node

_NUMBER: Final = annotations.RESOURCE_ID


class ExecNotAllowed(Permanent):
    """The pipeline names an executable and the render must not run any."""

    reason: ClassVar[str] = "ExecNotAllowed"

    def __init__(self) -> None:
        super().__init__("must run with `--allow-exec` option to allow running function binaries")


@dataclass(slots=True)
class Run:
    """What the pipelines of one render share, and what they leave behind."""

    evaluate: Evaluate
    mode: Compatibility
    allow_exec: bool
    report: Report
    functions: list[FunctionRun] = field(default_factory=list)  # the recorded ones
    keep_inputs: bool = False
    before_step: list[Node] | None = None  # the items before the step that runs now


def run_pipeline(package: Package, kptfile: Kptfile, items: list[Node], run: Run) -> list[Node]:
    """The items after the package's own pipeline."""
    run.report(PackageEntered(package.display))
    run.before_step = items
    pipeline = kptfile.pipeline
    if not pipeline.mutators and not pipeline.validators:
        check_krm(items, "input")
        return items
    _check_config_paths(package, kptfile)
    _check_exec(pipeline.mutators, run)
    steps = [_step(package, function, is_validator=False) for function in pipeline.mutators]
    for step in steps:
        items = _mutate(package, step, items, run)
    for function in pipeline.validators:
        _check_exec([function], run)
        _validate(package, _step(package, function, is_validator=True), items, run)
    run.report(PackageLeft())
    return items


# -- before the first function


def _check_config_paths(package: Package, kptfile: Kptfile) -> None:
    own = {annotations.path_of(item) for item in package.read_items()}
    for section, functions in (
        ("mutators", kptfile.pipeline.mutators),
        ("validators", kptfile.pipeline.validators),
    ):
        for number, function in enumerate(functions):
            if function.config_path and normpath(function.config_path) not in own:
                raise missing_config(f"pipeline.{section}[{number}]", function.config_path)


def _check_exec(functions: Sequence[Function], run: Run) -> None:
    if not run.allow_exec and any(function.exec for function in functions):
        raise ExecNotAllowed


def _step(package: Package, function: Function, *, is_validator: bool) -> Step:
    config = config_map(function)
    if function.config_path:
        documents = package.read_documents(normpath(function.config_path))
        config = documents[0] if documents else None
    return Step(
        function=function,
        package=package.path,
        relative=package.relative,
        is_validator=is_validator,
        config=config,
    )


# -- functions


def _mutate(package: Package, step: Step, items: list[Node], run: Run) -> list[Node]:
    run.before_step = [item.clone() for item in items] if run.keep_inputs else items
    is_limited = bool(step.function.selectors or step.function.exclude)
    if is_limited:
        for number, item in enumerate(items):
            set_annotation(item, _NUMBER, str(number))
    step = _with_current_config(package, step, items, run)
    selected = select(items, step.function, repeats=run.mode is Compatibility.KPT)
    numbers = {annotation(item, _NUMBER) for item in selected}
    returned = _run(step, selected, run)
    return _merged(items, numbers, returned) if is_limited else returned


def _merged(items: list[Node], selected: set[str | None], returned: list[Node]) -> list[Node]:
    """All items after a function that saw some: replaced, dropped, and new ones at the end."""
    results: dict[str | None, Node] = {}
    for item in returned:
        results.setdefault(annotation(item, _NUMBER), item)
    merged: list[Node] = []
    for item in items:
        number = annotation(item, _NUMBER)
        if number not in selected:
            merged.append(item)
        elif number in results:
            merged.append(results[number])
    merged += [item for item in returned if not annotation(item, _NUMBER)]
    for item in merged:
        remove_annotation(item, _NUMBER)
    return merged


def _validate(package: Package, step: Step, items: list[Node], run: Run) -> None:
    run.before_step = items
    if run.mode is Compatibility.DEFAULT:
        step = _with_current_config(package, step, items, run)
    selected = select(items, step.function, repeats=run.mode is Compatibility.KPT)
    _run(step, [item.clone() for item in selected], run)


def _with_current_config(package: Package, step: Step, items: list[Node], run: Run) -> Step:
    if not step.function.config_path:
        return step
    current = current_config(step.function, items, package=package.path, mode=run.mode)
    return step if current is None else replace(step, config=current)


def _run(step: Step, items: list[Node], run: Run) -> list[Node]:
    """What a mutator returned; nothing of a validator."""
    limited = bool(step.function.selectors or step.function.exclude)
    run.report(FunctionStarted(step.function.title, len(items) if limited else None))
    try:
        executed = execute(step, items, evaluate=run.evaluate, mode=run.mode)
    except StepFailed as failure:
        if failure.is_recorded:
            run.functions.append(failure.run)
        run.report(FunctionFailed(failure.run, failure.is_explained))
        raise
    run.functions.append(executed.run)
    run.report(FunctionPassed(executed.run))
    if step.is_validator:
        return []
    try:
        return reconcile(executed)
    except BadItems as error:
        raise StepFailed(str(error), executed.run, is_recorded=False) from error
