"""Kopf as the source of events, and nothing else.

Kopf lists, watches and resumes; each event becomes an object in a `Store` and, when it says
something new, a call of the kind's `on_event`. Kopf writes nothing to anybody's objects: only
`on.event` handlers are registered, posting, peering and scanning are off, no finalizer is set.

I/O       kopf's own connection, with the credentials of the kubeconfig or the service account.
Latency   the batching window is 0: an event reaches its handler when it arrives.
Errors    an object that cannot be decoded is logged and left out; kopf resumes broken watches.
"""

import asyncio
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import kopf
import msgspec

from porch.runtime.resources import ObjectKey, Resource
from porch.runtime.store import Store, T, key_of

logger = logging.getLogger(__name__)

IDLE_WORKER_SECONDS = 1.0  # kopf keeps one task for each object that changed lately


@dataclass(frozen=True, slots=True)
class Watched(Generic[T]):
    """One kind to watch."""

    resource: Resource
    into: type[T]
    store: Store[T]
    on_event: Callable[[ObjectKey], None]  # something new, that we did not do ourselves


class Watching:
    """Watches kinds until it is stopped."""

    def __init__(self, kinds: Sequence[Watched[Any]], *, namespaces: Sequence[str] = ()) -> None:
        self._kinds = kinds
        self._namespaces = namespaces  # empty: all
        self._stop = asyncio.Event()
        self.heard_at = {each.resource.plural: time.monotonic() for each in kinds}

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    async def run(self, ready: asyncio.Event | None = None) -> None:
        """Watch; `ready` is set once kopf has started."""
        registry = kopf.OperatorRegistry()
        for kind in self._kinds:
            self._register(registry, kind)
        kopf.on.login(registry=registry)(_login)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await kopf.operator(
                registry=registry,
                settings=_settings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=self._stop,
                ready_flag=ready,
            )

    def _register(self, registry: kopf.OperatorRegistry, kind: Watched[Any]) -> None:
        resource = kind.resource

        async def on_event(event: kopf.RawEvent, **_: Any) -> None:
            self.heard_at[resource.plural] = time.monotonic()
            _take(kind, event)

        decorate = kopf.on.event(
            resource.group, resource.version, resource.plural, registry=registry
        )
        decorate(on_event)


def _take(kind: Watched[Any], event: kopf.RawEvent) -> None:
    try:
        obj = msgspec.convert(event["object"], kind.into)
    except msgspec.ValidationError as err:
        metadata = event["object"].get("metadata", {})
        fields = {"resource": str(kind.resource), "object": metadata.get("name"), "why": str(err)}
        logger.warning("object left out: it cannot be decoded", extra=fields)
        return
    news = kind.store.remove(obj) if event["type"] == "DELETED" else kind.store.put(obj)
    if news:
        kind.on_event(key_of(obj))


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.queueing.idle_timeout = IDLE_WORKER_SECONDS
    settings.queueing._batch_window = 0  # NB: the public setter announces its own removal
    settings.watching.reconnect_backoff = 0.5
    return settings


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """The service account of the pod, else the kubeconfig."""
    return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)
