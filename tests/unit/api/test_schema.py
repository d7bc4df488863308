"""Schemas from the wire models: types, descriptions, and what must be there."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest

from porch.api.meta import Wire
from porch.api.schema import schema_of


class Colour(StrEnum):
    """For a field with a choice."""

    RED = "Red"
    GREEN = "Green"


class Inner(Wire, frozen=True, kw_only=True):
    """A struct in a struct."""

    long_name: str
    """A name
    on two lines."""


class Outer(Wire, frozen=True, kw_only=True):
    """Every type that a model may use."""

    text: str
    """Text."""
    number: int = 0
    """Number."""
    flag: bool | None = None
    """Flag."""
    at: datetime | None = None
    """Time."""
    colour: Colour | None = None
    """Choice."""
    many: list[Inner] = msgspec.field(default_factory=list)
    """Many."""
    named: dict[str, str] | None = None
    """Named."""
    free: Any = None
    """Free."""
    bounded: Annotated[str, msgspec.Meta(extra_json_schema={"default": Colour.RED, "maxLength": 9})]
    """Bounded."""


def test_each_type_has_its_schema() -> None:
    """Field names are those of the wire, and descriptions are the docstrings on one line."""
    schema = schema_of(Outer)

    assert schema["required"] == ["text"]
    assert schema["properties"] == {
        "text": {"description": "Text.", "type": "string"},
        "number": {"description": "Number.", "type": "integer", "format": "int64"},
        "flag": {"description": "Flag.", "type": "boolean"},
        "at": {"description": "Time.", "type": "string", "format": "date-time"},
        "colour": {"description": "Choice.", "type": "string", "enum": ["Red", "Green"]},
        "many": {
            "description": "Many.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "longName": {"description": "A name on two lines.", "type": "string"}
                },
                "required": ["longName"],
            },
        },
        "named": {
            "description": "Named.",
            "type": "object",
            "additionalProperties": {"type": "string"},
        },
        "free": {"description": "Free.", "x-kubernetes-preserve-unknown-fields": True},
        "bounded": {
            "description": "Bounded.",
            "type": "string",
            "default": "Red",
            "maxLength": 9,
        },
    }


def test_a_field_with_a_default_of_the_server_need_not_be_there() -> None:
    """The server fills it in before it validates."""
    assert "bounded" not in schema_of(Outer)["required"]


class Silent(Wire, frozen=True, kw_only=True):
    """A field that says nothing."""

    unexplained: str = ""


def test_a_field_without_a_docstring_is_an_error() -> None:
    """`kubectl explain` would be empty."""
    with pytest.raises(LookupError, match=r"Silent\.unexplained must have a docstring"):
        schema_of(Silent)


class Odd(Wire, frozen=True, kw_only=True):
    """A field of a type without a schema."""

    raw: bytes = b""
    """Bytes."""


def test_a_type_without_a_schema_is_an_error() -> None:
    """Better than a field that accepts anything."""
    with pytest.raises(TypeError, match="a field must have a type with a schema, found <class 'b"):
        schema_of(Odd)
