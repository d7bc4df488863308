"""Results for people: one column of values, or several side by side. Pure."""

from collections.abc import Mapping, Sequence

from bench.results import Result

Row = tuple[str, ...]


def table(results: Sequence[Result]) -> str:
    """Each result on a line: value, target, whether it was met."""
    rows: list[Row] = [("case", "metric", "value", "target", "")]
    rows += [
        (each.case, each.metric, _value(each), _target(each), each.verdict) for each in results
    ]
    return _aligned(rows)


def side_by_side(columns: Mapping[str, Sequence[Result]]) -> str:
    """The same results of several systems or times; "/" is the last value by the first."""
    rows: list[Row] = [("case", "metric", *columns, "/", "target")]
    found = {name: {(it.case, it.metric): it for it in column} for name, column in columns.items()}
    for case, metric in dict.fromkeys(place for column in found.values() for place in column):
        here = [column.get((case, metric)) for column in found.values()]
        target = next((_target(each) for each in here if each is not None), "")
        values = ["-" if each is None else _value(each) for each in here]
        rows.append((case, metric, *values, _ratio(here[0], here[-1]), target))
    return _aligned(rows)


def _value(result: Result) -> str:
    return f"{result.value:.4g} {result.unit}".rstrip()


def _target(result: Result) -> str:
    return "" if result.target is None else f"{result.target:g} {result.unit}".rstrip()


def _ratio(first: Result | None, last: Result | None) -> str:
    if first is None or last is None or first.value == 0:
        return ""
    return f"{last.value / first.value:.2f}"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
