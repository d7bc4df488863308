"""Structural OpenAPI schemas of the wire models.

Pure, but for reading the source of the models: descriptions are the docstrings below the fields.
Not for the running operator; the generators of CRDs and reference pages use it.
Errors  TypeError for a type that has no schema, LookupError for a field without a docstring.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from porch.api.meta import Wire

Schema: TypeAlias = dict[str, Any]  # Any: JSON of any shape

_SCALARS: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {"x-kubernetes-preserve-unknown-fields": True},
}


def schema_of(struct: type[Wire], *, leave_out: frozenset[str] = frozenset()) -> Schema:
    """The schema of a struct, without the fields (names in Python) to leave out."""
    hints = get_type_hints(struct, include_extras=True)
    texts = field_texts(struct)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in msgspec.structs.fields(struct):
        if field.name in leave_out:
            continue
        schema = {"description": texts[field.name]} | _schema(hints[field.name])
        properties[field.encode_name] = schema
        if field.required and "default" not in schema:
            required.append(field.encode_name)
    result: Schema = {"type": "object", "properties": properties}
    return result | ({"required": sorted(required)} if required else {})


def text_of(struct: type) -> str:
    """The docstring of a model on one line."""
    return _line(inspect.getdoc(struct) or "")


def field_texts(struct: type) -> dict[str, str]:
    """The docstrings below the fields of a model, by the name of the field in Python."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(node, ast.ClassDef)  # noqa: S101  # getsource of a class
    texts = _Texts(struct.__qualname__)
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = _line(text)
    return texts


class _Texts(dict[str, str]):
    def __init__(self, owner: str) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, name: str) -> str:
        raise LookupError(f"{self._owner}.{name} must have a docstring below it")


def _line(text: str) -> str:
    return " ".join(text.split())


def _schema(hint: Any) -> Schema:  # Any: annotations are objects of many types
    if get_origin(hint) is Annotated:
        inner, *metas = get_args(hint)
        schema = _schema(inner)
        for meta in metas:
            schema |= {key: _plain(value) for key, value in meta.extra_json_schema.items()}
        return schema
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    if isinstance(hint, type):
        return _class_schema(hint)
    return _generic_schema(hint)


def _class_schema(hint: type) -> Schema:
    if issubclass(hint, StrEnum):
        return {"type": "string", "enum": [str(each.value) for each in hint]}
    if issubclass(hint, Wire):
        return schema_of(hint)
    raise TypeError(f"a field must have a type with a schema, found {hint!r}")


def _generic_schema(hint: Any) -> Schema:  # Any: as above
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is list:
            return {"type": "array", "items": _schema(arguments[0])}
        case origin if origin is dict and arguments[0] is str:
            return {"type": "object", "additionalProperties": _schema(arguments[1])}
        case origin if origin in (Union, UnionType):
            (inner,) = (each for each in arguments if each is not NoneType)
            return _schema(inner)
    raise TypeError(f"a field must have a type with a schema, found {hint!r}")


def _plain(value: object) -> object:
    return str(value.value) if isinstance(value, StrEnum) else value
