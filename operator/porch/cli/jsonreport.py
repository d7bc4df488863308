"""How a run ended, as JSON for programs.

Pure. Fields that hold nothing are left out within functions and results; the others are always
there. Fields are added, never renamed; `seconds` are wall clock.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from porch.cli.locating import Locator, Place
from porch.cli.runlog import RunLog, Timed
from porch.kpt.evaluate import ResultItem
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.results import result_data
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.node import Data


def report_text(
    outcome: Rendered | RenderFailed, log: RunLog, *, root: Path, results_file: str = ""
) -> str:
    """The whole report, one JSON object."""
    locator = log.locator
    is_rendered = isinstance(outcome, Rendered)
    data: dict[str, Data] = {
        "package": str(root),
        "outcome": "Succeeded" if is_rendered else "Failed",
        "error": None if isinstance(outcome, Rendered) else _error(outcome, log, locator),
        "functions": [_function(timed, locator) for timed in log.timed],
        "files": _files(outcome),
        "resultsFile": results_file,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _error(failure: RenderFailed, log: RunLog, locator: Locator) -> dict[str, Data]:
    return {
        "reason": failure.cause.reason,
        "message": log.explanation(failure),
        "package": failure.package,
        "function": failure.function,
        **_place(locator.of_failure(failure)),
    }


def _function(timed: Timed, locator: Locator) -> dict[str, Data]:
    run = timed.run
    fields: dict[str, Data] = {
        "image": run.image,
        "exec": run.exec,
        "name": run.name,
        "stderr": run.stderr,
        "error": run.error,
    }
    return {
        **{key: value for key, value in fields.items() if value},
        "package": run.package,
        "type": "validator" if run.validator else "mutator",
        "exitCode": run.exit_code,
        "seconds": round(timed.seconds, 4),
        "results": [_result(run, each, locator) for each in run.results],
    }


def _result(run: FunctionRun, result: ResultItem, locator: Locator) -> Data:
    data = result_data(result)
    if not isinstance(data, Mapping):  # it always is one; its type says less
        return data
    return {**data, **_place(locator.of_result(run, result))}


def _place(place: Place | None) -> dict[str, Data]:
    if place is None:
        return {}
    found: dict[str, Data] = {"file": place.path}
    if place.line:
        found["line"] = place.line
    return {"location": found}


def _files(outcome: Rendered | RenderFailed) -> dict[str, Sequence[str]]:
    if isinstance(outcome, RenderFailed):
        return {"changed": [], "generated": [], "removed": []}
    return {
        "changed": sorted(outcome.changed),
        "generated": sorted(outcome.generated),
        "removed": sorted(outcome.removed),
    }
