"""The functionConfig that a function of a pipeline is given.

Pure. A configMap becomes a ConfigMap named function-input, in the order of the Kptfile; a
configPath the document of that file, or the item that stands for it now that earlier functions ran.
"""

from collections.abc import Sequence
from typing import Final

from porch.kpt import annotations
from porch.kpt.annotations import annotation, path_of, remove_annotation
from porch.kpt.compatibility import Compatibility
from porch.kpt.kptfile import Function
from porch.kpt.yaml import scalars
from porch.kpt.yaml.node import DOUBLE, FLOW, LITERAL, PLAIN, Kind, Node

_BOOKKEEPING: Final = (
    annotations.LEGACY_INDEX,
    annotations.LEGACY_PATH,
    annotations.INDEX,
    annotations.PATH,
    annotations.PACKAGE_PATH,
    annotations.SEQ_INDENT,
    annotations.MIGRATION_ID,
    annotations.ID,
    annotations.LEGACY_ID,
    annotations.RESOURCE_ID,
)


def config_map(function: Function) -> Node | None:
    """The ConfigMap of a configMap; None when the function has none."""
    if not function.config_map:
        return None
    data = Node(Kind.MAPPING, style=FLOW)
    for key, value in function.config_map.items():
        data.content += (_scalar(key), _scalar(value))
    return Node.mapping(
        [
            ("apiVersion", "v1"),
            ("kind", "ConfigMap"),
            ("metadata", Node.mapping([("name", "function-input")])),
            ("data", data),
        ]
    )


def current_config(
    function: Function, items: Sequence[Node], *, package: str, mode: Compatibility
) -> Node | None:
    """The item that the configPath names, as earlier functions left it; None when it is gone."""
    for item in items:
        if (
            annotation(item, annotations.PACKAGE_PATH) == package
            and path_of(item) == function.config_path
        ):
            return item if mode is Compatibility.KPT else without_bookkeeping(item)
    return None


def without_bookkeeping(item: Node) -> Node:
    """A copy without the annotations by which render keeps track of items."""
    copy = item.clone()
    for key in _BOOKKEEPING:
        remove_annotation(copy, key)
    return copy


def _scalar(text: str) -> Node:
    """Quoted where YAML 1.2 would not read a string; words of YAML 1.1 stay plain, as in kpt."""
    if "\n" in text:
        return Node.scalar(text, style=LITERAL)
    return Node.scalar(text, style=PLAIN if scalars.is_string(text) else DOUBLE)
