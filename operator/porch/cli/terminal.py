"""Text for a stream: coloured on a terminal, plain in a file or a pipe.

Effects: writes. Colours are off where the environment's NO_COLOR is not empty or TERM is "dumb".
On a terminal, control characters that a function printed are shown, not obeyed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TextIO

_STYLES = (
    (r"^\[RUNNING\]", "36"),  # cyan
    (r"^\[PASS\]", "32"),  # green
    (r"^(?:\[FAIL\]|Error:)", "1;31"),  # bold red
    (r"^    \[error\]", "31"),
    (r"^    \[warning\]", "33"),  # yellow
    (r"^    \[info\]", "34"),  # blue
    (r'^Package "[^"\n]*":', "1"),
    (r"^Successfully executed", "32"),
)
_DIFF_STYLES = (  # at most one of them fits a line
    (r"^(?:diff --git|index|---|\+\+\+) .*", "1"),  # bold
    (r"^(?:    \| )?@@ .*", "36"),
    (r"^(?:    \| )?\+(?!\+\+ ).*", "32"),
    (r"^(?:    \| )?-(?!-- ).*", "31"),
    (r"^[~>] .*", "33"),
    (r"^conflict:", "1;33"),
)

Styles = Sequence[tuple[re.Pattern[str], str]]  # what a text looks like, and its colour


def _compiled(styles: Sequence[tuple[str, str]]) -> Styles:
    return [(re.compile(pattern, re.MULTILINE), code) for pattern, code in styles]


RUNS: Final[Styles] = _compiled(_STYLES)  # of functions
DIFFERENCES: Final[Styles] = _compiled(_DIFF_STYLES)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Terminal:
    """A stream and how it may be written to."""

    stream: TextIO
    is_terminal: bool
    is_coloured: bool

    @classmethod
    def of(cls, stream: TextIO) -> "Terminal":
        """As the stream and the environment ask."""
        is_terminal = stream.isatty()
        wants_none = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return cls(stream, is_terminal, is_terminal and not wants_none)

    def write(self, text: str, styles: Styles = RUNS) -> None:
        """Write at once."""
        if self.is_terminal:
            text = _CONTROL.sub(_shown, text)
        self.stream.write(coloured(text, styles) if self.is_coloured else text)
        self.stream.flush()


def coloured(text: str, styles: Styles = RUNS) -> str:
    """The text with what the styles fit in colour."""
    for pattern, code in styles:
        text = pattern.sub(f"\x1b[{code}m\\g<0>\x1b[0m", text)
    return text


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
