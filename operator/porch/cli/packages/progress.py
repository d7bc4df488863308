"""What takes long, told while it happens.

Effects: writes to standard error: on a terminal one line that changes and goes away, elsewhere one
line for each step.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import get_terminal_size

from porch.cli.terminal import Terminal

_CLEAR = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class Progress:
    """Tells on one terminal."""

    terminal: Terminal

    @classmethod
    def on_stderr(cls) -> "Progress":
        """As standard error allows."""
        return cls(Terminal.of(sys.stderr))

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """One step; call the value with what happens in it."""
        if not self.terminal.is_terminal:
            self.terminal.write(f"{what}\n")
            yield _nothing
            return
        self._show(what)
        try:
            yield lambda detail: self._show(f"{what}: {detail}" if detail else what)
        finally:
            self._raw(_CLEAR)

    def tell(self, line: str) -> None:
        """One line that stays."""
        self.terminal.write(f"{line}\n")

    def _show(self, text: str) -> None:
        width = get_terminal_size().columns - 1
        shown = "".join(each if each.isprintable() else "?" for each in text)
        self._raw(f"{_CLEAR}{shown[:width]}")

    def _raw(self, text: str) -> None:
        self.terminal.stream.write(text)
        self.terminal.stream.flush()


def _nothing(_: str) -> None:
    return None
