"""One run of functions over a package directory, from reading it to telling how it ended.

Effects: files, child processes, standard output and error. The package is read whole, everything
is computed, and only then something is written.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from porch.cli.directory import PackageDirectory
from porch.cli.jsonreport import report_text
from porch.cli.locating import Locator
from porch.cli.output import Output, put_partial, write_results
from porch.cli.runlog import RunLog
from porch.cli.terminal import Terminal
from porch.functions.executable import ExecutableRuntime
from porch.functions.registry import FunctionRegistry
from porch.functions.remotesettings import RemoteSettings
from porch.functions.runtime import BuiltinRuntime, Chain, FunctionRuntime
from porch.functions.sandbox.parent import Sandbox
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.compatibility import Compatibility
from porch.kpt.outcome import Rendered, RenderFailed

Compute = Callable[[PackageDirectory, Chain, RunLog], Rendered | RenderFailed]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What all runs of functions have in common."""

    output: Output
    results_dir: str = ""  # "" = results are not kept
    truncate: bool = True
    runner: str = ""  # address of a function runner; "" = there is none
    mode: Compatibility = Compatibility.DEFAULT
    has_pipeline: bool = True  # whether the functions are those of Kptfiles


def run(directory: str, compute: Compute, options: RunOptions) -> int:
    """Do it; the exit code."""
    output = options.output
    package = PackageDirectory.read(directory)
    stderr = Terminal.of(sys.stderr)
    log = RunLog(
        Locator(package.files, options.has_pipeline),
        options.mode,
        None if output.is_json else stderr,
        truncate=options.truncate,
    )
    with _chain(options.runner) as chain:
        outcome = compute(package, chain, log)
    results_file = _kept_results(outcome, options)
    if isinstance(outcome, Rendered):
        output.put(outcome, package)
    elif output.is_in_place and options.mode is Compatibility.DEFAULT:
        put_partial(outcome, package)
    if output.is_json:
        sys.stdout.write(report_text(outcome, log, root=package.root, results_file=results_file))
        if isinstance(outcome, RenderFailed):
            stderr.write(f"Error: {log.explanation(outcome)}\n")
    counts = output.is_in_place and options.has_pipeline
    log.close(outcome, counts=counts, results_file=results_file)
    return 0 if isinstance(outcome, Rendered) else 1


@contextmanager
def _chain(runner: str) -> Iterator[Chain]:
    """Built-ins, then executables; whether a pipeline may name those is the render's to check.

    Last the function runner, if there is one. What a package reads of the user's files, the user
    reads: schemas may lie anywhere.
    """
    anywhere = SchemaDirectories((Path("/"),))
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        builtins = BuiltinRuntime(sandbox, schema_files=anywhere)
        runtimes: list[FunctionRuntime] = [builtins, ExecutableRuntime()]
        if runner:
            from porch.functions.remote import open_runner  # gRPC, for those who ask for it

            client = stack.enter_context(open_runner(RemoteSettings(address=runner)))
            runtimes.append(client.runtime(FunctionRegistry()))
        yield Chain(runtimes)


def _kept_results(outcome: Rendered | RenderFailed, options: RunOptions) -> str:
    """The file of results; "" when there is none."""
    has_begun = isinstance(outcome, Rendered) or outcome.has_begun
    if not options.results_dir or not has_begun:
        return ""
    return write_results(options.results_dir, outcome.functions)
