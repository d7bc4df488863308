"""The FunctionConfigs in force, from wherever they come, and who wants to hear of them.

State only; one event loop. Nobody is told before the first complete set is known.
"""

from collections.abc import Callable

from porch.api.functionconfig import FunctionConfig
from porch.runtime.resources import ObjectKey

Configs = tuple[FunctionConfig, ...]
Listener = Callable[[Configs], None]


class FunctionConfigs:
    """All of them, by name."""

    def __init__(self) -> None:
        self._known: dict[ObjectKey, FunctionConfig] = {}
        self._listeners: list[Listener] = []
        self.is_complete = False

    def listen(self, listener: Listener) -> None:
        """Hear of the whole set, now if it is known, and whenever it changes."""
        self._listeners.append(listener)
        if self.is_complete:
            listener(self.all())

    def all(self) -> Configs:
        """Those that are not being deleted; by name, so that the last of an image stays it."""
        kept = (each for each in self._known.values() if not each.metadata.deletion_timestamp)
        return tuple(sorted(kept, key=lambda each: each.metadata.name))

    def get(self, key: ObjectKey) -> FunctionConfig | None:
        """One of them."""
        return self._known.get(key)

    def put(self, config: FunctionConfig) -> None:
        """A new or changed one."""
        key = ObjectKey(config.metadata.namespace, config.metadata.name)
        before = self._known.get(key)
        self._known[key] = config
        is_gone = config.metadata.deletion_timestamp is not None
        if before is None or before.spec != config.spec or is_gone:
            self._tell()

    def drop(self, key: ObjectKey) -> None:
        """One that is gone."""
        if self._known.pop(key, None) is not None:
            self._tell()

    def complete(self) -> None:
        """All that there are have been put."""
        self.is_complete = True
        self._tell()

    def _tell(self) -> None:
        if self.is_complete:
            for listener in self._listeners:
                listener(self.all())
