"""Which lists of custom resources merge element by element, by the CRDs that define them.

Pure. A list merges by its `x-kubernetes-list-map-keys`, or by its patch merge key where the patch
strategy is `merge`; a list of type `set` by value. Keys may have defaults in the schema. What does
not look like a CRD defines nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from porch.kpt.merge.kubernetes import resource_shape
from porch.kpt.merge.shapes import MergeKeys, Shape
from porch.kpt.yaml.node import Data

GroupVersionKind: TypeAlias = tuple[str, str]  # apiVersion, kind

_KIND: Final = "CustomResourceDefinition"
_EXTENSION: Final = "x-kubernetes-"


def crd_shapes(document: Data) -> dict[GroupVersionKind, Shape]:
    """The shapes that one document defines; none when it is no CRD."""
    crd = _mapping(document)
    if crd.get("kind") != _KIND:
        return {}
    spec = _mapping(crd.get("spec"))
    group, kind = spec.get("group"), _mapping(spec.get("names")).get("kind")
    return {
        (f"{group}/{name}", str(kind)): Shape(
            {**resource_shape().fields, **_fields_but_metadata(schema)}
        )
        for name, schema in _versions(spec)
    }


def _versions(spec: Mapping[str, Data]) -> Iterator[tuple[str, Mapping[str, Data]]]:
    """Name and schema of each version; v1beta1 may have one schema for all."""
    common = _mapping(_mapping(spec.get("validation")).get("openAPIV3Schema"))
    for each in _list(spec.get("versions")):
        version = _mapping(each)
        own = _mapping(_mapping(version.get("schema")).get("openAPIV3Schema"))
        yield str(version.get("name")), own or common


def _fields_but_metadata(schema: Mapping[str, Data]) -> dict[str, Shape]:
    shape = _shape(schema)
    fields = dict(shape.fields) if shape is not None else {}
    fields.pop("metadata", None)
    return fields


def _shape(schema: Mapping[str, Data]) -> Shape | None:
    """The shape of a value; None when nothing in it merges in a way of its own."""
    inner = _mapping(schema.get("items", schema.get("additionalProperties")))
    below = _shape(inner) if inner else None
    fields = {
        name: shape
        for name, each in _mapping(schema.get("properties")).items()
        if (shape := _shape(_mapping(each))) is not None
    }
    keys = _keys(schema)
    if keys is None and "items" in schema:
        return None
    return Shape(fields, below, keys) if fields or below or keys else None


def _keys(schema: Mapping[str, Data]) -> MergeKeys | None:
    list_type = schema.get(f"{_EXTENSION}list-type")
    names = tuple(map(str, _list(schema.get(f"{_EXTENSION}list-map-keys"))))
    if list_type == "set":
        return MergeKeys(())
    if list_type == "map" and names:
        return MergeKeys(names, _defaults(schema, names))
    key = schema.get(f"{_EXTENSION}patch-merge-key")
    strategies = str(schema.get(f"{_EXTENSION}patch-strategy", "")).split(",")
    if "merge" in strategies and (names or key):
        names = names or (str(key),)
        return MergeKeys(names, _defaults(schema, names))
    return None


def _defaults(schema: Mapping[str, Data], names: tuple[str, ...]) -> dict[str, str]:
    properties = _mapping(_mapping(schema.get("items")).get("properties"))
    defaults = {name: _mapping(properties.get(name)).get("default") for name in names}
    return {name: str(value) for name, value in defaults.items() if value is not None}


def _mapping(data: Data) -> Mapping[str, Data]:
    return data if isinstance(data, Mapping) else {}


def _list(data: Data) -> list[Data]:
    return list(data) if isinstance(data, list) else []
