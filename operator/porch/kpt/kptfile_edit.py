"""Changes of a Kptfile, made on its node tree so that comments, order and unknown fields stay.

Pure; the tree is edited. New fields are put where kpt's own order has them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from porch.kpt.kptfile import Condition, GitRef, Upstream, UpstreamLock
from porch.kpt.yaml.node import Data, Kind, Node

_ORDER: Final = (
    "apiVersion", "kind", "metadata", "upstream", "upstreamLock", "info", "pipeline", "inventory",
    "status",
)  # fmt: skip
_INFO_ORDER: Final = (
    "site", "emails", "license", "licenseFile", "description", "keywords", "man", "readinessGates",
)  # fmt: skip
_STATUS_ORDER: Final = ("conditions", "renderStatus")


def set_condition(root: Node, condition: Condition) -> None:
    """Set the condition of its type: in place when it exists, else last."""
    conditions = _list(_section(root, "status"), "conditions", _STATUS_ORDER)
    for element in conditions.content:
        if element.text("type") == condition.type:
            _write_condition(element, condition)
            return
    element = Node(Kind.MAPPING)
    _write_condition(element, condition)
    conditions.append(element)


def remove_condition(root: Node, condition_type: str) -> None:
    """Remove a condition, and what is then left empty."""
    conditions = root.at("status", "conditions")
    if conditions is not None and conditions.is_sequence:
        conditions.content[:] = [
            element for element in conditions.content if element.text("type") != condition_type
        ]
        _prune(root, "status", "conditions")


def set_render_status(root: Node, status: Data) -> None:
    """Replace `status.renderStatus`; None removes it."""
    if status is None:
        section = root.get("status")
        if section is not None and section.remove("renderStatus"):
            _prune(root, "status")
        return
    new = Node.from_data(status)
    section = _section(root, "status")
    old = section.get("renderStatus")
    if old is None:
        _insert(section, "renderStatus", new, _STATUS_ORDER)
    elif not old.same_data(new):
        old.put(new)


def set_readiness_gates(root: Node, condition_types: Sequence[str]) -> None:
    """Make the gates exactly these; those that exist keep their place and comments."""
    if not condition_types:
        info = root.get("info")
        if info is not None:
            info.remove("readinessGates")
        return
    gates = _list(_section(root, "info"), "readinessGates", _INFO_ORDER)
    wanted = list(dict.fromkeys(condition_types))
    kept = [element for element in gates.content if element.text("conditionType") in wanted]
    known = {element.text("conditionType") for element in kept}
    added = [Node.mapping([("conditionType", each)]) for each in wanted if each not in known]
    gates.content[:] = kept + added


def set_package_name(root: Node, name: str) -> None:
    """Set `metadata.name`."""
    _section(root, "metadata").set("name", name)


def set_labels(root: Node, labels: Mapping[str, str]) -> None:
    """Make the labels exactly these; those that exist keep their place and comments."""
    _set_texts(root, "labels", labels)


def set_annotations(root: Node, annotations: Mapping[str, str]) -> None:
    """Make the annotations exactly these; those that exist keep their place and comments."""
    _set_texts(root, "annotations", annotations)


def set_upstream(root: Node, upstream: Upstream) -> None:
    """Set where the package comes from, as wished."""
    section = _section(root, "upstream")
    _set_text(section, "type", upstream.type)
    _set_git(section, upstream.git, ("repo", "directory", "ref"))
    _set_text(section, "updateStrategy", upstream.update_strategy)


def set_upstream_lock(root: Node, lock: UpstreamLock) -> None:
    """Set where the package comes from, as fetched."""
    section = _section(root, "upstreamLock")
    _set_text(section, "type", lock.type)
    _set_git(section, lock.git, ("repo", "directory", "ref", "commit"))
    if lock.generic is None:
        section.remove("generic")
        return
    generic = section.child("generic")
    _set_text(generic, "storeID", lock.generic.store_id)
    _set_text(generic, "resourceID", lock.generic.resource_id)
    _set_text(generic, "resourceVersion", lock.generic.resource_version)


def place_section(root: Node, name: str, section: Node) -> None:
    """Make a field of the Kptfile this node; a new one is put where kpt's order has it."""
    position = root.index(name)
    if position is None:
        _insert(root, name, section, _ORDER)
    else:
        root.content[position + 1] = section


def remove_field(root: Node, *path: str) -> None:
    """Remove the field at `path`, and what is then left empty above it."""
    parent = root.at(*path[:-1])
    if parent is not None and parent.remove(path[-1]):
        _prune(root, *path[:-1])


# -- steps


def _write_condition(element: Node, condition: Condition) -> None:
    element.set("type", condition.type)
    element.set("status", condition.status)
    _set_text(element, "reason", condition.reason)
    _set_text(element, "message", condition.message)


def _set_texts(root: Node, name: str, texts: Mapping[str, str]) -> None:
    metadata = _section(root, "metadata")
    if not texts:
        metadata.remove(name)
        return
    found = metadata.child(name)
    for key in [each for each in found.keys() if each not in texts]:  # noqa: SIM118 - a Node
        found.remove(key)
    for key, text in texts.items():
        found.set(key, text)


def _set_git(section: Node, git: GitRef | None, fields: Sequence[str]) -> None:
    if git is None:
        section.remove("git")
        return
    node = section.child("git")
    for field in fields:
        _set_text(node, field, getattr(git, field))


def _set_text(section: Node, field: str, text: str) -> None:
    if text:
        section.set(field, text)
    else:
        section.remove(field)


def _section(root: Node, name: str) -> Node:
    found = root.get(name)
    if found is None or found.is_null:
        root.remove(name)
        found = Node(Kind.MAPPING)
        _insert(root, name, found, _ORDER)
    elif not found.content:
        found.style = root.style
    return found


def _list(section: Node, name: str, order: Sequence[str]) -> Node:
    found = section.get(name)
    if found is None or found.is_null:
        section.remove(name)
        found = Node(Kind.SEQUENCE)
        _insert(section, name, found, order)
    elif not found.content:
        found.style = section.style
    return found


def _insert(mapping: Node, key: str, value: Node, order: Sequence[str]) -> None:
    """Put a new field in front of the first one that comes after it in `order`."""
    later = set(order[order.index(key) + 1 :])
    position = next(
        (2 * number for number, each in enumerate(mapping.keys()) if each in later),
        len(mapping.content),
    )
    mapping.content[position:position] = [Node.string(key), value]


def _prune(root: Node, *path: str) -> None:
    """Remove the fields along `path`, innermost first, as far as they are empty."""
    for depth in range(len(path), 0, -1):
        parent, node = root.at(*path[: depth - 1]), root.at(*path[:depth])
        if parent is None or node is None or node.content:
            return
        parent.remove(path[depth - 1])
