"""upsert-resource: put the resource that is the config into the package, or that of a List each.

It replaces every item of the same group, kind, namespace and name, whatever their version, and is
added where there is none. The annotation `config.kubernetes.io/target-path` of the config narrows
the search to one file, and names the file of a new item.
"""

from collections import defaultdict

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, Rejected, done
from porch.functions.builtin.legacy import failed_legacy
from porch.kpt.annotations import (
    ID,
    INDEX,
    LEGACY_ID,
    LEGACY_INDEX,
    LEGACY_PATH,
    MIGRATION_ID,
    PACKAGE_PATH,
    PATH,
    RESOURCE_ID,
    SEQ_INDENT,
    annotation,
    path_of,
    remove_annotation,
    set_annotation,
)
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

_TARGET = "config.kubernetes.io/target-path"
_FUNCTION = ("config.kubernetes.io/function", "config.k8s.io/function")
_PLACE = (PATH, LEGACY_PATH, INDEX, LEGACY_INDEX, PACKAGE_PATH, SEQ_INDENT, MIGRATION_ID)
_OF_TOOLS = (*_PLACE, ID, LEGACY_ID, RESOURCE_ID, _TARGET, *_FUNCTION)

_Identity = tuple[str, str, str, str]  # group, kind, namespace, name


def run(call: BuiltinCall) -> FunctionOutput:
    """Put the configured resources in, one after the other."""
    try:
        resources = _resources(call.config)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to upsert resource: {refusal.message}")
    items = list(call.items)
    places: defaultdict[_Identity, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        if not any(annotation(item, key) for key in _FUNCTION):
            places[_identity(item)].append(number)
    for resource in resources:
        _upsert(items, places[_identity(resource)], resource)
    return done(items)


def _resources(config: Node | None) -> list[Node]:
    """The config, or what is in it when it is a List."""
    if config is None or krm.is_empty(config):
        raise Rejected("`functionConfig` must be the resource")
    if config.text("kind") != "List":
        return [config]
    listed = config.get("items")
    found = listed.content if listed is not None and listed.is_sequence else []
    for number, resource in enumerate(found):
        if not resource.is_mapping:
            raise Rejected(f"`items[{number}]` must be a resource")
    return found


def _upsert(items: list[Node], places: list[int], resource: Node) -> None:
    """Replace the items at those of the places that are in the wanted file, or add one."""
    target = annotation(resource, _TARGET) or ""
    matches = [number for number in places if target in ("", path_of(items[number]))]
    for number in matches:
        items[number] = _placed(resource, _annotations(items[number], _PLACE))
    if not matches:
        places.append(len(items))
        items.append(_placed(resource, {PATH: target, LEGACY_PATH: target} if target else {}))


def _identity(item: Node) -> _Identity:
    group, _ = krm.group_version(item)
    return group, item.text("kind"), krm.namespace_of(item), krm.name_of(item)


def _annotations(item: Node, keys: tuple[str, ...]) -> dict[str, str]:
    found = {key: annotation(item, key) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def _placed(resource: Node, place: dict[str, str]) -> Node:
    """A copy of the resource for this place."""
    copy = resource.clone()
    for key in _OF_TOOLS:
        remove_annotation(copy, key)
    for key, value in place.items():
        set_annotation(copy, key, value)
    return copy
