"""`porchctl fn eval`: one function on all resources below a directory, package or not.

Kptfiles are resources, too; those of sub-packages count, and each package's `.krmignore` hides
what it hides. Functions see paths from the directory.
Errors    BadArguments; those of reading and of the function are a RenderFailed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from porch.cli.directory import PackageDirectory
from porch.cli.errors import BadArguments
from porch.cli.runlog import RunLog
from porch.cli.running import RunOptions, run
from porch.errors import Disposition, PorchError
from porch.functions.runtime import Chain
from porch.kpt.execution import Executed, Step, StepFailed, execute, reconcile
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, check_files, is_resource_file, text_of
from porch.kpt.functionconfig import config_map
from porch.kpt.kptfile import Function
from porch.kpt.krmignore import KRMIGNORE, Ignore
from porch.kpt.outcome import FileData, Rendered, RenderFailed
from porch.kpt.packages import Package, package_tree
from porch.kpt.runs import FunctionFailed, FunctionPassed, FunctionStarted
from porch.kpt.writing import place_items, write_files
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The function to run, as the command line gives it."""

    image: str = ""
    exec: str = ""
    config_file: str = ""  # "" = none
    arguments: Sequence[str] = ()  # key=value


def evaluate_directory(directory: str, options: RunOptions, wanted: Wanted) -> int:
    """Run the function; the exit code."""
    function, config = _function(wanted)

    def compute(package: PackageDirectory, chain: Chain, log: RunLog) -> Rendered | RenderFailed:
        return _Evaluation(package, chain, log, options).of(function, config)

    return run(directory, compute, options)


def _function(wanted: Wanted) -> tuple[Function, Node | None]:
    if bool(wanted.image) == bool(wanted.exec):
        raise BadArguments("exactly one of `--image` and `--exec` must be given")
    if wanted.config_file and wanted.arguments:
        raise BadArguments("arguments behind `--` and `--fn-config` must not both be given")
    function = Function(
        image=wanted.image, exec=wanted.exec, config_map=_data(wanted.arguments) or None
    )
    config = _config(wanted.config_file) if wanted.config_file else config_map(function)
    return function, config


def _data(arguments: Sequence[str]) -> dict[str, str]:
    data: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not key or not equals:
            raise BadArguments(f"arguments behind `--` must be key=value, found {argument!r}")
        data[key] = value
    return data


def _config(path: str) -> Node:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadArguments(f"`--fn-config` {path!r} must be readable: {error.strerror}") from error
    documents = parse(text_of(data, path), source=path)
    if len(documents) != 1 or not documents[0].root.is_mapping:
        raise BadArguments(f"`--fn-config` {path!r} must hold one resource")
    return documents[0].root


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """One function on one directory."""

    package: PackageDirectory
    chain: Chain
    log: RunLog
    options: RunOptions

    def of(self, function: Function, config: Node | None) -> Rendered | RenderFailed:
        root = str(self.package.root)
        step = Step(
            function=function, package=root, relative=".", is_validator=False, config=config
        )
        try:
            return self._evaluated(step)
        except PorchError as error:
            if error.disposition is not Disposition.STALL:
                raise
            return self._failed(error, root)

    def _evaluated(self, step: Step) -> Rendered:
        whole = self._whole_tree(step.package)
        items = whole.read_items()
        check_files(self.package.files, DEFAULT_PACKAGE_LIMITS)
        executed = self._executed(step, items)
        items = reconcile(executed)
        place_items(items, step.package)
        kept = tuple(item.clone() for item in items) if self.options.output.wants_items else ()
        written = write_files(items)
        check_files(written, DEFAULT_PACKAGE_LIMITS)
        before = self.package.files
        inputs = whole.as_read
        after: dict[str, FileData] = {
            path: data for path, data in before.items() if path not in inputs
        }
        after |= written
        changed = {path for path, text in written.items() if text != inputs.get(path)}
        return Rendered(
            files=after,
            resources=frozenset(written),
            changed=frozenset(changed & before.keys()),
            generated=frozenset(changed - before.keys()),
            removed=frozenset(inputs.keys() - written.keys()),
            functions=(executed.run,),
            items=kept,
        )

    def _executed(self, step: Step, items: list[Node]) -> Executed:
        self.log.report(FunctionStarted(step.function.title, None))
        try:
            executed = execute(step, items, evaluate=self.chain, mode=self.options.mode)
        except StepFailed as failure:
            self.log.report(FunctionFailed(failure.run, failure.is_explained))
            raise
        self.log.report(FunctionPassed(executed.run))
        return executed

    def _whole_tree(self, root: str) -> Package:
        """The directory as if it were one package."""
        files = self.package.files
        shown: dict[str, str | bytes] = {}
        packages = [package_tree(files, root=root)]
        for package in packages:
            packages += package.children
            ignore = Ignore(
                text_of(package.files.get(KRMIGNORE, b""), package.from_root(KRMIGNORE))
            )
            for path, data in package.files.items():
                if is_resource_file(path) and not ignore.hides(path):
                    shown[package.from_root(path)] = data
        return Package("", root, shown, files, DEFAULT_PACKAGE_LIMITS)

    def _failed(self, error: PorchError, root: str) -> RenderFailed:
        run = error.run if isinstance(error, StepFailed) else None
        message = f'function "{run.title}": {error}' if run else str(error)
        return RenderFailed(
            error=message,
            message=message,
            cause=error,
            files=self.package.files,
            functions=(run,) if isinstance(error, StepFailed) and run and error.is_recorded else (),
            root=root,
            function=run.title if run else "",
        )
