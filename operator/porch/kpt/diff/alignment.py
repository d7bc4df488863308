"""Where two sequences differ: lines of texts, elements of lists.

Pure. What is equal at both ends is passed over first, which is all there is to most changes.
Cost      bounded: where repetition would make the search expensive, the whole middle is one block.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

MAX_COMPARISONS: Final = 5_000_000  # of equal pairs in one pass; about a second
_POPULAR_FROM: Final = 200  # elements; from here on difflib passes over what is more than 1 %


class Block(NamedTuple):
    """`before[before_start:before_end]` became `after[after_start:after_end]`."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int


def differing_blocks(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Block]:
    """The blocks that differ, in order; between them both are equal."""
    start = _common(before, after)
    before_middle, after_middle = before[start:], after[start:]
    end = _common(before_middle[::-1], after_middle[::-1])
    before_middle = before_middle[: len(before_middle) - end]
    after_middle = after_middle[: len(after_middle) - end]
    if not before_middle and not after_middle:
        return []
    if _comparisons(before_middle, after_middle) > MAX_COMPARISONS:
        return [Block(start, start + len(before_middle), start, start + len(after_middle))]
    matcher = SequenceMatcher(None, before_middle, after_middle)
    return [
        Block(start + i1, start + i2, start + j1, start + j2)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _common(before: Sequence[Hashable], after: Sequence[Hashable]) -> int:
    """How many elements at the start are equal."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def _comparisons(before: Sequence[Hashable], after: Sequence[Hashable]) -> int:
    counts = Counter(after)
    popular = len(after) // 100 + 1 if len(after) >= _POPULAR_FROM else len(after)
    return sum(count for each in before if (count := counts[each]) <= popular)
