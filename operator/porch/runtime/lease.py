"""A Lease that says who may write: one holder, who stops writing before anybody else may begin.

I/O       one object of coordination.k8s.io, read and replaced with its resourceVersion.
Time      only durations measured here: CLOCK_BOOTTIME, which goes on while the process is stopped
          or the machine sleeps. The times in the object are for people; clocks may differ.
Holder    may write until `renew_deadline` after the BEGIN of the last renewal that succeeded, so
          a process that was paused finds by `check` that its time is over before it writes.
Others    take over when they have seen the object unchanged for the duration that it states.
Safety    renew_deadline < duration; the difference covers a write that is under way.
Errors    NotLeading (RETRY) from `check`. The API server being away is waited out; an attempt
          that gets no answer is given up in time for another.
Source    https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from porch.errors import Conflict, PorchError, Transient
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client, Meta
from porch.runtime.resources import LEASES, ObjectKey

logger = logging.getLogger(__name__)


class NotLeading(Transient):
    """Another process may hold the Lease by now."""

    reason = "NotLeading"

    def __init__(self, key: ObjectKey) -> None:
        super().__init__(f"Lease {str(key)!r} must be held to write, it is not or no longer")


def boot_time() -> float:
    """Seconds since the machine started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """How fast a dead holder is replaced. Environment prefix: PORCH_LEASE_."""

    duration: timedelta = timedelta(seconds=15)  # others wait so long; whole seconds
    renew_deadline: timedelta = timedelta(seconds=10)  # the holder stops writing
    retry: timedelta = timedelta(seconds=2)  # between attempts to hold or renew

    @property
    def attempt(self) -> timedelta:
        """What one attempt may take: a connection that died silently leaves time for another."""
        return self.renew_deadline / 2

    def __post_init__(self) -> None:
        if not self.retry < self.renew_deadline < self.duration:
            raise ValueError("`retry` < `renew_deadline` < `duration` must hold for a Lease")
        if self.duration < timedelta(seconds=1) or self.duration.microseconds:
            raise ValueError("`duration` of a Lease must be whole seconds, at least one")


class _Spec(msgspec.Struct, rename="camel", omit_defaults=True):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class _Lease(msgspec.Struct):
    metadata: Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)


