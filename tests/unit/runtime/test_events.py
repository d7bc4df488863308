"""Events: told once, in bounds, and never at the cost of the work they tell about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from porch.runtime.events import EventMetrics, EventRecorder, EventSettings, Severity, Subject
from porch.runtime.metrics import exposition
from tests.unit.runtime.apiserver import Answer, Script, serving

REDIS = Subject(
    api_version="porch.kpt.dev/v1alpha2",
    kind="PackageRevision",
    namespace="blue",
    name="r",
    uid="u",
)
OK = web.Response(body=b'{"metadata":{}}')


class Told:
    """A recorder, what it sent, and what it counted."""

    def __init__(
        self, recorder: EventRecorder, script: Script, registry: CollectorRegistry
    ) -> None:
        self.recorder = recorder
        self.script = script
        self.registry = registry

    def bodies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for body in self.script.bodies]

    def counted(self, line: str) -> bool:
        return line in exposition(self.registry).decode().splitlines()


@asynccontextmanager
async def recording(*answers: Answer, settings: EventSettings | None = None) -> AsyncIterator[Told]:
    """Everything recorded inside has been sent at the end."""
    registry = CollectorRegistry()
    async with serving(*answers) as (client, script), asyncio.TaskGroup() as group:
        recorder = EventRecorder(
            client,
            controller="porch.kpt.dev/operator",
            instance="pod-1",
            metrics=EventMetrics(registry),
            settings=settings,
        )
        yield Told(recorder, script, registry)
        recorder.stop()
        await group.create_task(recorder.run())


async def test_an_event_names_its_object_and_its_author() -> None:
    """`kubectl describe` finds it by the UID."""
    async with recording(OK) as told:
        told.recorder.record(REDIS, Severity.NORMAL, "Published", "as v3")

    (body,) = told.bodies()
    assert body["regarding"] == {
        "apiVersion": "porch.kpt.dev/v1alpha2",
        "kind": "PackageRevision",
        "name": "r",
        "namespace": "blue",
        "uid": "u",
    }
    assert (body["reason"], body["note"], body["type"]) == ("Published", "as v3", "Normal")
    assert (body["reportingController"], body["reportingInstance"]) == (
        "porch.kpt.dev/operator",
        "pod-1",
    )
    assert told.counted("porch_events_sent_total 1.0")


async def test_the_same_event_again_is_one_event_with_a_count() -> None:
    """A repository that is away for a night is one line, not thousands."""
    soon = EventSettings(recount=timedelta(seconds=0.01))
    async with recording(OK, settings=soon) as told:
        for _ in range(500):
            told.recorder.record(REDIS, Severity.WARNING, "GitAway", "no route")
        await asyncio.sleep(0.05)

    first, *again = told.bodies()
    assert first["reason"] == "GitAway"
    assert again == [] or [body["series"]["count"] for body in again] == [500]
    assert told.script.asked[-1].method == "PATCH"


async def test_a_transition_back_and_forth_is_told_each_time_its_text_differs() -> None:
    """Different facts are different events."""
    async with recording(OK) as told:
        told.recorder.record(REDIS, Severity.NORMAL, "Rendered", "digest a")
        told.recorder.record(REDIS, Severity.NORMAL, "Rendered", "digest b")

    assert [body["note"] for body in told.bodies()] == ["digest a", "digest b"]


async def test_one_object_cannot_flood_the_cluster() -> None:
    """Others still get through."""
    other = Subject(api_version="v1", kind="Pod", namespace="blue", name="other")
    async with recording(OK, settings=EventSettings(burst=3)) as told:
        for number in range(10):
            told.recorder.record(REDIS, Severity.NORMAL, "Edited", str(number))
        told.recorder.record(other, Severity.NORMAL, "Edited", "x")

    assert [body["note"] for body in told.bodies()] == ["0", "1", "2", "x"]
    assert told.counted('porch_events_lost_total{why="rate"} 7.0')


async def test_a_full_queue_loses_events_and_counts_them() -> None:
    """Recording never waits, however slow the API server is."""
    async with recording(OK, settings=EventSettings(queued=2)) as told:
        for number in range(5):
            told.recorder.record(REDIS, Severity.NORMAL, "Edited", str(number))

    assert told.counted('porch_events_lost_total{why="queue"} 4.0')  # one made room for the stop


async def test_an_event_is_sent_again_when_the_server_was_away() -> None:
    """A restart of the API server should not cost the news."""
    async with recording(web.Response(status=503), OK) as told:
        told.recorder.record(REDIS, Severity.NORMAL, "Published", "as v3")

    assert len(told.bodies()) == 2
    assert told.counted("porch_events_sent_total 1.0")


async def test_a_refused_event_is_lost_and_not_repeated() -> None:
    """In a terminating namespace nothing can be created."""
    async with recording(web.Response(status=403)) as told:
        told.recorder.record(REDIS, Severity.NORMAL, "Deleted", "gone")

    assert len(told.bodies()) == 1
    assert told.counted('porch_events_lost_total{why="error"} 1.0')


async def test_a_long_message_is_cut_between_characters() -> None:
    """The server refuses more than 1024 bytes; a function's stderr is longer."""
    async with recording(OK) as told:
        told.recorder.record(REDIS, Severity.WARNING, "Failed", "é" * 5000)

    note = told.bodies()[0]["note"]
    assert note.endswith("é…")
    assert 1020 <= len(note.encode()) <= 1024
