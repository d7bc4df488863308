"""Events of Kubernetes: what happened to an object, for `kubectl describe` and `kubectl events`.

I/O       one call an event, from one task of its own; `record` itself never waits and never fails.
Bounds    `queued` events in memory; an object may have `burst` events at once and then one every
          `refill`; the same event again within `window` only raises the count of the first one,
          told to the API server at most once every `recount`. What is dropped is counted.
Values    reasons are CamelCase constants; messages are cut to 1024 bytes, the server's limit.
          `kubectl describe` shows an object's events by its UID: name it in the Subject.
Source    https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from porch.errors import Disposition, PorchError
from porch.runtime.client import Client, PartialObject
from porch.runtime.resources import EVENTS, ObjectKey

logger = logging.getLogger(__name__)

_NOTE_BYTES = 1024
_NAME_CHARS = 200  # of the subject, in the name of an event
_ATTEMPTS = 4


class Severity(StrEnum):
    """The two types of Events."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that an Event is about."""

    api_version: str
    kind: str
    namespace: str  # "" for a cluster-scoped object
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """Limits of what is recorded. Environment prefix: PORCH_EVENTS_."""

    queued: int = 1000
    burst: int = 25  # of one object
    refill: timedelta = timedelta(seconds=30)
    window: timedelta = timedelta(minutes=10)
    recount: timedelta = timedelta(seconds=10)
    remembered: int = 4096  # series and objects whose counts are known


class EventMetrics:
    """How many events were sent, and why others were not."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter("porch_events_sent_total", "Events recorded.", registry=registry)
        self.lost = Counter(
            "porch_events_lost_total", "Events not recorded.", ["why"], registry=registry
        )


@dataclass(frozen=True, slots=True)
class _Fact:
    """What makes two events the same."""

    subject: Subject
    severity: Severity
    reason: str
    message: str


class _Series:
    """One Event object and how often it happened."""

    __slots__ = ("begun", "count", "fact", "name", "recounting", "told")

    def __init__(self, fact: _Fact, *, name: str, begun: float) -> None:
        self.fact = fact
        self.name = name
        self.begun = begun  # the loop's clock, seconds
        self.count = 1
        self.told = 0  # the count that the API server knows
        self.recounting = False


class EventRecorder:
    """Records events in the background. `run` owns its task."""

    def __init__(
        self,
        client: Client,
        *,
        controller: str,
        instance: str,
        metrics: EventMetrics,
        settings: EventSettings | None = None,
    ) -> None:
        self._client = client
        self._controller = controller  # such as "porch.kpt.dev/operator"
        self._instance = instance  # such as the pod's name
        self._metrics = metrics
        self._settings = settings or EventSettings()
        self._queue: asyncio.Queue[_Series | None] = asyncio.Queue(self._settings.queued)
        self._series: OrderedDict[_Fact, _Series] = OrderedDict()
        self._budgets: OrderedDict[Subject, tuple[float, float]] = OrderedDict()

    def record(self, subject: Subject, severity: Severity, reason: str, message: str) -> None:
        """Tell that something happened; identical events soon after each other become one."""
        now = asyncio.get_running_loop().time()
        fact = _Fact(subject, severity, reason, _cut(message))
        series = self._series.get(fact)
        if series is not None and now - series.begun < self._settings.window.total_seconds():
            series.count += 1
            self._recount_later(series)
        elif self._within_budget(subject, now):
            series = self._series[fact] = _Series(fact, name=_name(subject), begun=now)
            _bound(self._series, self._settings.remembered)
            self._enqueue(series)
        else:
            self._metrics.lost.labels("rate").inc()

    async def run(self) -> None:
        """Send what is recorded until `stop`; what is queued then is still sent."""
        while (series := await self._queue.get()) is not None:
            await self._send(series)

    def stop(self) -> None:
        """End `run` after what is queued now; the caller limits how long that may take."""
        if self._queue.full():
            self._queue.get_nowait()
            self._metrics.lost.labels("queue").inc()
        self._queue.put_nowait(None)

    def _recount_later(self, series: _Series) -> None:
        if not series.recounting:
            series.recounting = True
            loop = asyncio.get_running_loop()
            loop.call_later(self._settings.recount.total_seconds(), self._enqueue, series)

    def _enqueue(self, series: _Series) -> None:
        series.recounting = False
        try:
            self._queue.put_nowait(series)
        except asyncio.QueueFull:
            self._metrics.lost.labels("queue").inc()

    def _within_budget(self, subject: Subject, now: float) -> bool:
        """A bucket of `burst` tokens that gains one every `refill`."""
        tokens, filled = self._budgets.pop(subject, (float(self._settings.burst), now))
        gained = (now - filled) / self._settings.refill.total_seconds()
        tokens = min(float(self._settings.burst), tokens + gained)
        self._budgets[subject] = (max(tokens - 1, 0.0) if tokens >= 1 else tokens, now)
        _bound(self._budgets, self._settings.remembered)
        return tokens >= 1

    async def _send(self, series: _Series) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                await self._tell(series)
            except PorchError as err:
                if err.disposition is not Disposition.RETRY or attempt == _ATTEMPTS - 1:
                    self._metrics.lost.labels("error").inc()
                    logger.warning("event is lost", extra=_facts(series.fact, err))
                    return
                await asyncio.sleep(0.2 * 2**attempt)
            else:
                self._metrics.sent.inc()
                return

    async def _tell(self, series: _Series) -> None:
        namespace = series.fact.subject.namespace or "default"
        count = series.count
        if not series.told:
            body = self._body(series, namespace)
            await self._client.create(EVENTS, body, namespace=namespace, into=PartialObject)
            series.told = 1
        if count > series.told:
            key = ObjectKey(namespace, series.name)
            again = {"series": {"count": count, "lastObservedTime": _stamp()}}
            await self._client.patch(EVENTS, key, again, into=PartialObject)
            series.told = count

    def _body(self, series: _Series, namespace: str) -> dict[str, Any]:
        fact = series.fact
        regarding = {
            "apiVersion": fact.subject.api_version,
            "kind": fact.subject.kind,
            "name": fact.subject.name,
            "namespace": fact.subject.namespace,
            "uid": fact.subject.uid,
        }
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": series.name, "namespace": namespace},
            "eventTime": _stamp(),
            "reportingController": self._controller,
            "reportingInstance": self._instance,
            "action": fact.reason,
            "reason": fact.reason,
            "type": fact.severity,
            "note": fact.message,
            "regarding": {name: value for name, value in regarding.items() if value},
        }


def _cut(message: str) -> str:
    """At most 1024 bytes, never in the middle of a character."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= _NOTE_BYTES:
        return message
    return encoded[: _NOTE_BYTES - 3].decode("utf-8", "ignore") + "…"


def _name(subject: Subject) -> str:
    return f"{subject.name[:_NAME_CHARS].rstrip('.-')}.{secrets.token_hex(8)}"


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _bound(remembered: OrderedDict[Any, Any], limit: int) -> None:
    while len(remembered) > limit:
        remembered.popitem(last=False)


def _facts(fact: _Fact, err: PorchError) -> dict[str, str]:
    subject = fact.subject
    key = str(ObjectKey(subject.namespace, subject.name))
    return {"kind": subject.kind, "key": key, "reason": fact.reason, "error": str(err)}
