"""Which items a function sees.

Pure. Selectors are or-ed, the criteria of one are and-ed, and exclusions are taken off last; an
exclusion without criteria excludes nothing.
"""

from collections.abc import Mapping, Sequence

from porch.kpt.kptfile import Function, Selector
from porch.kpt.yaml.node import Node


def select(items: Sequence[Node], function: Function, *, repeats: bool) -> list[Node]:
    """The items that `function` sees, in order; with `repeats` once for each matching selector."""
    chosen = list(items)
    if function.selectors:
        chosen = [
            item for item in items for _ in range(_count(item, function.selectors, repeats=repeats))
        ]
    return [item for item in chosen if not _is_excluded(item, function.exclude)]


def _count(item: Node, selectors: Sequence[Selector], *, repeats: bool) -> int:
    matching = sum(_matches(item, selector) for selector in selectors)
    return matching if repeats else min(matching, 1)


def _is_excluded(item: Node, exclusions: Sequence[Selector]) -> bool:
    return any(each != Selector() and _matches(item, each) for each in exclusions)


def _matches(item: Node, selector: Selector) -> bool:
    return (
        selector.api_version in ("", item.text("apiVersion"))
        and selector.kind in ("", item.text("kind"))
        and selector.name in ("", item.text("metadata", "name"))
        and selector.namespace in ("", item.text("metadata", "namespace"))
        and _holds(item.at("metadata", "labels"), selector.labels)
        and _holds(item.at("metadata", "annotations"), selector.annotations)
    )


def _holds(texts: Node | None, wanted: Mapping[str, str]) -> bool:
    if not wanted:
        return True
    if texts is None:
        return False
    found = {key.value: value.value for key, value in texts.items()}
    return all(found.get(key) == value for key, value in wanted.items())
