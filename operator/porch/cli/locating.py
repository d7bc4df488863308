"""Where in a package's files something is: a result of a function, a field, a step of a pipeline.

Pure. A place is a path from the root with a line, from 1; line 0 is "somewhere in the file". What
cannot be told for certain is not told: None.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import normpath

from porch.errors import PorchError
from porch.kpt.evaluate import ResourceRef, ResultItem
from porch.kpt.execution import StepFailed
from porch.kpt.files import is_resource_file, text_of
from porch.kpt.kptfile import KPTFILE, ForeignKptfile, OldKptfile, UnreadableKptfile
from porch.kpt.kptfile_validation import InvalidKptfile
from porch.kpt.outcome import RenderFailed
from porch.kpt.pipeline import ExecNotAllowed
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

_STEPS = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Locator:
    """Finds places in the files of a package, as they were before the render."""

    files: Mapping[str, str | bytes]
    has_pipeline: bool = True  # whether the functions are those of the package's pipelines

    def of_failure(self, failure: RenderFailed) -> Place | None:
        """What must be edited to mend a render."""
        kptfile = _below(failure.package, KPTFILE)
        match failure.cause:
            case BadYaml(source=source, line=line) if source:
                return Place(source, line)
            case UnreadableKptfile(problems=problems):
                return Place(kptfile, problems[0].line if problems else 0)
            case InvalidKptfile(field=field):
                return self._field(kptfile, 0, field)
            case StepFailed(run=run):
                return self._of_results(run) or self.of_step(run)
            case OldKptfile() | ForeignKptfile():
                return Place(kptfile, 1)
            case ExecNotAllowed():
                return self._first_exec(kptfile)
            case _:
                return None

    def of_result(self, run: FunctionRun, result: ResultItem) -> Place | None:
        """The field, else the resource, that a result is about."""
        field = result.field.path if result.field else ""
        if result.file is not None and result.file.path:
            path = self._path(run.package, result.file.path)
            return self._field(path, result.file.index, field) if path else None
        if result.resource is None:
            return None
        found = list(self._resources(result.resource, run.package))
        return self._field(*found[0], field) if len(found) == 1 else None

    def of_step(self, run: FunctionRun) -> Place | None:
        """The step of a Kptfile's pipeline that is this function."""
        if not self.has_pipeline:
            return None
        kptfile = _below(run.package, KPTFILE)
        for step in self._steps(kptfile, "validators" if run.validator else "mutators"):
            named = not run.name or step.text("name") == run.name
            if named and _is_same_function(step, run):
                return Place(kptfile, step.line)
        return None

    def _of_results(self, run: FunctionRun) -> Place | None:
        for result in run.results:
            if result.severity == "error":
                return self.of_result(run, result)
        return None

    def _first_exec(self, kptfile: str) -> Place | None:
        for section in ("mutators", "validators"):
            for step in self._steps(kptfile, section):
                key = step.key("exec")
                if key is not None:
                    return Place(kptfile, key.line)
        return None

    def _steps(self, kptfile: str, section: str) -> list[Node]:
        documents = self._documents(kptfile)
        steps = documents[0].at("pipeline", section) if documents else None
        return [each for each in steps.content if each.is_mapping] if steps is not None else []

    def _path(self, package: str, path: str) -> str:
        """The one file that a function of `package` calls `path`; "" when it cannot be told."""
        direct = _below(package, path)
        if direct in self.files:
            return direct
        below = "" if package == "." else f"{package}/"
        found = [
            each for each in self.files if each.startswith(below) and each.endswith(f"/{path}")
        ]
        return found[0] if len(found) == 1 else ""

    def _resources(self, wanted: ResourceRef, package: str) -> Iterator[tuple[str, int]]:
        below = "" if package == "." else f"{package}/"
        for path in sorted(self.files):
            if path.startswith(below) and is_resource_file(path):
                for index, root in enumerate(self._documents(path)):
                    if root.is_mapping and _is_meant(root, wanted):
                        yield path, index

    def _field(self, path: str, index: int, field: str) -> Place:
        documents = self._documents(path)
        if index >= len(documents):
            return Place(path)
        return Place(path, _line(documents[index], field))

    def _documents(self, path: str) -> list[Node]:
        """The documents of a file; none when it cannot be read, which others say better."""
        try:
            return [each.root for each in parse(text_of(self.files.get(path, ""), path))]
        except PorchError:
            return []


def _below(package: str, path: str) -> str:
    return normpath(f"{package}/{path}")


def _is_same_function(step: Node, run: FunctionRun) -> bool:
    if run.exec:
        return step.text("exec") == run.exec
    image = step.text("image")
    return bool(image) and (
        image == run.image or run.image.endswith((f"/{image}", f"/{image}:latest"))
    )


def _is_meant(root: Node, wanted: ResourceRef) -> bool:
    return all(
        not text or root.text(*path) == text
        for text, path in (
            (wanted.api_version, ("apiVersion",)),
            (wanted.kind, ("kind",)),
            (wanted.name, ("metadata", "name")),
            (wanted.namespace, ("metadata", "namespace")),
        )
    )


def _line(root: Node, field: str) -> int:
    """The line of the deepest part of the field that is there."""
    line, node = root.line, root
    for step in _STEPS.findall(field):
        if node.is_mapping:
            key, value = node.key(step), node.get(step)
        elif node.is_sequence and step.isdecimal() and int(step) < len(node.content):
            key = value = node.content[int(step)]
        else:
            break
        if key is None or value is None:
            break
        line, node = key.line or line, value
    return line
