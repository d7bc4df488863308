"""Render: run the pipelines of a package and its sub-packages over its resources.

Pure but for the injected `Evaluate`; the files given are never changed, so a failure leaves
nothing half-done.
Values    `files` maps POSIX paths, relative to the root package, to text or bytes; files that are
          no resources come back as they were.
Order     depth first: a sub-package is mutated and validated before its parent starts. With the
          annotation kpt.dev/bfs-rendering on the root: parents first. Always one after the other,
          so results are the same every time.
Errors    RenderFailed is a value: the package or one of its functions is at fault. Exceptions are
          those of `Evaluate` that time may heal (a runner that is away).
Source    kpt fn render; deviations in docs/reference/kpt-deviations.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from porch.errors import Disposition, PorchError
from porch.kpt.compatibility import Compatibility
from porch.kpt.evaluate import Evaluate
from porch.kpt.execution import StepFailed
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, PackageLimits, check_files, text_of
from porch.kpt.hydration import Hydration
from porch.kpt.kptfile import KPTFILE, SAVE_ON_FAILURE_ANNOTATION, Kptfile
from porch.kpt.outcome import FileData, Rendered, RenderFailed
from porch.kpt.packages import Package, package_tree
from porch.kpt.pipeline import Run
from porch.kpt.renderstatus import write_status
from porch.kpt.runs import Event, Report
from porch.kpt.writing import place_items, write_files
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse


def _silent(_: Event) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a render may do."""

    mode: Compatibility = Compatibility.DEFAULT
    root: str = "/package"  # absolute path that functions and messages see
    allow_exec: bool = False  # whether pipelines may name executables
    has_status: bool = True  # whether the Kptfile tells the outcome; never in mode KPT
    keep_items: bool = False  # whether `Rendered.items` is wanted
    limits: PackageLimits = DEFAULT_PACKAGE_LIMITS


DEFAULT_OPTIONS = RenderOptions()


def render(
    files: Mapping[str, FileData],
    *,
    evaluate: Evaluate,
    options: RenderOptions = DEFAULT_OPTIONS,
    report: Report = _silent,
) -> Rendered | RenderFailed:
    """The package after its pipelines; `report` is told of each step as it happens."""
    attempt = _Attempt(files, options, Run(evaluate, options.mode, options.allow_exec, report))
    try:
        return attempt.render()
    except PorchError as error:
        if error.disposition is not Disposition.STALL:
            raise
        return attempt.failed(error)


class _Attempt:
    """One render and what is known of it so far."""

    def __init__(self, files: Mapping[str, FileData], options: RenderOptions, run: Run) -> None:
        self._files = files
        self._options = options
        self._run = run
        self._hydration: Hydration | None = None

    def render(self) -> Rendered:
        options = self._options
        check_files(self._files, options.limits)
        root = package_tree(self._files, root=options.root, limits=options.limits)
        kptfile = root.read_kptfile()
        self._run.keep_inputs = self._saves_partial(kptfile)
        hydration = self._hydration = Hydration(root, kptfile, self._run)
        items = hydration.hydrate()
        place_items(items, options.root)
        kept = tuple(item.clone() for item in items) if options.keep_items else ()
        written = write_files(items)
        self._write_status(written, error="")
        check_files(written, options.limits)
        return self._rendered(written, hydration, kept)

    def _rendered(
        self, written: Mapping[str, str], hydration: Hydration, items: tuple[Node, ...]
    ) -> Rendered:
        before = self._files
        untouched = self._untouched(written, hydration.inputs)
        after: dict[str, FileData] = {
            path: data for path, data in before.items() if path not in hydration.inputs
        }
        after |= written
        after |= {path: before[path] for path in untouched}
        return Rendered(
            files=after,
            resources=frozenset(written),
            changed=frozenset(
                path for path in after if path in before and not _same(before[path], after[path])
            ),
            generated=frozenset(after.keys() - before.keys()),
            removed=frozenset(before.keys() - after.keys()),
            functions=tuple(self._run.functions),
            packages=_count(hydration.root),
            items=items,
        )

    def _untouched(self, written: Mapping[str, str], inputs: Mapping[str, Package]) -> list[str]:
        """The files whose documents are as they were read; their layout is left alone."""
        if self._options.mode is Compatibility.KPT:
            return []
        return [
            path for path, package in inputs.items() if package.as_read[path] == written.get(path)
        ]

    def _saves_partial(self, kptfile: Kptfile) -> bool:
        is_default = self._options.mode is Compatibility.DEFAULT
        return is_default and kptfile.is_set(SAVE_ON_FAILURE_ANNOTATION)

    # -- failure

    def failed(self, error: PorchError) -> RenderFailed:
        """The failure as a value, with what was made until then if the package asks for that."""
        hydration = self._hydration
        package = hydration.entered.relative if hydration and hydration.entered else "."
        message = self._message(error)
        text = (
            f"fn.render: pkg .:\n\tpkg.render: pkg {package}:"
            f"\n\tpipeline.run: pkg {package}: {message}"
        )
        files = dict(self._files)
        if self._run.keep_inputs and hydration is not None:
            files |= self._partial(hydration)
        self._write_status(files, error=text)
        return RenderFailed(
            error=text,
            message=message,
            cause=error,
            files=files,
            functions=tuple(self._run.functions),
            package=package,
            root=self._options.root,
            function=error.run.title if isinstance(error, StepFailed) else "",
            has_begun=hydration is not None,
        )

    def _message(self, error: PorchError) -> str:
        if not isinstance(error, StepFailed):
            return str(error)
        if self._options.mode is Compatibility.KPT:
            return "already handled error" if error.is_explained else str(error)
        return f'function "{error.run.title}": {error}'

    def _partial(self, hydration: Hydration) -> dict[str, str]:
        items = [item.clone() for item in hydration.partial]
        try:
            place_items(items, self._options.root)
            return write_files(items)
        except PorchError:
            return {}

    # -- status

    def _write_status(self, files: dict[str, FileData] | dict[str, str], *, error: str) -> None:
        options = self._options
        data = files.get(KPTFILE)
        if options.mode is Compatibility.KPT or not options.has_status or data is None:
            return
        try:
            documents = parse(text_of(data, KPTFILE), limits=options.limits.yaml)
        except BadYaml:
            return
        if len(documents) == 1 and documents[0].root.is_mapping:
            write_status(documents[0].root, self._run.functions, error=error)
            files[KPTFILE] = emit(documents)


def _same(one: FileData, other: FileData) -> bool:
    return _bytes(one) == _bytes(other)


def _bytes(data: FileData) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _count(package: Package) -> int:
    return 1 + sum(_count(child) for child in package.children)
