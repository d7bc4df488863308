"""The resources of one side, and which of them are the same on both.

Pure. Only files that differ are read. A file whose text is no YAML, or that holds a document
without `apiVersion` and `kind`, has no resources: it is told as a file.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from porch.kpt.content import File
from porch.kpt.files import is_resource_file
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.merge.identity import own_name, resource_id
from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data, Node
from porch.kpt.yaml.parse import parse


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One document of one file."""

    path: str
    index: int
    id: ResourceId  # by its own name
    upstream_id: ResourceId  # by the name that it has upstream, where a mark says so
    data: Data


Pair = tuple[Resource, Resource]

# Which resources are the same, the surest sign first.
_SIGNS: Final[Sequence[Callable[[Resource], Hashable]]] = (
    lambda each: (each.path, each.upstream_id),
    lambda each: each.upstream_id if each.id.name else None,
    lambda each: (each.path, each.id),
    lambda each: (each.path, replace(each.id, namespace="")) if each.id.name else None,
)


def read_resources(file: File | None, path: str) -> list[Resource] | None:
    """The resources of a file, none of an absent one; None for a file that is not made of them."""
    if file is None:
        return []
    text = file.text
    if text is None or not is_resource_file(path):
        return None
    try:
        roots = [document.root for document in parse(text, source=path)]
        if "*" in text or "<<" in text:  # else there are no aliases, and a copy is dear
            roots = [expanded(root) for root in roots]
    except BadYaml:
        return None
    if not all(root.text("apiVersion") and root.text("kind") for root in roots):
        return None
    return [_resource(path, index, root) for index, root in enumerate(roots)]


def pair_up(
    before: Iterable[Resource], after: Iterable[Resource]
) -> tuple[list[Pair], list[Resource], list[Resource]]:
    """The resources that are on both sides, and those that are on one of them only."""
    pairs: list[Pair] = []
    olds, news = list(before), list(after)
    for sign in _SIGNS:
        found = list(_matching(_grouped(olds, sign), _grouped(news, sign)))
        pairs += found
        olds = _without(olds, [old for old, _ in found])
        news = _without(news, [new for _, new in found])
    return pairs, olds, news


def _resource(path: str, index: int, root: Node) -> Resource:
    upstream = resource_id(root)
    namespace, name = own_name(root)
    own = replace(upstream, namespace=namespace, name=name)
    return Resource(path, index, own, upstream, _finite(root.to_data()))


def _grouped(
    resources: Iterable[Resource], sign: Callable[[Resource], Hashable]
) -> dict[Hashable, list[Resource]]:
    groups: dict[Hashable, list[Resource]] = defaultdict(list)
    for each in resources:
        key = sign(each)
        if key is not None:
            groups[key].append(each)
    return groups


def _matching(
    olds: Mapping[Hashable, list[Resource]], news: Mapping[Hashable, list[Resource]]
) -> Iterable[Pair]:
    """Pairs with the same sign; as many on both sides go by order, else nothing is guessed."""
    for key, group in olds.items():
        others = news.get(key, [])
        if len(group) == len(others):
            yield from zip(group, others, strict=True)


def _without(resources: Iterable[Resource], gone: Iterable[Resource]) -> list[Resource]:
    left_out = {id(each) for each in gone}
    return [each for each in resources if id(each) not in left_out]


def _finite(data: Data) -> Data:
    """The data without the numbers that JSON does not have: those become text."""
    if isinstance(data, float):
        return data if math.isfinite(data) else str(data)
    if isinstance(data, str):
        return data
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(each) for each in data] if isinstance(data, Sequence) else data
