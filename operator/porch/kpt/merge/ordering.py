"""In which order the merged fields of a mapping, elements of a list or documents of a file stand.

Pure. Cost: O(n).
"""

from collections import defaultdict
from collections.abc import Sequence

from porch.kpt.merge.sides import Three


def merged_order(names: Three[Sequence[str]]) -> list[str]:
    """All that updated and local have, where order means something.

    Local's order stands if people moved something, else updated's.
    """
    if _has_moves(names.original, names.local):
        return kept_order(names.local, names.updated)
    return kept_order(names.updated, names.local)


def kept_order(base: Sequence[str], other: Sequence[str]) -> list[str]:
    """All of `base` in its order; what only `other` has follows what it follows there."""
    known = set(base)
    following: dict[str | None, list[str]] = defaultdict(list)  # None: at the beginning
    before: str | None = None
    for name in other:
        if name in known:
            before = name
        else:
            following[before].append(name)
    order = following[None]
    for name in base:
        order += (name, *following[name])
    return order


def _has_moves(original: Sequence[str], local: Sequence[str]) -> bool:
    ours, theirs = set(local), set(original)
    return [name for name in original if name in ours] != [name for name in local if name in theirs]
