"""Runners that stop, start again, die, and work side by side."""

from __future__ import annotations

import asyncio

import pytest

from porch.runtime.client import Client, PartialObject, Selection
from porch.runtime.resources import LEASES, ObjectKey
from porch_function_runner.pods.wire import PODS, RUNNER_LABEL, SERVICES, Service
from tests.integration.function_runner.pods.conftest import IMAGE, Runners
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster


async def test_a_runner_that_starts_again_uses_the_pods_it_had(
    runners: Runners, played: PlayedNode
) -> None:
    """The second life answers its first call without a cold start."""
    async with runners.running() as runner:
        before = await runner.call()
    async with runners.running() as runner:
        after = await runner.call()

        assert runner.metric("porch_function_pods_adopted_total") == 1
    assert after.log == before.log
    assert len(played.created) == 1


async def test_a_pod_that_lost_its_service_in_a_crash_gets_it_back(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """The runner may die between the two writes."""
    async with runners.running() as runner:
        name = (await runner.call()).log.decode()
    await client.delete(SERVICES, ObjectKey(namespace, name))
    async with runners.running() as runner:
        assert (await runner.call()).log.decode() == name
        page = await client.list(SERVICES, Selection(namespace=namespace), into=Service)
    assert [each.metadata.name for each in page.items] == [name]


async def test_pods_go_with_their_service(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """Also when somebody else deletes the pod."""
    async with runners.running() as runner:
        name = (await runner.call()).log.decode()
        await played.kill(name)

        async def no_service() -> bool:
            page = await client.list(SERVICES, Selection(namespace=namespace), into=Service)
            return not page.items

        await comes_true(no_service)


async def test_two_runners_have_pods_of_their_own(runners: Runners, played: PlayedNode) -> None:
    """Neither uses, counts or deletes the other's."""
    async with runners.running("r1") as one, runners.running("r2") as other:
        first, second = await asyncio.gather(one.call(), other.call())
        again = await one.call()

        assert first.log != second.log
        assert again.log == first.log
        owners = {
            each.metadata.name: each.metadata.labels[RUNNER_LABEL] for each in await played.pods()
        }
    assert owners == {first.log.decode(): "r1", second.log.decode(): "r2"}


async def test_the_pods_of_a_dead_runner_are_taken_over(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """Once its Lease has run out; and its Lease goes too."""
    async with runners.running("r2") as survivor:
        async with runners.running("r1") as dying:
            name = (await dying.call()).log.decode()
        await eventually(lambda: survivor.metric("porch_function_pods_adopted_total") == 1)

        assert (await survivor.call()).log.decode() == name

        async def only_ours() -> bool:
            page = await client.list(LEASES, Selection(namespace=namespace), into=PartialObject)
            return [each.metadata.name for each in page.items] == ["function-runner.r2"]

        await comes_true(only_ours)


async def test_a_pod_taken_over_by_another_is_let_go_without_being_deleted(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """A runner that was only paused must not destroy what others now use."""
    async with runners.running() as runner:
        name = (await runner.call()).log.decode()
        patch = {"metadata": {"labels": {RUNNER_LABEL: "other"}}}
        await client.patch(PODS, ObjectKey(namespace, name), patch, into=PartialObject)
        await eventually(lambda: not runner.evaluator.state())

        (pod,) = await played.pods()
    assert pod.metadata.name == name


async def test_warm_pods_of_an_image_are_the_same_however_it_is_spelled(
    runners: Runners, played: PlayedNode
) -> None:
    """A reference without a tag means `latest`."""
    bare = IMAGE.rpartition(":")[0]
    async with runners.running() as runner:
        answers = {(await runner.call(image)).log for image in (bare, f"{bare}:latest")}

    assert len(answers) == 1
