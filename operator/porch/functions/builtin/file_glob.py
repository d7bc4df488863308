"""Glob patterns on file paths, as RE2 patterns.

Pure. `*` and `?` stay within one part of the path, `**` crosses parts, `[ab]` and `{a,b}` choose.
The result is anchored and, RE2 having no backtracking, linear in the path.
"""

import re

_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]/]*\]|\\.|[{},]|[^*?\[\\{},]+|\[|\\")
_PLAIN = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_literal(pattern: str) -> bool:
    """Whether the pattern is just a path."""
    return not re.search(r"[*?\[\\{]", pattern)


def to_re2(pattern: str) -> str:
    """The pattern as a regular expression."""
    depth = 0
    parts: list[str] = []
    for piece in _PIECE.findall(pattern):
        if piece == "{":
            depth += 1
            parts.append("(?:")
        elif piece == "}" and depth:
            depth -= 1
            parts.append(")")
        elif piece == "," and depth:
            parts.append("|")
        else:
            parts.append(_PLAIN.get(piece) or _other(piece))
    return "^(?s:" + "".join(parts) + ")$"


def _other(piece: str) -> str:
    if piece[0] == "[" and len(piece) > 2:
        negated = piece[1] in "!^"
        return f"[{'^' if negated else ''}{piece[2:-1] if negated else piece[1:-1]}]"
    return re.escape(piece[1:] if piece[0] == "\\" and len(piece) > 1 else piece)
