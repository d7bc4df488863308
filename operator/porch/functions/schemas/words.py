"""What is wrong with a value, in the words of kubeconform's JSON-schema library.

Pure. A problem is known by the keyword of the schema that is not fulfilled, with that keyword's
facts as the validator gives them.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from porch.kpt.yaml.node import Data

Facts = Mapping[str, Any]  # of one problem, as the validator names them

_TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")


def missing(names: Sequence[str]) -> str:
    """Required fields are not there."""
    noun = "property" if len(names) == 1 else "properties"
    return f"missing {noun} {_quoted(names)}"


def problem(keyword: str, facts: Facts, value: Data) -> str:
    """One problem of a value."""
    words = _WORDS.get(keyword)
    return words(facts, value) if words is not None else f"{keyword} failed"


def type_of(value: Data) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _type(facts: Facts, value: Data) -> str:
    wanted = sorted(facts["types"], key=_TYPES.index)
    return f"got {type_of(value)}, want {' or '.join(wanted)}"


def _enum(facts: Facts, _: Data) -> str:
    options = facts["options"]
    several = "one of " if len(options) > 1 else ""
    return f"value must be {several}{', '.join(map(_shown, options))}"


def _bound(keyword: str) -> Callable[[Facts, Data], str]:
    """Words for a keyword that limits a number, or the size of something."""

    def words(facts: Facts, value: Data) -> str:
        found = value if isinstance(value, int | float) else len(value or ())
        return f"{keyword}: got {found}, want {facts['limit']}"

    return words


def _multiple(facts: Facts, value: Data) -> str:
    return f"multipleOf: got {value}, want {facts['multiple_of']}"


def _pattern(facts: Facts, value: Data) -> str:
    return f"{_shown(value)} does not match pattern {_quote(facts['pattern'])}"


def _format(facts: Facts, value: Data) -> str:
    return f"{_shown(value)} is not valid {facts['format']}"


def _additional(facts: Facts, _: Data) -> str:
    return f"additional properties {_quoted(facts['unexpected'])} not allowed"


def _unique(_: Facts, __: Data) -> str:
    return "items must be unique"


_WORDS: Mapping[str, Callable[[Facts, Data], str]] = {
    "type": _type,
    "enum": _enum,
    "multipleOf": _multiple,
    "pattern": _pattern,
    "format": _format,
    "additionalProperties": _additional,
    "uniqueItems": _unique,
    **{
        keyword: _bound(keyword)
        for keyword in (
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
        )
    },
}


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(_quote, names))


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _shown(value: Any) -> str:
    return _quote(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
