"""Templates and FunctionConfigs that change while pods work."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from porch.api.functionconfig import FunctionConfig, FunctionConfigSpec, PodExecutor
from porch.api.meta import ObjectMeta
from porch.runtime.client import Client, PartialObject
from porch.runtime.resources import ObjectKey
from porch_function_runner.pods.templates import DEFAULT_POD
from porch_function_runner.pods.watches import SERVICE_TEMPLATES
from porch_function_runner.pods.wire import POD_TEMPLATES, SERVICES, Service, Template
from tests.integration.function_runner.pods.conftest import IMAGE, Runners
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true
from tests.integration.function_runner.pods.test_losing_pods import Gate
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster


def pod_template(**labels: str) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(DEFAULT_POD)
    for container in (*body["spec"]["initContainers"], *body["spec"]["containers"]):
        container["image"] = "to-be-replaced"
    body["metadata"] = {"labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": "base-pod-template"},
        "template": body,
    }


def config(name: str, **executor: Any) -> FunctionConfig:
    return FunctionConfig(
        metadata=ObjectMeta(name=name),
        spec=FunctionConfigSpec(
            image=name, prefixes=["registry.example/fn"], pod_executor=PodExecutor(**executor)
        ),
    )


async def test_a_new_template_drains_the_pods_of_the_old_one(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """Their calls end where they are; the next one gets a pod of the new template."""
    gate = played.functions[IMAGE] = Gate()
    async with runners.running() as runner:
        call = asyncio.create_task(runner.call())
        await eventually(gate.holds(1))
        body = pod_template(team="blue")
        await client.create(POD_TEMPLATES, body, namespace=namespace, into=PartialObject)
        await eventually(lambda: runner.metric("porch_function_pods", stage="leaving") == 1)
        gate.opened.set()
        first, second = await call, await runner.call()
        await comes_true(lambda: played.runs(second.log.decode()))
        (pod,) = await played.pods()

    assert first.log.decode() == played.created[0] != second.log.decode()
    assert pod.metadata.labels["team"] == "blue"


async def test_a_template_that_cannot_work_is_not_used(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """All new pods would fail; the last good template goes on."""
    body = pod_template()
    body["template"]["spec"]["containers"][0]["name"] = "main"
    await client.create(POD_TEMPLATES, body, namespace=namespace, into=PartialObject)
    async with runners.running() as runner:
        await runner.call()

        assert len(await played.pods()) == 1


async def test_labels_annotations_and_spec_of_the_service_template_are_passed_on(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """Service meshes are told by them; a headless Service is one line."""
    template = Template(
        spec={"clusterIP": "None"},
    )
    body = {
        "apiVersion": "config.porch.kpt.dev/v1alpha1",
        "kind": "ServiceTemplate",
        "metadata": {"name": "base-service-template"},
        "template": msgspec.to_builtins(template)
        | {"metadata": {"annotations": {"mesh.example/inject": "true"}, "labels": {"a": "b"}}},
    }
    await client.create(SERVICE_TEMPLATES, body, namespace=namespace, into=PartialObject)
    async with runners.running() as runner:
        name = (await runner.call()).log.decode()
        service = await client.get(SERVICES, ObjectKey(namespace, name), into=Service)

    assert service.metadata.annotations["mesh.example/inject"] == "true"
    assert service.metadata.labels["a"] == "b"


async def test_the_first_tag_of_a_function_config_is_warm_before_its_first_call(
    runners: Runners, played: PlayedNode
) -> None:
    """One pod for each, and the call finds it."""
    configs = [config("echo", tags=["v1", "v0"]), config("other", tags=["v2"])]
    async with runners.running(configs=configs) as runner:
        await eventually(lambda: runner.metric("porch_function_pods", stage="ready") == 2)
        await runner.call()

        assert {each.image for each in await played.pods()} == {
            "registry.example/fn/echo:v1",
            "registry.example/fn/other:v2",
        }


async def test_a_function_config_says_how_many_pods_may_run(
    runners: Runners, played: PlayedNode
) -> None:
    """Also for those that run already."""
    gate = played.functions[IMAGE] = Gate()
    wide = config("echo", max_parallel_executions=4, preferred_max_queue_length=1)
    async with runners.running(configs=[wide]) as runner:
        calls = [asyncio.create_task(runner.call()) for _ in range(4)]
        await eventually(gate.holds(4))
        assert len(await played.pods()) == 4

        runner.evaluator.set_functions([config("echo", max_parallel_executions=1)])
        gate.opened.set()
        await asyncio.gather(*calls)

        (kept,) = {(await runner.call()).log.decode()}
        await comes_true(lambda: played.runs(kept))
