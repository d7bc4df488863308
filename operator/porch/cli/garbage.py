"""Commands without collections of garbage.

Trees of YAML hold no cycles: they go when nobody holds them. A collection only walks those that are
held, and again with each package that is read: a quarter of the time of a large update.
Effects: the collector of this process, which is as before at the end.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collections of cycles inside."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
