"""How much input the process holds at once: calls that wait keep theirs in memory.

State only; one event loop.
"""

from collections.abc import Generator
from contextlib import contextmanager

from porch_function_runner.failures import Overloaded


class Admission:
    """Lets calls in while their inputs together are within `most_bytes`; a single one always."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0

    @contextmanager
    def of(self, input_bytes: int) -> Generator[None, None, None]:
        """Hold an input during the block; Overloaded when there is no room for it."""
        if self._held_bytes and self._held_bytes + input_bytes > self._most_bytes:
            raise Overloaded(
                f"the inputs of all calls must have at most {self._most_bytes} bytes together"
                " (`--max-inputs-bytes`): call again later"
            )
        self._held_bytes += input_bytes
        try:
            yield
        finally:
            self._held_bytes -= input_bytes
