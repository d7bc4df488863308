"""Tells people what happened to their objects: one Event and one line of log each."""

import logging
from typing import Any

from porch.api.meta import Kind
from porch.controllers.served import object_key
from porch.engine.seen import Key
from porch.runtime.events import EventRecorder, Severity, Subject
from porch.runtime.store import Store

logger = logging.getLogger(__name__)


class Announcer:
    """The engine's port of that name, for objects of one kind."""

    def __init__(self, recorder: EventRecorder, kind: Kind, store: Store[Any]) -> None:
        self._recorder = recorder
        self._kind = kind
        self._store = store  # where the uid is known, which `kubectl describe` looks for

    def done(self, key: Key, reason: str, message: str) -> None:
        """Something was carried out."""
        logger.info("done", extra=self._fields(key, reason, message))
        self._recorder.record(self._subject(key), Severity.NORMAL, reason, message)

    def warn(self, key: Key, reason: str, message: str) -> None:
        """Something needs attention."""
        logger.warning("needs attention", extra=self._fields(key, reason, message))
        self._recorder.record(self._subject(key), Severity.WARNING, reason, message)

    def _subject(self, key: Key) -> Subject:
        obj = self._store.get(object_key(key))
        return Subject(
            api_version=self._kind.api_version,
            kind=self._kind.kind,
            namespace=key.namespace,
            name=key.name,
            uid=obj.metadata.uid if obj is not None else "",
        )

    def _fields(self, key: Key, reason: str, message: str) -> dict[str, str]:
        return {"kind": self._kind.kind, "key": str(key), "reason": reason, "what": message}
