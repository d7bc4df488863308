"""The text of a `# kpt-set:` comment: literal text with `${name}` places.

Pure. `fill` puts values in. Places that no value was given for keep what the current text has
there, found as the catalogue's regular expression with one greedy group a place would find it, but
in linear time: the leftmost first literal, then every other literal as far right as it goes.
"""

import re
from dataclasses import dataclass

_COMMENT = "# kpt-set: "
_PLACE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class SetterPattern:
    """`literals[0] ${names[0]} literals[1] …`: one literal more than names."""

    text: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of_comment(cls, comment: str) -> "SetterPattern | None":
        """The pattern of a line comment; None when it is no setter comment."""
        if not comment.startswith(_COMMENT):
            return None
        text = comment.removeprefix(_COMMENT).strip()
        parts = _PLACE.split(text)
        return cls(text, tuple(parts[::2]), tuple(parts[1::2]))

    @property
    def only_name(self) -> str | None:
        """The name, when the pattern is one place and nothing else."""
        return self.names[0] if len(self.names) == 1 and self.literals == ("", "") else None

    def fill(self, given: dict[str, str], current: str) -> "str | Unresolved":
        """The new text; what is not given is derived from the current one."""
        values = {**self.derived(current), **given}
        missing = [name for name in self.names if name not in values]
        if missing:
            return Unresolved(tuple(missing))
        pieces = [self.literals[0]]
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            pieces += (values[name], literal)
        return "".join(pieces)

    def derived(self, current: str) -> dict[str, str]:
        """What the current text has in the places; empty when it does not fit or one is empty."""
        for line in current.split("\n"):
            captured = self._match(line)
            if captured is not None:
                return dict(zip(self.names, captured, strict=True)) if all(captured) else {}
        return {}

    def _match(self, line: str) -> list[str] | None:
        first = line.find(self.literals[0])
        if first < 0:
            return None
        start = first + len(self.literals[0])
        ends: list[int] = []  # where each place ends, the last one first
        end = len(line)
        for literal in reversed(self.literals[1:]):
            end = line.rfind(literal, start, end)
            if end < 0:
                return None
            ends.append(end)
        captured: list[str] = []
        for literal, place_end in zip(self.literals[1:], reversed(ends), strict=True):
            captured.append(line[start:place_end])
            start = place_end + len(literal)
        return captured


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Places that have neither a given nor a derivable value."""

    names: tuple[str, ...]
