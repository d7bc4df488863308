"""The schemas of Kubernetes' own kinds that are shipped.

Effects   reads `kubernetes.json.xz` beside this module once; `scripts/kubernetes-schemas` makes it.
Cost      some 20 ms for the first kind, then what a compiled schema costs; all are kept.
"""

import json
import lzma
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from porch.functions.schemas.checker import Checker, Schema

_FILE = Path(__file__).with_name("kubernetes.json.xz")
_PREFIX = "#/definitions/"


class Kind(NamedTuple):
    """A kind of resource; the group is "" for the core."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return "/".join(filter(None, self))


class _Shipped(NamedTuple):
    version: str
    kinds: dict[str, str]  # `group/version/kind` -> name of a definition
    definitions: dict[str, Schema]


def version() -> str:
    """The version of Kubernetes, as `1.34.1`."""
    return _shipped().version


def checker(kind: Kind, *, strict: bool) -> Checker | None:
    """What checks resources of a kind, with `strict` for unknown fields, too; None: not known."""
    name = _shipped().kinds.get(str(kind))
    return _compiled(name, strict) if name is not None else None


def metadata(*, strict: bool) -> tuple[Schema, dict[str, Schema]]:
    """The schema of an object's metadata, and the definitions that it needs."""
    name = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    return _reference(name), _definitions(name, strict=strict)


@cache
def _compiled(name: str, strict: bool) -> Checker:
    return Checker({**_reference(name), "definitions": _definitions(name, strict=strict)})


def _reference(name: str) -> Schema:
    return {"type": "object", "allOf": [{"$ref": _PREFIX + name}]}


def _definitions(name: str, *, strict: bool) -> dict[str, Schema]:
    """A definition and those that it refers to."""
    closed = {"additionalProperties": False} if strict else {}
    waiting, found = [name], dict[str, Schema]()
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = {**_shipped().definitions[each], **closed}
            waiting += _references(found[each])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_PREFIX)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


@cache
def _shipped() -> _Shipped:
    return _Shipped(**json.loads(lzma.decompress(_FILE.read_bytes())))
