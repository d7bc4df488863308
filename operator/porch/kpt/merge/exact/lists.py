"""kpt's merge of lists whose elements have keys.

Elements are found by the values of their keys, in the order local, original, updated. An element
without the key, or with one that another has too, gets what belongs to somebody else: kpt does so.
Errors    Unmergeable when sides infer different keys.
Source    the associative lists of kyaml 0.15.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from porch.kpt.merge.exact.setting import is_nothing, set_value
from porch.kpt.merge.exact.sources import Sources, Unmergeable
from porch.kpt.merge.shapes import Shape
from porch.kpt.yaml.node import Kind, Node

_INFERRED: Final = "name"
_BY_VALUE: Final = ("",)  # the keys of a set

Walk: TypeAlias = Callable[[Sources, Shape | None], Node | None]
Values: TypeAlias = tuple[str, ...]  # of the keys of one element; "" where it lacks one


def has_names(sources: Sources) -> bool:
    """Whether some side has a list whose elements all have a name."""
    return any(node.content and _have_names(node) for node in sources.present)


def _have_names(sequence: Node) -> bool:
    return all(element.get(_INFERRED) is not None for element in sequence.content)


def merge_elements(sources: Sources, shape: Shape | None, *, walk: Walk, field: str) -> Node | None:
    """The merged list; None when it is to be removed."""
    if is_nothing(sources.updated) and not is_nothing(sources.origin):
        return None
    dest = sources.dest
    if dest is None or dest.is_null:
        dest = Node(Kind.SEQUENCE)
    sources = Sources(dest, sources.origin, sources.updated)
    if shape is not None and shape.keys is not None:
        keys = shape.keys.names
    else:
        keys = (_common_key(sources, field),)
    below = shape.each if shape is not None else None
    merge = _Merge(sources, below, walk, _all_values(sources, keys), keys or _BY_VALUE)
    merge.into(dest)
    return dest


def _common_key(sources: Sources, field: str) -> str:
    key = ""
    for node in sources.present:
        if node.content:
            found = _INFERRED if _have_names(node) else ""
            if key and found != key:
                words = f"conflicting merge keys [{key},{found}] for field {field}"
                raise Unmergeable(
                    f"line {node.line}: the elements of `{field}` must have a name on all sides"
                    " or on none",
                    in_kpt=words,
                )
            key = found
    return key


def _all_values(sources: Sources, keys: Sequence[str]) -> list[Values]:
    """What tells the elements apart, each once, in order."""
    found: dict[Values, None] = {}
    for node in sources.present:
        for element in node.content:
            found[_values_of(element, keys)] = None
    values = list(found)
    return values if len(keys) < 2 else _unified(values)


def _values_of(element: Node, keys: Sequence[str]) -> Values:
    if not keys:
        return (element.value,)
    return tuple("" if (value := element.get(key)) is None else value.value for key in keys)


def _unified(values: list[Values]) -> list[Values]:
    """Those that agree on a key, and differ only where one lacks it, become one and the same."""
    for here in range(len(values)):
        for there in range(len(values)):
            pairs = list(zip(values[here], values[there], strict=True))
            agrees = any(one == other for one, other in pairs)
            if agrees and all(one == other or not (one and other) for one, other in pairs):
                values[here] = values[there] = tuple(one or other for one, other in pairs)
    return values


@dataclass(frozen=True, slots=True)
class _Merge:
    """One list while its elements are merged."""

    sources: Sources
    shape: Shape | None  # of an element
    walk: Walk
    values: list[Values]
    keys: Sequence[str]

    def into(self, dest: Node) -> None:
        """Edit local's list."""
        added = Node(Kind.SEQUENCE)
        keys: Sequence[str] = ()
        for each in self.values:
            keys, values = _used(self.values, each, self.keys)
            element = self._merged(keys, values)
            _put(added if element is not None else dest, keys, values, element)
        for element in list(added.content):
            if keys[0] == "":
                _put(dest, keys, (element.value,), element)
                continue
            values = tuple(value.value for key in keys if (value := element.get(key)) is not None)
            if len(keys) > 1:
                _put(dest, keys, values, None)
            _put(dest, keys, values, element)

    def _merged(self, keys: Sequence[str], values: Values) -> Node | None:
        """The merged element, its keys set; None when nothing is left of it."""
        wanted = _used([values], values, keys)
        element = self.walk(Sources(*(_find(node, *wanted) for node in self.sources)), self.shape)
        if element is None or element.is_null or (element.is_mapping and not element.content):
            return None
        for key, value in zip(keys, values, strict=False):
            if key and value and element.get(key) is None:
                set_value(element, key, Node(Kind.SCALAR, value))
        return element


def _used(
    all_values: Sequence[Values], values: Values, keys: Sequence[str]
) -> tuple[Sequence[str], Values]:
    """The keys that some element has, and their values."""
    used = {keys[place] for each in all_values for place, value in enumerate(each) if value}
    if not used:
        return keys, values
    return (
        [key for key in keys if key in used],
        tuple(value for place, value in enumerate(values) if value or keys[place] in used),
    )


def _find(node: Node | None, keys: Sequence[str], values: Values) -> Node | None:
    """The first element with these values."""
    if node is None or node.is_null:
        return None
    for element in node.content:
        if keys[0] == "":
            if element.kind is Kind.SCALAR and element.value == values[0]:
                return element
        elif element.kind is Kind.MAPPING and all(
            (found := element.get(key)) is not None and found.value == value
            for key, value in zip(keys, values, strict=False)
        ):
            return element
    return None


def _put(sequence: Node, keys: Sequence[str], values: Values, element: Node | None) -> None:
    """Replace the elements with these values, or append; None removes. Empty ones are dropped."""
    content: list[Node] = []
    is_keyed = bool(keys and keys[0] and values and values[0])
    is_found = False
    for each in sequence.content:
        if each.is_null or (each.kind is Kind.MAPPING and not each.content):
            continue
        if (each.kind is not Kind.MAPPING and is_keyed) or not _matches(each, keys, values):
            content.append(each)
            continue
        is_found = True
        if element is not None:
            content.append(element)
    if element is not None and not is_found:
        content.append(element)
    sequence.content = content


def _matches(element: Node, keys: Sequence[str], values: Values) -> bool:
    """Whether an element has these values; "" stands for any."""
    for key, value in zip(keys, values, strict=False):
        if key == "":
            if element.kind is not Kind.SCALAR or element.value != value:
                return False
        else:
            found = element.get(key)
            if found is None or (value and found.value != value):
                return False
    return True
