"""What differs between two resources, field by field.

Pure. Comments, quotes, layout and the order of fields never count; types do: `"1"` is not `1`.
Lists     elements that all have the same identifying field are compared by it, wherever they stand;
          other lists by the alignment of their elements, which keep their number of `before` where
          they were removed, of `after` everywhere else.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeGuard

from porch.kpt.diff.alignment import differing_blocks
from porch.kpt.diff.changes import Change, FieldChange
from porch.kpt.merge.fields import below
from porch.kpt.yaml.node import Data

_IDENTIFYING: Final = (
    "name", "key", "containerPort", "port", "mountPath", "devicePath", "ip", "type",
    "conditionType", "topologyKey", "uid", "id",
)  # fmt: skip


def field_changes(before: Data, after: Data, *, field: str = "") -> Iterator[FieldChange]:
    """The fields that differ, in the order of `before`; none when both are the same."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(before, after, field=field)
    elif _is_list(before) and _is_list(after):
        yield from _elements(before, after, field=field)
    elif not _is_same(before, after):
        yield FieldChange(field, Change.CHANGED, before, after)


def _is_list(data: Data) -> TypeGuard[Sequence[Data]]:
    return isinstance(data, Sequence) and not isinstance(data, str)


def _is_same(before: Data, after: Data) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return before == after
    return _canonical(before) == _canonical(after)


def _canonical(data: Data) -> str:
    """Equal for the same data only: 1, 1.0, true and "1" are four."""
    return json.dumps(data, sort_keys=True)


def _fields(
    before: Mapping[str, Data], after: Mapping[str, Data], *, field: str
) -> Iterator[FieldChange]:
    for key in dict.fromkeys([*before, *after]):
        yield from _part(before, after, key, field=below(field, key))


def _part(
    before: Mapping[str, Data], after: Mapping[str, Data], key: str, *, field: str
) -> Iterator[FieldChange]:
    if key not in after:
        yield FieldChange(field, Change.REMOVED, before[key], None)
    elif key not in before:
        yield FieldChange(field, Change.ADDED, None, after[key])
    else:
        yield from field_changes(before[key], after[key], field=field)


# -- lists


def _elements(
    before: Sequence[Data], after: Sequence[Data], *, field: str
) -> Iterator[FieldChange]:
    for name in _IDENTIFYING:
        olds, news = _labelled(before, name), _labelled(after, name)
        if olds is not None and news is not None:
            yield from _by_label(olds, news, field=field)
            return
    yield from _by_place(before, after, field=field)


def _labelled(elements: Sequence[Data], name: str) -> dict[str, Data] | None:
    """The elements by one of their fields; None when it does not tell them apart."""
    found: dict[str, Data] = {}
    for element in elements:
        label = element.get(name) if isinstance(element, Mapping) else None
        if not isinstance(label, str | int) or label == "":
            return None
        found[f"{name}={label}"] = element
    return found if len(found) == len(elements) else None


def _by_label(
    before: Mapping[str, Data], after: Mapping[str, Data], *, field: str
) -> Iterator[FieldChange]:
    for label in dict.fromkeys([*before, *after]):
        yield from _part(before, after, label, field=f"{field}[{label}]")
    olds = [label for label in before if label in after]
    news = [label for label in after if label in before]
    if olds != news:
        yield FieldChange(field, Change.REORDERED, olds, news)


def _by_place(
    before: Sequence[Data], after: Sequence[Data], *, field: str
) -> Iterator[FieldChange]:
    for block in differing_blocks([*map(_canonical, before)], [*map(_canonical, after)]):
        olds = before[block.before_start : block.before_end]
        news = after[block.after_start : block.after_end]
        for number, (old, new) in enumerate(zip(olds, news, strict=False), block.after_start):
            yield from field_changes(old, new, field=f"{field}[{number}]")
        shared = min(len(olds), len(news))
        for number, old in enumerate(olds[shared:], block.before_start + shared):
            yield FieldChange(f"{field}[{number}]", Change.REMOVED, old, None)
        for number, new in enumerate(news[shared:], block.after_start + shared):
            yield FieldChange(f"{field}[{number}]", Change.ADDED, None, new)
