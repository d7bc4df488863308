"""Which resource a document is for a merge, and the marks by which a renamed one is found again.

Pure. The mark is the comment `# kpt-merge: <namespace>/<name>` on the key `metadata`: written once,
when a package is cloned, it keeps the name that the resource has upstream. The annotation
`internal.kpt.dev/upstream-identifier` says the same with group and kind.
Source    kpt's resource matcher.
"""

from typing import Final

from porch.kpt.annotations import UPSTREAM_IDENTIFIER, annotation, remove_annotation
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.yaml.node import Node

MARK: Final = "kpt-merge:"
_DEFAULT_NAMESPACE: Final = "default"  # what the annotation says instead of none


def resource_id(root: Node) -> ResourceId:
    """Group, kind, and the name upstream: of the comment, the annotation, or its own."""
    group, kind = group_of(root), root.text("kind")
    namespace, name = merge_name(root) or _annotated_name(root) or own_name(root)
    return ResourceId(group, kind, namespace, name)


def group_of(root: Node) -> str:
    """The API group; "" for core."""
    group, slash, _ = root.text("apiVersion").rpartition("/")
    return group if slash else ""


def own_name(root: Node) -> tuple[str, str]:
    """Namespace and name as the metadata have them."""
    return root.text("metadata", "namespace"), root.text("metadata", "name")


def merge_name(root: Node) -> tuple[str, str] | None:
    """Namespace and name of the merge comment; None when there is none of that form."""
    key = root.key("metadata")
    comment = key.line_comment if key is not None else ""
    text = comment.removeprefix("#").strip()
    if not text.startswith(MARK):
        return None
    namespace, slash, name = text.removeprefix(MARK).strip().partition("/")
    return (namespace, name) if slash else None


def _annotated_name(root: Node) -> tuple[str, str] | None:
    """Namespace and name of the annotation: clients that lose comments keep it."""
    parts = (annotation(root, UPSTREAM_IDENTIFIER) or "").split("|")
    if len(parts) != 4 or not parts[3]:
        return None
    namespace, name = parts[2:]
    if namespace == _DEFAULT_NAMESPACE and own_name(root)[0] != _DEFAULT_NAMESPACE:
        namespace = ""
    return namespace, name


def identifier(root: Node) -> str:
    """What the annotation is to say."""
    namespace, name = merge_name(root) or own_name(root)
    return "|".join((group_of(root), root.text("kind"), namespace or _DEFAULT_NAMESPACE, name))


def unmarked(root: Node) -> Node:
    """A copy without the marks, to tell whether people changed a resource."""
    copy = root.clone()
    key = copy.key("metadata")
    if key is not None and MARK in key.line_comment:
        key.line_comment = ""
    remove_annotation(copy, UPSTREAM_IDENTIFIER)
    return copy
