"""What a render writes about itself into the Kptfile.

Pure. The condition `Rendered` is set in place where it exists; `renderStatus` lists the functions
that were reached. Source: kpt from 1.0.0-beta.62 on.
"""

from collections.abc import Sequence

from porch.kpt.content import Content, File
from porch.kpt.evaluate import ResultItem, Severity
from porch.kpt.kptfile import KPTFILE, Condition
from porch.kpt.kptfile_edit import remove_condition, set_condition, set_render_status
from porch.kpt.results import result_data
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data, Node
from porch.kpt.yaml.parse import parse

RENDERED = "Rendered"


def write_status(root: Node, functions: Sequence[FunctionRun], *, error: str) -> None:
    """Say in the Kptfile how the render ended; `error` is "" for a success."""
    if error:
        condition = Condition(RENDERED, "False", "RenderFailed", error)
    else:
        condition = Condition(RENDERED, "True", "RenderSuccess")
    set_condition(root, condition)
    set_render_status(root, _status(functions))


def differ_in_account_only(one: Content, other: Content) -> bool:
    """Whether two contents are the same but for what the root's Kptfile tells of its render.

    A render of rendered files changes nothing, but its functions may report in other words.
    """
    if one.keys() != other.keys():
        return False
    different = [path for path in one if one[path] != other[path]]
    if different != [KPTFILE] or one[KPTFILE].mode is not other[KPTFILE].mode:
        return False
    try:
        return _without_account(one[KPTFILE]) == _without_account(other[KPTFILE])
    except BadYaml:
        return False


def _without_account(file: File) -> str:
    documents = parse(file.text or "")
    for document in documents:
        if document.root.is_mapping:
            remove_condition(document.root, RENDERED)
            set_render_status(document.root, None)
    return emit(documents)


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
