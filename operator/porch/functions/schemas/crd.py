"""Schemas of custom resources, from the CustomResourceDefinitions that define them.

Pure. Only keywords of structural schemas are taken over: what others would do (`$schema`, `id`) a
schema of Kubernetes cannot. A field that the schema does not name is one too many when the check is
strict, except where the API server would keep it.
Bounds    `MOST_PATTERNS` regular expressions a schema, because each takes memory while it is kept.
Errors    BadSchema, for a definition that the API server would refuse, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from porch.functions.schemas import kubernetes
from porch.functions.schemas.checker import BadSchema, Checker, Schema
from porch.functions.schemas.kubernetes import Kind
from porch.kpt.yaml.node import Data

MOST_PATTERNS = 1_000  # the largest definitions seen have some 500
_COPIED = (
    "type",
    "format",
    "required",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
_JUNCTIONS = ("allOf", "anyOf", "oneOf")
_OBJECT = ("apiVersion", "kind", "metadata")
_EXTENSION = "x-kubernetes-"


def is_definition(kind: Kind) -> bool:
    """Whether resources of the kind define others."""
    return kind.group == "apiextensions.k8s.io" and kind.kind == "CustomResourceDefinition"


def defined(definition: Data) -> Iterator[tuple[Kind, Any]]:
    """The kinds that a definition defines, each with its OpenAPI schema."""
    spec = _mapping(_mapping(definition).get("spec"))
    name = _mapping(spec.get("names")).get("kind")
    versions = spec.get("versions")
    for each in versions if isinstance(versions, list) else ():
        version = _mapping(each)
        schema = _mapping(version.get("schema")).get("openAPIV3Schema")
        if isinstance(schema, Mapping):
            yield Kind(str(spec.get("group")), str(version.get("name")), str(name)), schema


def checker(kind: Kind, openapi: Any, *, strict: bool) -> Checker:
    """What checks resources of a defined kind."""
    try:
        _check_patterns(openapi)
        schema = _schema(openapi, strict=strict)
        metadata, definitions = kubernetes.metadata(strict=strict)
        text = {"type": "string"}
        properties = {**schema.get("properties", {}), "apiVersion": text, "kind": text}
        schema["properties"] = {**properties, "metadata": metadata}
        return Checker({**schema, "definitions": definitions})
    except BadSchema as err:
        raise BadSchema(f"schema of {kind.kind} must be structural: {err}") from err


def _check_patterns(openapi: Any) -> None:
    count = _patterns(openapi)
    if count > MOST_PATTERNS:
        raise BadSchema(f"it must not have more than {MOST_PATTERNS} patterns, found {count}")


def _patterns(schema: Any) -> int:
    if isinstance(schema, Mapping):
        own = int(isinstance(schema.get("pattern"), str))
        return own + sum(map(_patterns, schema.values()))
    return sum(map(_patterns, schema)) if isinstance(schema, list) else 0


def _schema(openapi: Any, *, strict: bool) -> Schema:
    """The JSON schema that says the same."""
    source = _mapping(openapi)
    if "$ref" in source:
        raise BadSchema(f"`$ref` must not be used, found {source['$ref']!r}")
    made: Schema = {key: source[key] for key in _COPIED if key in source}
    if source.get(f"{_EXTENSION}int-or-string"):
        made["type"] = ["integer", "string"]
    made |= _below(source, strict=strict)
    made |= {
        key: [_schema(each, strict=False) for each in _list(source[key])]
        for key in _JUNCTIONS
        if key in source
    }
    if "not" in source:
        made["not"] = _schema(source["not"], strict=False)
    return _with_null(made) if source.get("nullable") else made


def _below(source: Mapping[str, Any], *, strict: bool) -> Schema:
    """The schemas of fields, elements and entries."""
    made: Schema = {}
    if "items" in source:
        made["items"] = _schema(source["items"], strict=strict)
    if "properties" in source:
        fields = _mapping(source["properties"])
        made["properties"] = {name: _schema(each, strict=strict) for name, each in fields.items()}
    entries = source.get("additionalProperties")
    if isinstance(entries, Mapping):
        made["additionalProperties"] = _schema(entries, strict=strict)
    elif entries is not None:
        made["additionalProperties"] = entries
    elif strict and "properties" in made and not source.get(f"{_EXTENSION}preserve-unknown-fields"):
        made["additionalProperties"] = False
        if source.get(f"{_EXTENSION}embedded-resource"):
            made["properties"] = {**{key: {} for key in _OBJECT}, **made["properties"]}
    return made


def _with_null(schema: Schema) -> Schema:
    """The schema with null as one more value."""
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list):
        schema["enum"] = [*schema["enum"], None]
    return schema


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []
