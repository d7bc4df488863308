"""What a render writes about itself into the Kptfile.

Pure. The condition `Rendered` is set in place where it exists; `renderStatus` lists the functions
that were reached. Source: kpt from 1.0.0-beta.62 on.
"""

from collections.abc import Sequence

from porch.kpt.evaluate import ResultItem, Severity
from porch.kpt.kptfile import Condition
from porch.kpt.kptfile_edit import set_condition, set_render_status
from porch.kpt.results import result_data
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.node import Data, Node

RENDERED = "Rendered"


def write_status(root: Node, functions: Sequence[FunctionRun], *, error: str) -> None:
    """Say in the Kptfile how the render ended; `error` is "" for a success."""
    if error:
        condition = Condition(RENDERED, "False", "RenderFailed", error)
    else:
        condition = Condition(RENDERED, "True", "RenderSuccess")
    set_condition(root, condition)
    set_render_status(root, _status(functions))


def _status(functions: Sequence[FunctionRun]) -> Data:
    if not functions:
        return None
    status: dict[str, Data] = {}
    for key, is_validator in (("mutationSteps", False), ("validationSteps", True)):
        steps: list[Data] = [_step(run) for run in functions if run.validator is is_validator]
        if steps:
            status[key] = steps
    failing = [_summary(run) for run in functions if run.failed]
    if failing:
        status["errorSummary"] = "\n".join(failing)
    return status


def _step(run: FunctionRun) -> Data:
    step: dict[str, Data] = {}
    for key, text in (
        ("name", run.name),
        ("image", run.image),
        ("exec", run.exec),
        ("executionError", run.error),
        ("stderr", run.stderr),
    ):
        if text:
            step[key] = text
    step["exitCode"] = run.exit_code
    errors = [each for each in run.results if each.severity is Severity.ERROR]
    for key, results in (("results", run.results), ("errorResults", errors)):
        if results:
            step[key] = _results(results)
    return step


def _results(results: Sequence[ResultItem]) -> Data:
    return [result_data(each) for each in results]


def _summary(run: FunctionRun) -> str:
    return f"{run.name or run.title}: {run.error or f'exit code {run.exit_code}'}"
