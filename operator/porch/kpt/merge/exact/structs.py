"""A Kptfile as kpt writes it from its structure: known fields in fixed order, no comments.

Pure. Maps are sorted by key, empty fields are left out (but for the sections that are pointers in
kpt's types), text is quoted where it would be something else. What beta.56 does not know and later
versions do is passed through.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from porch.kpt.yaml.node import Kind, Node

Writer: TypeAlias = Callable[[Node], Node | None]


def text(node: Node) -> Node | None:
    """A string; None when empty."""
    return Node.string(node.value) if node.value and not node.is_null else None


def texts(node: Node) -> Node | None:
    """A list of strings; None when empty."""
    elements = [Node.string(element.value) for element in node.content]
    return Node.sequence(elements) if elements else None


def sorted_texts(node: Node) -> Node | None:
    """A map of strings, by key; None when empty."""
    fields = {key.value: value.value for key, value in node.items()}
    pairs = [(key, Node.string(fields[key])) for key in sorted(fields)]
    return Node.mapping(pairs) if pairs else None


def struct(fields: Mapping[str, Writer]) -> Writer:
    """A structure; None when nothing is in it."""

    def write(node: Node) -> Node | None:
        written = _fields(node, fields)
        return written if written.content else None

    return write


def pointer(fields: Mapping[str, Writer]) -> Writer:
    """A structure that is written when it is there, also when nothing is in it."""

    def write(node: Node) -> Node | None:
        return None if node.is_null else _fields(node, fields)

    return write


def each(fields: Mapping[str, Writer]) -> Writer:
    """A list of structures; None when empty."""

    def write(node: Node) -> Node | None:
        elements = [_fields(element, fields) for element in node.content]
        return Node.sequence(elements) if elements else None

    return write


def _fields(node: Node, fields: Mapping[str, Writer]) -> Node:
    mapping = Node(Kind.MAPPING)
    for name, write in fields.items():
        value = node.get(name)
        written = write(value) if value is not None else None
        if value is not None and written is not None:
            written.line = value.line
            mapping.content += (Node.string(name), written)
    return mapping


_GIT: Final = {"repo": text, "directory": text, "ref": text}
_SELECTOR: Final = {
    "apiVersion": text,
    "kind": text,
    "name": text,
    "namespace": text,
    "labels": sorted_texts,
    "annotations": sorted_texts,
}
_FUNCTION: Final = {
    "image": text,
    "exec": text,
    "configPath": text,
    "configMap": sorted_texts,
    "name": text,
    "tag": text,
    "selectors": each(_SELECTOR),
    "exclude": each(_SELECTOR),
}
_KPTFILE: Final = {
    "apiVersion": text,
    "kind": text,
    "metadata": struct(
        {"name": text, "namespace": text, "labels": sorted_texts, "annotations": sorted_texts}
    ),
    "upstream": pointer({"type": text, "git": pointer(_GIT), "updateStrategy": text}),
    "upstreamLock": pointer(
        {"type": text, "git": pointer(_GIT | {"commit": text}), "generic": Node.clone}
    ),
    "info": pointer(
        {
            "site": text,
            "emails": texts,
            "license": text,
            "licenseFile": text,
            "description": text,
            "keywords": texts,
            "man": text,
            "readinessGates": each({"conditionType": text}),
        }
    ),
    "pipeline": pointer({"mutators": each(_FUNCTION), "validators": each(_FUNCTION)}),
    "inventory": pointer(
        {
            "namespace": text,
            "name": text,
            "inventoryID": text,
            "labels": sorted_texts,
            "annotations": sorted_texts,
        }
    ),
    "status": pointer(
        {
            "conditions": each({"type": text, "status": text, "reason": text, "message": text}),
            "renderStatus": Node.clone,
        }
    ),
}


def as_struct(root: Node) -> Node:
    """The Kptfile written anew; a tree of its own."""
    return _fields(root, _KPTFILE)
