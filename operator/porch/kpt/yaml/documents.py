"""Where the documents of a YAML text begin, and how each indents its sequences.

Pure. Values: `Chunk.first_line` counts from 1. Errors: BadYaml for text on a separator line.
Source    kyaml's byte reader: documents are parted by lines that begin with `---`; a separator on
          the first line belongs to the first document.
"""

import re
from dataclasses import dataclass
from typing import Final

from porch.kpt.yaml.errors import BadYaml

_SEPARATOR: Final = re.compile(r"\n---(.*)\n")
_FIRST_DASH: Final = re.compile(r"^( *)- ", re.MULTILINE)
_BEFORE_KEY: Final = re.compile(r"^(?: *- )* *")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one document, LF line ends, without its separator."""

    text: str
    first_line: int


def split(text: str, *, source: str = "") -> list[Chunk]:
    """The documents of `text`, the empty ones, too."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    chunks: list[Chunk] = []
    start, line = 0, 1
    for found in _SEPARATOR.finditer(text):
        rest = found[1].strip()
        if rest and not rest.startswith("#"):
            raise BadYaml(
                f"invalid document separator: {found[0].strip()}",
                source=source,
                line=line + text.count("\n", start, found.start() + 1),
                column=4,
            )
        chunks.append(Chunk(text[start : found.start() + 1], line))
        line += text.count("\n", start, found.end())
        start = found.end()
    chunks.append(Chunk(text[start:], line))
    return chunks


def has_wide_sequences(text: str) -> bool:
    """Whether the first telling list of a document is indented below its key.

    Lines inside of block scalars are looked at like all others, as kpt does. A key behind a dash
    stands where its text does: to kpt it is the dash, and each run indents anew.
    """
    for dash in _FIRST_DASH.finditer(text):
        key = _line_before(text, dash.start())
        trimmed = key.strip(" ")
        if trimmed.count(":") != 1 or not trimmed.endswith(":"):
            continue
        deeper = len(dash[1]) - (len(key) - len(_BEFORE_KEY.sub("", key, count=1)))
        if deeper in (0, 2):
            return deeper == 2
    return False


def _line_before(text: str, position: int) -> str:
    """The nearest line above that is no comment, cut at its `#`; "" when there is none."""
    end = position - 1
    while end >= 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if not line.lstrip(" ").startswith("#"):
            return line.split("#", 1)[0]
        end = start - 1
    return ""
