"""Paths of fields in results and patterns: `spec.containers[0].image`.

Pure. In a pattern `*` stands for one part, `**` for any number of them, and `name[*]` or `*[0]` for
elements of sequences.
"""

from functools import lru_cache


def below(path: str, key: str) -> str:
    """The path of field `key` of the mapping at `path`."""
    return f"{path}.{key}" if path else key


def element(path: str, number: int) -> str:
    """The path of an element of the sequence at `path`."""
    return f"{path}[{number}]"


def is_absolute(pattern: str) -> bool:
    """Whether a pattern names one field through mappings only."""
    return all(part and "*" not in part and "[" not in part for part in pattern.split("."))


def matches(path: str, pattern: str) -> bool:
    """Whether a path is one that the pattern stands for."""
    return _parts_match(tuple(path.split(".")), tuple(pattern.split(".")))


@lru_cache(maxsize=4096)
def _parts_match(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    reached = {0}  # how many parts of the path the pattern so far may stand for
    for part in pattern:
        if part == "**":
            reached = set(range(min(reached, default=len(path) + 1), len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and _part_matches(path[at], part)}
    return len(path) in reached


def _part_matches(part: str, pattern: str) -> bool:
    if pattern in ("*", part):
        return True
    name, bracket, index = part.partition("[")
    wanted_name, wanted_bracket, wanted_index = pattern.partition("[")
    if not bracket or not wanted_bracket or wanted_name not in ("*", name):
        return False
    return wanted_index in ("*]", index)
