"""Checks data against one JSON schema.

Pure but for `retrieve`, through which a schema may refer to others.
Bounds    regular expressions are matched in linear time. At most `MOST_PROBLEMS` are told of one
          piece of data, and only the first one when it has more than `MOST_VALUES` values: each
          costs more than a kilobyte until all are found.
Cost      the library comes with the first checker: 0.1 s and some 10 MiB. A schema of a built-in
          kind is compiled in milliseconds; checking a resource takes some 0.1 ms.
Errors    BadSchema.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import inf
from typing import TYPE_CHECKING, Any

from porch.functions.builtin.contract import Rejected
from porch.functions.schemas import words
from porch.kpt.yaml.node import Data, Path

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

MOST_PROBLEMS = 100
MOST_VALUES = 50_000
_PATTERN_BYTES = 512 << 10  # memory of one compiled regular expression
_UNVERSIONED = "http://json-schema.org/schema#"  # what schemas made from OpenAPI say
_JUNCTIONS = ("anyOf", "oneOf")

Schema = dict[str, Any]  # JSON, as its author wrote it
Retrieve = Callable[[str], Any]  # URI -> JSON; ValueError when it must not or cannot be had


class BadSchema(Rejected):
    """A schema cannot be used."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at a path."""

    path: Path
    message: str


class Checker:
    """One compiled schema."""

    def __init__(
        self, schema: Schema, *, uri: str | None = None, retrieve: Retrieve | None = None
    ) -> None:
        self._validator = _compiled(schema, uri, retrieve)

    def problems(self, data: Data) -> list[Problem]:
        """What is wrong with the data, in its order; a last entry says so when there is more."""
        try:
            return [] if self._validator.is_valid(data) else self._all(data)
        except ValueError as err:  # nested too deep, or text that is no Unicode
            return [Problem((), f"must be data that JSON can hold: {err}")]

    def _all(self, data: Data) -> list[Problem]:
        if _is_larger(data, MOST_VALUES):
            return [*self._first(data), _unsaid(MOST_VALUES, "values")]
        errors = list(islice(self._validator.iter_errors(data), MOST_PROBLEMS + 1))
        in_order = sorted(errors[:MOST_PROBLEMS], key=lambda error: _position(error, data))
        found = list(_told(in_order, data))
        if len(errors) > MOST_PROBLEMS:
            found.append(_unsaid(MOST_PROBLEMS, "problems"))
        return found

    def _first(self, data: Data) -> Iterator[Problem]:
        from jsonschema_rs import ValidationError

        try:
            self._validator.validate(data)
        except ValidationError as err:
            yield from _told([err], data)


def _unsaid(most: int, what: str) -> Problem:
    return Problem((), f"more than {most} {what}: further problems are not told")


def _compiled(schema: Schema, uri: str | None, retrieve: Retrieve | None) -> "Validator":
    import jsonschema_rs  # here, because few renders need it

    if schema.get("$schema", _UNVERSIONED) == _UNVERSIONED:
        make: Callable[..., Validator] = jsonschema_rs.Draft4Validator
        schema = {key: value for key, value in schema.items() if key != "$schema"}
    else:
        make = jsonschema_rs.validator_for
    patterns = jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
    try:
        return make(schema, pattern_options=patterns, base_uri=uri, retriever=retrieve or _refuse)
    except ValueError as err:  # the library's errors are ValueErrors, too
        why = str(err).partition("\n")[0].replace(": ValueError: ", ": ")
        raise BadSchema(why) from err


def _refuse(uri: str) -> Any:
    raise ValueError(f"a schema must not refer to others here, found {uri!r}")


def _told(errors: Sequence["ValidationError"], data: Data) -> Iterator[Problem]:
    """The problems; what is missing in one place is one of them."""
    for (path, is_missing), group in groupby(errors, key=_place):
        if is_missing:
            names = [error.kind.as_dict()["property"] for error in group]
            yield Problem(path, words.missing(names))
        else:
            yield from (Problem(path, _message(error, data)) for error in group)


def _place(error: "ValidationError") -> tuple[Path, bool]:
    return tuple(error.instance_path), error.kind.name == "required"


def _message(error: "ValidationError", data: Data) -> str:
    keyword, facts = error.kind.name, error.kind.as_dict()
    if keyword not in _JUNCTIONS:
        return words.problem(keyword, facts, _at(data, error.instance_path))
    branches = [next(_told(branch, data)) for branch in facts.get("context", ()) if branch]
    if not branches:
        return f"{keyword} failed, several schemas matched"
    said = dict.fromkeys(branch.message for branch in branches[:3])
    return f"{keyword} failed: {'; or '.join(said)}"


def _at(data: Data, path: Sequence[str | int]) -> Data:
    found: Any = data
    for step in path:
        found = found[step]
    value: Data = found
    return value


def _position(error: "ValidationError", data: Data) -> list[float]:
    """Where in the text a problem is: of two, the lesser is told first.

    That of a value comes before those within it, but what is too much in it behind them, as
    kubeconform has it.
    """
    found: Any = data
    positions: list[float] = []
    for step in error.instance_path:
        positions.append(list(found).index(step) if isinstance(step, str) else step)
        found = found[step]
    return [*positions, inf] if error.kind.name == "additionalProperties" else positions


def _is_larger(data: Data, limit: int) -> bool:
    """Whether there are more values than the limit."""
    waiting, count = [data], 0
    while waiting and count <= limit:
        value = waiting.pop()
        count += 1
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, Sequence) and not isinstance(value, str):
            waiting += value
    return count > limit
