"""Flags of the command line from grouped, frozen dataclasses, as existing installations write them.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class PodSettings:
        pod_ttl: timedelta = flag(timedelta(minutes=30), "How long …")      # --pod-ttl=1h

A field is the flag of its name with dashes; `-x` and `--x` mean the same, a value follows "=" or a
space, and a switch may stand without one. Groups only group.
Values    as in `porch.runtime.settings`; a group may refuse some by a ValueError.
Errors    BadFlags, which tells of all values that cannot be used.
"""

import argparse
import dataclasses
import typing
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from porch.errors import Permanent
from porch.runtime.settings import parse

S = TypeVar("S")


class BadFlags(Permanent):
    """Flags have values that cannot be used, or names that do not exist."""

    reason = "BadFlags"


@dataclasses.dataclass(frozen=True, slots=True)
class Flag:
    """One flag, for the parser and for the documentation."""

    name: str  # without dashes before it
    default: str  # as it is written
    help: str
    kind: Any  # what `typing` gives for an annotation


def flag(default: Any, help_: str) -> Any:
    """A field that is a flag."""
    return dataclasses.field(default=default, metadata={"help": help_})


def flags_of(into: type[Any]) -> list[Flag]:
    """All flags of a dataclass and its groups, in order."""
    kinds = typing.get_type_hints(into)
    found: list[Flag] = []
    for field in dataclasses.fields(into):
        kind, name = kinds[field.name], _name(field.name)
        if dataclasses.is_dataclass(kind):
            found += flags_of(kind)  # type: ignore[arg-type]  # an annotation, not a value
        else:
            found.append(Flag(name, written(field.default), field.metadata["help"], kind))
    return found


def read(into: type[S], arguments: Sequence[str], *, program: str) -> S:
    """The settings that a command line gives."""
    parser = _Parser(prog=program, allow_abbrev=False)
    for each in flags_of(into):
        parser.add_argument(
            f"-{each.name}",
            f"--{each.name}",
            nargs="?" if each.kind is bool else None,
            const="true" if each.kind is bool else None,
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=f"{each.help} (default: {each.default or 'empty'})".replace("%", "%%"),
        )
    given: dict[str, str] = vars(parser.parse_args(arguments))
    problems: list[str] = []
    settings = _filled(into, given, problems)
    if problems:
        raise BadFlags("flags must be valid:\n" + "\n".join(f"  {each}" for each in problems))
    return settings


def written(value: object) -> str:
    """A value as a flag has it."""
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            return _duration(value)
        case tuple():
            return ",".join(value)
        case None:
            return ""
        case _:
            return str(value)


def _filled(into: type[S], given: dict[str, str], problems: list[str]) -> S:
    kinds = typing.get_type_hints(into)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(into):  # type: ignore[arg-type]  # dataclasses only
        kind, name = kinds[field.name], _name(field.name)
        if dataclasses.is_dataclass(kind):
            values[field.name] = _filled(kind, given, problems)  # type: ignore[arg-type]
        elif (text := given.get(name.replace("-", "_"))) is not None:
            try:
                values[field.name] = parse(kind, text, in_bytes=name.endswith("-bytes"))
            except ValueError as err:
                problems.append(f"--{name} must be {err}, found {text!r}")
    try:
        return into(**values)
    except ValueError as err:  # values that can be read, and cannot be meant
        problems.append(str(err))
        return into()


def _name(field: str) -> str:
    return field.replace("_", "-")


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{span.total_seconds():g}s"


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise BadFlags(f"{message}; `--help` lists all flags")
