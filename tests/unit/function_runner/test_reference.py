"""The reference page: its tables are made of the code."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from porch_function_runner.flags import flags_of
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.settings import RunnerSettings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "function-runner.md"


def flag_rows() -> list[str]:
    """A row for each flag."""
    return [
        f"| `--{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.help} |"
        for each in flags_of(RunnerSettings)
    ]


def metric_rows() -> list[str]:
    """A row for each metric of evaluations, then of pods."""
    registry = CollectorRegistry()
    EvaluationMetrics(registry)
    PoolMetrics(registry)
    return [f"| `{_name(each)}` | {each.documentation} |" for each in registry.collect()]


@pytest.mark.parametrize(("about", "rows"), [("flags", flag_rows), ("metrics", metric_rows)])
def test_the_table_is_the_one_of_the_code(about: str, rows: Callable[[], list[str]]) -> None:
    """Paste what is expected here when it is not."""
    section = PAGE.read_text().partition(f"<!-- {about} -->\n")[2]
    table = re.match(r"\n(?:\|.*\n)+", section)

    found = table.group().strip().splitlines()[2:] if table else []
    assert found == rows(), "\n".join(rows())


def _name(metric: Metric) -> str:
    return metric.name + ("_total" if metric.type == "counter" else "")
