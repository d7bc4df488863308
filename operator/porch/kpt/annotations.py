"""The annotations by which kpt tells a function, and itself, where an item belongs.

Pure. Setting follows kpt: a new annotation is single-quoted, an existing one keeps its style, and
an empty `annotations` mapping is dropped before.
Source    kyaml kioutil and kpt's function runner.
"""

from typing import Final

from porch.kpt.yaml.node import FLOW, PLAIN, SINGLE, Kind, Node

_INTERNAL: Final = "internal.config.kubernetes.io/"
_LEGACY: Final = "config.kubernetes.io/"

PATH: Final = _INTERNAL + "path"
INDEX: Final = _INTERNAL + "index"
ID: Final = _INTERNAL + "id"
LEGACY_PATH: Final = _LEGACY + "path"
LEGACY_INDEX: Final = _LEGACY + "index"
LEGACY_ID: Final = "config.k8s.io/id"
SEQ_INDENT: Final = _INTERNAL + "seqindent"
PACKAGE_PATH: Final = _INTERNAL + "package-path"
MIGRATION_ID: Final = _INTERNAL + "annotations-migration-resource-id"
RESOURCE_ID: Final = "internal.config.k8s.io/kpt-resource-id"

LOCAL_CONFIG: Final = _LEGACY + "local-config"
UPSTREAM_IDENTIFIER: Final = "internal.kpt.dev/upstream-identifier"


def annotation(item: Node, key: str) -> str | None:
    """The text of an annotation; None when absent."""
    annotations = _annotations(item)
    value = annotations.get(key) if annotations is not None else None
    return value.value if value is not None and value.kind is Kind.SCALAR else None


def set_annotation(item: Node, key: str, value: str) -> None:
    """Set an annotation, creating `metadata` and `annotations` where they are missing."""
    annotations = _annotations(item)
    if annotations is None or not annotations.content:
        annotations = _create(item)
    current = annotations.get(key)
    if current is None:
        annotations.content += (
            Node(Kind.SCALAR, key),
            Node(Kind.SCALAR, value, style=SINGLE),
        )
    else:
        current.kind, current.value, current.tag, current.content = Kind.SCALAR, value, None, []


def remove_annotation(item: Node, key: str) -> None:
    """Remove an annotation, and the `annotations` mapping if nothing else is in it."""
    annotations = _annotations(item)
    if annotations is not None:
        annotations.remove(key)
        if not annotations.content:
            item.content[_position(item, "metadata") + 1].remove("annotations")


def path_of(item: Node) -> str:
    """The item's file, relative to its package; "" when it has none."""
    return annotation(item, PATH) or annotation(item, LEGACY_PATH) or ""


def index_of(item: Node) -> str:
    """The item's place in its file as written; "" when it has none."""
    found = annotation(item, INDEX)
    return found if found is not None else annotation(item, LEGACY_INDEX) or ""


def _annotations(item: Node) -> Node | None:
    metadata = item.get("metadata")
    if metadata is None or metadata.kind is not Kind.MAPPING:
        return None
    annotations = metadata.get("annotations")
    if annotations is None or annotations.kind is not Kind.MAPPING:
        return None
    return annotations


def _create(item: Node) -> Node:
    metadata = item.get("metadata")
    if metadata is None or metadata.kind is not Kind.MAPPING:
        item.remove("metadata")
        metadata = Node(Kind.MAPPING)
        item.content += (Node(Kind.SCALAR, "metadata"), metadata)
    metadata.remove("annotations")
    annotations = Node(Kind.MAPPING, style=FLOW if metadata.style == FLOW else PLAIN)
    metadata.content += (Node(Kind.SCALAR, "annotations"), annotations)
    return annotations


def _position(item: Node, key: str) -> int:
    position = item.index(key)
    return 0 if position is None else position
