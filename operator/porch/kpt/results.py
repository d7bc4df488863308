"""The list of function results as kpt writes it to a file.

Pure. Source: the FunctionResultList of kpt.dev/v1; empty fields are left out, `exitCode` never.
"""

from collections.abc import Sequence

from porch.kpt.evaluate import ResultItem
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Data, Node


def function_result_list(functions: Sequence[FunctionRun]) -> dict[str, Data]:
    """The results of the functions that ran, in order of execution."""
    data: dict[str, Data] = {
        "apiVersion": "kpt.dev/v1",
        "kind": "FunctionResultList",
        "metadata": {"name": "fnresults"},
        "exitCode": 1 if any(run.failed for run in functions) else 0,
    }
    if functions:
        data["items"] = [_run(run) for run in functions]
    return data


def results_text(functions: Sequence[FunctionRun]) -> str:
    """The text of the file `results.yaml`."""
    return emit_document(Node.from_data(function_result_list(functions)), wide=True)


def result_data(result: ResultItem) -> Data:
    """One structured result."""
    data: dict[str, Data] = {"message": result.message}
    if result.severity is not None:
        data["severity"] = str(result.severity)
    if result.resource is not None:
        ref = result.resource
        data["resourceRef"] = _present(
            apiVersion=ref.api_version, kind=ref.kind, name=ref.name, namespace=ref.namespace
        )
    if result.field is not None:
        data["field"] = _present(
            path=result.field.path,
            currentValue=result.field.current_value,
            proposedValue=result.field.proposed_value,
        )
    if result.file is not None:
        data["file"] = _present(path=result.file.path, index=result.file.index)
    if result.tags:
        data["tags"] = dict(sorted(result.tags))
    return data


def _run(run: FunctionRun) -> Data:
    data = _present(image=run.image, exec=run.exec, stderr=run.stderr)
    data["exitCode"] = run.exit_code
    if run.results:
        data["results"] = [result_data(each) for each in run.results]
    return data


def _present(**fields: Data) -> dict[str, Data]:
    return {key: value for key, value in fields.items() if value}
