"""Settings from the environment: frozen, grouped dataclasses, and every bad value told at once.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        poll: timedelta = timedelta(seconds=30)         # PORCH_POLL=45s
        queue: QueueSettings = QueueSettings()          # PORCH_QUEUE_WORKERS=16

Pure      the environment is an argument. Build the value once, in the entry layer, and pass it on.
Values    str, int, float, bool (true|false), timedelta (250ms, 30s, 5m, 2h, 1d, and sums: 1m30s),
          Path, StrEnum, tuple[str, ...] (comma-separated). An `int` whose name ends in `_bytes`
          takes Ki, Mi and Gi. `X | None`: an empty value is None.
Names     prefix, group and field in capitals, joined by "_". Unset or (where not None) empty: the
          default; a field without a default must be set.
Errors    BadSettings (STALL), which lists each bad variable, what it must be and what was found;
          values of fields with `metadata={"secret": True}` are not quoted.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from porch.errors import Permanent

S = TypeVar("S")

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class BadSettings(Permanent):
    """Variables of the environment have values that cannot be used."""

    reason = "BadSettings"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("settings must be valid:\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


def load(into: type[S], env: Mapping[str, str], *, prefix: str = "PORCH") -> S:
    """The settings that the environment holds."""
    problems: list[str] = []
    loaded = _group(into, env, prefix, problems)
    if problems or loaded is None:
        raise BadSettings(problems)
    return loaded


def variables(into: type[Any], *, prefix: str = "PORCH") -> dict[str, object]:
    """Every variable and its default (dataclasses.MISSING: it must be set), for documentation."""
    found: dict[str, object] = {}
    for field, kind in _fields(into):
        name = f"{prefix}_{field.name.upper()}"
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            found |= variables(kind, prefix=name)
        else:
            made = field.default_factory
            found[name] = field.default if made is dataclasses.MISSING else made()
    return found


def parse(kind: Any, text: str, *, in_bytes: bool = False) -> Any:
    """The value of a text; ValueError says what it must be."""
    if _is_optional(kind):
        inner = next(each for each in typing.get_args(kind) if each is not types.NoneType)
        return parse(inner, text, in_bytes=in_bytes) if text else None
    if typing.get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind, text)
    if kind is int and in_bytes:
        return _size(text)
    return _PARSERS[kind](text)


def _group(into: type[S], env: Mapping[str, str], prefix: str, problems: list[str]) -> S | None:
    """None when there were problems, which are added to the list."""
    values: dict[str, Any] = {}
    before = len(problems)
    for field, kind in _fields(into):
        name = f"{prefix}_{field.name.upper()}"
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            values[field.name] = _group(kind, env, name, problems)
        elif name in env and (env[name] or _is_optional(kind)):
            values[field.name] = _value(field, kind, env[name], problems, name=name)
        elif _is_required(field):
            problems.append(f"{name} must be set")
    if len(problems) > before:
        return None
    try:
        return into(**values)
    except ValueError as err:
        problems.append(f"{prefix}_*: {err}")
        return None


def _value(
    field: "dataclasses.Field[Any]",
    kind: Any,  # what `typing` gives for an annotation
    text: str,
    problems: list[str],
    *,
    name: str,
) -> Any:
    try:
        return parse(kind, text, in_bytes=field.name.endswith("_bytes"))
    except ValueError as err:
        found = "another value" if field.metadata.get("secret") else repr(text)
        problems.append(f"{name} must be {err}, found {found}")
        return None


def _choice(kind: type[StrEnum], text: str) -> StrEnum:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"one of {', '.join(kind)}") from None


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number") from None


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)(|Ki|Mi|Gi)", text)
    if match is None:
        raise ValueError("bytes such as 1048576, 512Ki or 64Mi")
    return int(match[1]) * _SIZES[match[2]]


def _duration(text: str) -> timedelta:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("a duration such as 250ms, 30s or 1h30m")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _boolean,
    timedelta: _duration,
    Path: Path,
}


def _fields(into: type[Any]) -> list[tuple["dataclasses.Field[Any]", Any]]:
    kinds = typing.get_type_hints(into)
    return [(field, kinds[field.name]) for field in dataclasses.fields(into)]


def _is_optional(kind: Any) -> bool:
    return types.NoneType in typing.get_args(kind)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