class Lease:
    """One process's claim to one Lease. `run` keeps it up; `check` is asked before each write."""

    def __init__(
        self,
        client: Client,
        key: ObjectKey,
        *,
        identity: str,
        settings: LeaseSettings | None = None,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self._client = client
        self.key = key
        self._identity = identity  # unique for each process, also after a restart
        self._settings = settings or LeaseSettings()
        self._clock = clock
        self._held_until = float("-inf")
        self._seen_version = ""  # the last version that we saw,
        self._seen_at = 0.0  # and since when
        self._held = asyncio.Event()
        self._lost = asyncio.Event()

    def remaining(self) -> timedelta:
        """For how long we may still write; zero or less when we may not."""
        left = self._held_until - self._clock()
        return timedelta(seconds=left) if left > 0 else timedelta()

    def check(self) -> None:
        """Raise NotLeading unless we may write now."""
        if self._clock() >= self._held_until:
            raise NotLeading(self.key)

    async def acquired(self) -> None:
        """Wait until we hold it."""
        await self._held.wait()

    async def lost(self) -> None:
        """Wait until we have held it and do no longer; work that writes must end then."""
        await self._lost.wait()

    async def run(self) -> None:
        """Acquire, then renew until it is lost or we are cancelled; then release it."""
        self._held.clear()
        self._lost.clear()
        try:
            await self._acquire()
            self._held.set()
            logger.info("lease acquired", extra=self._facts())
            await self._keep()
            logger.error("lease lost", extra=self._facts())
        finally:
            await self._release()

    async def _acquire(self) -> None:
        while not await self._attempt():  # noqa: ASYNC110 (it polls the API server)
            await asyncio.sleep(self._pause())

    async def _keep(self) -> None:
        """Renew; returns when the deadline has passed."""
        while (left := self.remaining()) > timedelta():
            await asyncio.sleep(min(self._settings.retry, left).total_seconds())
            if (left := self.remaining()) <= timedelta():
                return
            try:
                async with asyncio.timeout(left.total_seconds()):
                    await self._attempt()
            except TimeoutError:
                return

    async def _attempt(self) -> bool:
        """One try to hold or renew; True when it succeeded."""
        begin = self._clock()
        limit = self._settings.attempt.total_seconds()
        try:
            async with asyncio.timeout(limit):
                if not await self._write(await self._read()):
                    return False
        except Conflict:
            return False  # another process was faster
        except PorchError as err:
            logger.warning("lease not reached", extra=self._facts() | {"error": str(err)})
            return False
        except TimeoutError:
            late = f"the answer must come within {limit:g} s"
            logger.warning("lease not reached", extra=self._facts() | {"error": late})
            return False
        # NB: from the begin of the write: the server may have stored it at once, and others
        # count from then.
        self._held_until = begin + self._settings.renew_deadline.total_seconds()
        return True

    async def _read(self) -> _Lease | None:
        try:
            found = await self._client.get(LEASES, self.key, into=_Lease)
        except NotFound:
            return None
        if found.metadata.resource_version != self._seen_version:
            self._seen_version = found.metadata.resource_version
            self._seen_at = self._clock()
        return found

    async def _write(self, found: _Lease | None) -> bool:
        if found is None:
            body = self._body(_Spec(), version="")
            made = await self._client.create(
                LEASES, body, namespace=self.key.namespace, into=_Lease
            )
        elif self._is_ours(found) or self._is_free(found):
            body = self._body(found.spec, version=found.metadata.resource_version)
            made = await self._client.replace(LEASES, self.key, body, into=_Lease)
        else:
            self._held_until = float("-inf")  # somebody else holds it, whatever we believed
            return False
        self._seen_version, self._seen_at = made.metadata.resource_version, self._clock()
        return True

    def _is_ours(self, found: _Lease) -> bool:
        return found.spec.holder_identity == self._identity

    def _is_free(self, found: _Lease) -> bool:
        if not found.spec.holder_identity:
            return True
        stated = found.spec.lease_duration_seconds
        patience = stated if stated is not None else self._settings.duration.total_seconds()
        return self._clock() - self._seen_at > patience

    def _body(self, before: _Spec, *, version: str) -> dict[str, object]:
        ours = before.holder_identity == self._identity
        meta = {"name": self.key.name, "namespace": self.key.namespace, "resourceVersion": version}
        now = _stamp()
        spec = _Spec(
            holder_identity=self._identity,
            lease_duration_seconds=round(self._settings.duration.total_seconds()),
            acquire_time=before.acquire_time if ours else now,
            renew_time=now,
            lease_transitions=(before.lease_transitions or 0) + (not ours),
        )
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": meta,
            "spec": spec,
        }

    async def _release(self) -> None:
        """Let the next one begin at once; without an answer it waits for the duration."""
        holding = self.remaining() > timedelta()
        self._held_until = float("-inf")
        if self._held.is_set():
            self._lost.set()
        if not holding:
            return
        try:
            async with asyncio.timeout(self._settings.retry.total_seconds()):
                found = await self._read()
                if found is not None and self._is_ours(found):
                    await self._hand_over(found)
        except (PorchError, TimeoutError) as err:
            logger.warning("lease not released", extra=self._facts() | {"error": str(err)})
        else:
            logger.info("lease released", extra=self._facts())

    async def _hand_over(self, found: _Lease) -> None:
        body = self._body(found.spec, version=found.metadata.resource_version)
        body["spec"] = _Spec(
            lease_duration_seconds=1, lease_transitions=found.spec.lease_transitions or 0
        )
        await self._client.replace(LEASES, self.key, body, into=_Lease)

    def _pause(self) -> float:
        """Seconds; with jitter, so that contenders do not meet for ever."""
        return self._settings.retry.total_seconds() * random.uniform(0.8, 1.2)  # noqa: S311

    def _facts(self) -> dict[str, str]:
        return {"lease": str(self.key), "identity": self._identity}


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
