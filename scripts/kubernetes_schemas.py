"""Makes the JSON schemas of Kubernetes' kinds that are shipped, from its OpenAPI document.

Run as `python -m scripts.kubernetes_schemas`; it needs `go` and a module proxy, because the
document comes with the Go module of Kubernetes at the version that is pinned here. Written is one
compressed JSON file: `version`, `kinds` (`group/version/kind` to the name of a definition) and
`definitions` in JSON schema, draft 4.

What a user may leave out may be null, as the API server has it. Quantities may be numbers and ports
may be names. Definitions say no type of their own: who refers to one does, so that a wrong type is
one problem and not two. Descriptions and what nobody writes to a file (lists, options) are dropped.
"""

import json
import lzma
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

VERSION = "1.34.1"
TARGET = (
    Path(__file__).resolve().parent.parent / "operator/porch/functions/schemas/kubernetes.json.xz"
)
PREFIX = "#/definitions/"
SCALARS: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
}
Json = dict[str, Any]


def main() -> None:
    """Write the file and say what is in it."""
    definitions = json.loads(document().read_text())["definitions"]
    kinds = {
        kind: name for name, definition in definitions.items() for kind in kinds_of(definition)
    }
    made = {name: made_of(definitions[name], definitions) for name in reached(kinds, definitions)}
    shipped = {"version": VERSION, "kinds": kinds, "definitions": made}
    text = json.dumps(shipped, separators=(",", ":"), sort_keys=True)
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    size = TARGET.stat().st_size
    print(f"{TARGET.name}: Kubernetes {VERSION}, {len(kinds)} kinds, {size} bytes")


def document() -> Path:
    """The OpenAPI document in the cache of Go modules."""
    module = f"k8s.io/kubernetes@v{VERSION}"
    done = subprocess.run(
        ["go", "mod", "download", "-json", module], check=True, stdout=subprocess.PIPE
    )
    return Path(json.loads(done.stdout)["Dir"]) / "api/openapi-spec/swagger.json"


def kinds_of(definition: Json) -> Iterator[str]:
    """The kinds that the definition is of and that somebody may write to a file."""
    named = definition.get("x-kubernetes-group-version-kind", ())
    metadata = definition.get("properties", {}).get("metadata", {})
    if len(named) == 1 and metadata.get("$ref", "").endswith("v1.ObjectMeta"):
        found = named[0]
        yield "/".join(filter(None, (found["group"], found["version"], found["kind"])))


def reached(kinds: Json, definitions: Json) -> list[str]:
    """The names of the definitions that kinds need, themselves included."""
    waiting, seen = list(kinds.values()), set()
    while waiting:
        name = waiting.pop()
        if name not in seen and "properties" in definitions[name]:
            seen.add(name)
            waiting += references(definitions[name])
    return sorted(seen)


def references(schema: Any) -> Iterator[str]:
    """The names of what a schema refers to."""
    values: Iterable[Any] = ()
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(PREFIX)
        values = schema.values()
    for value in values:
        yield from references(value)


def made_of(definition: Json, definitions: Json) -> Json:
    """A definition in JSON schema."""
    required = definition.get("required", [])
    properties = {
        name: value(schema, definitions, may_be_null=name not in required)
        for name, schema in definition["properties"].items()
    }
    return {"properties": properties, **({"required": required} if required else {})}


def value(schema: Json, definitions: Json, *, may_be_null: bool) -> Json:
    """The schema of a field, an element or an entry."""
    made = typed(schema, definitions)
    if may_be_null and "type" in made:
        types = made["type"] if isinstance(made["type"], list) else [made["type"]]
        made["type"] = [*types, "null"]
    return made


def typed(schema: Json, definitions: Json) -> Json:
    """The schema of a value that is there."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        if name in SCALARS:
            return dict(SCALARS[name])
        if "properties" in definitions[name]:
            return {"type": "object", "allOf": [{"$ref": schema["$ref"]}]}
        return typed(definitions[name], definitions)
    made: Json = {key: schema[key] for key in ("type", "format") if key in schema}
    if "items" in schema:
        made["items"] = value(schema["items"], definitions, may_be_null=False)
    if "additionalProperties" in schema:
        entry = schema["additionalProperties"]
        made["additionalProperties"] = value(entry, definitions, may_be_null=True)
    return made


if __name__ == "__main__":
    main()
