"""The progress and outcome of a render as the text that kpt prints to standard error.

Pure: events in, text out. Durations come from the caller.
Source    the command line of kpt 1.0.0-beta.56.
"""

from collections.abc import Sequence
from typing import Final

from porch.kpt.execution import StepFailed
from porch.kpt.kptfile import NoKptfile, OldKptfile, UnreadableKptfile
from porch.kpt.kptfile_validation import InvalidKptfile
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.runs import (
    Event,
    FunctionFailed,
    FunctionPassed,
    FunctionRun,
    FunctionStarted,
    PackageEntered,
    PackageLeft,
)
from porch.kpt.yaml.errors import BadYaml

LINES_SHOWN: Final = 4

_GO_TYPES: Final = {
    "upstream": "Upstream",
    "upstreamLock": "UpstreamLock",
    "git": "Git",
    "info": "PackageInfo",
    "readinessGates": "ReadinessGate",
    "pipeline": "Pipeline",
    "mutators": "Function",
    "validators": "Function",
    "selectors": "Selector",
    "exclude": "Selector",
    "inventory": "Inventory",
    "status": "Status",
    "conditions": "Condition",
}


def event_text(event: Event, *, duration: str = "0s", truncate: bool = True) -> str:
    """What one event prints, newline included."""
    match event:
        case PackageEntered(display):
            return f'Package "{display}": \n'
        case FunctionStarted(title, selected):
            on = "" if selected is None else f" on {selected} resource(s)"
            return f'[RUNNING] "{title}"{on}\n'
        case FunctionPassed(run):
            return f'[PASS] "{run.title}" in {duration}\n' + _details(run, truncate=truncate)
        case FunctionFailed(run, is_explained):
            text = f'[FAIL] "{run.title}" in {duration}\n'
            if not is_explained:
                return text
            return f"{text}{_details(run, truncate=truncate)}  Exit code: {run.exit_code}\n\n"
        case PackageLeft():
            return "\n"


def closing_text(
    outcome: Rendered | RenderFailed, *, in_place: bool = True, results_file: str = ""
) -> str:
    """What is printed after the last event."""
    text = ""
    if isinstance(outcome, Rendered) and in_place:
        ran, packages = len(outcome.functions), outcome.packages
        text = f"Successfully executed {ran} function(s) in {packages} package(s).\n"
    if results_file and (isinstance(outcome, Rendered) or outcome.has_begun):
        text += f"For complete results, see {results_file}\n"
    if isinstance(outcome, RenderFailed):
        text += error_text(outcome)
    return text


def error_text(outcome: RenderFailed) -> str:
    """The error of a render that the events have not explained yet."""
    match outcome.cause:
        case StepFailed(is_explained=True):
            return ""
        case NoKptfile(package=package):
            return f'Error: No Kptfile found at "{package}". \n'
        case OldKptfile(version=version):
            return (
                f'Error: Kptfile at "{outcome.root}" has an old version ("{version}") of the'
                ' Kptfile schema.\nPlease run "kpt fn eval <PKG_PATH> -i gcr.io/kpt-fn/fix:v0.2'
                ' --include-meta-resources" to upgrade the package and retry. \n'
            )
        case UnreadableKptfile() as error:
            path = _below(outcome.root, outcome.package)
            details = _unmarshal_errors(error) or error.problem
            return f'Error: Kptfile at "{path}" can\'t be read.\n\nDetails:\n{details} \n'
        case BadYaml(in_kpt=words) as error if words:
            path = _below(outcome.root, error.source)
            return f"Error: {path}: MalformedYAMLError: {words} \n"
        case InvalidKptfile():
            return f"{outcome.message}\n \n"
        case _:
            return f"Error: {outcome.message} \n"


def _below(root: str, relative: str) -> str:
    return root if relative in ("", ".") else f"{root}/{relative}"


def _unmarshal_errors(error: UnreadableKptfile) -> str:
    """Unknown fields in the words of the Go decoder."""
    lines = [
        f"\n  line {each.line}: field {each.field} not found in type v1.{_go_type(each.path)}"
        for each in error.problems
        if each.field
    ]
    return "yaml: unmarshal errors:" + "".join(lines) if lines else ""


def _go_type(path: str) -> str:
    name = path.rpartition(".")[2].partition("[")[0]
    return _GO_TYPES.get(name, "KptFile")


def _details(run: FunctionRun, *, truncate: bool) -> str:
    text = _block("Results", [str(result) for result in run.results], truncate=truncate)
    if run.stderr:
        lines = [f'"{line}"' for line in run.stderr.split("\n")]
        text += _block("Stderr", lines, truncate=truncate)
    return text


def _block(title: str, lines: Sequence[str], *, truncate: bool) -> str:
    if not lines:
        return ""
    shown = [line.replace("\n", " ") for line in lines]
    rest = len(shown) - LINES_SHOWN
    if truncate and rest > 0:
        hint = f"...({rest} line(s) truncated, use '--truncate-output=false' to disable)"
        shown = [*shown[:LINES_SHOWN], hint]
    return f"  {title}:\n" + "".join(f"    {line}\n" for line in shown)
