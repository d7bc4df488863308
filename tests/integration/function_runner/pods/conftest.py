"""Runners whose pods live on a played node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from porch.api.functionconfig import FunctionConfig
from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.metrics import QueueMetrics
from porch_devcluster.cluster import Cluster
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.pods.evaluator import PodEvaluator
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.pool import Limits
from tests.integration.function_runner.pods.commands import Commands, quick_settings
from tests.integration.function_runner.pods.playednode import PlayedNode
from tests.integration.installed import installed_cluster

__all__ = ["installed_cluster"]

IMAGE = "registry.example/fn/echo:v1"


@dataclass(slots=True)
class Runner:
    """One runner of a test."""

    evaluator: PodEvaluator
    registry: CollectorRegistry

    async def call(
        self, image: str = IMAGE, text: bytes = b"x", *, seconds: float = 30
    ) -> EvaluationResponse:
        """One call with a deadline."""
        span = timedelta(seconds=seconds)
        request = EvaluationRequest(image=image, resource_list=text)
        async with asyncio.timeout(seconds):
            return await self.evaluator.evaluate(request, Deadline.within(span))

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@dataclass(slots=True)
class Runners:
    """Starts runners in one namespace."""

    client: Client
    played: PlayedNode
    namespace: str

    @asynccontextmanager
    async def running(
        self,
        name: str = "r1",
        *,
        configs: Sequence[FunctionConfig] = (),
        limits: Limits | None = None,
    ) -> AsyncIterator[Runner]:
        """A runner until the end of the block, where it dies without a word."""
        registry = CollectorRegistry()
        settings = quick_settings(self.namespace, name)
        settings = replace(settings, limits=limits or settings.limits)
        evaluator = PodEvaluator(
            settings,
            self.client,
            images=Commands(),
            metrics=PoolMetrics(registry),
            queue_metrics=QueueMetrics(registry),
            connect=self.played.connect,
        )
        evaluator.set_functions(configs)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(evaluator.run())
            try:
                yield Runner(evaluator, registry)
            finally:
                task.cancel()


@pytest.fixture
async def client(installed_cluster: Cluster) -> AsyncIterator[Client]:
    """The administrator's client."""
    async with connect(load_kubeconfig([installed_cluster.kubeconfig])) as found:
        yield found


@pytest.fixture
async def played(
    installed_cluster: Cluster, client: Client, namespace: str
) -> AsyncIterator[PlayedNode]:
    """A node for the pods of the test's namespace."""
    async with PlayedNode(client, installed_cluster.api(), namespace).playing() as playing:
        yield playing


@pytest.fixture
def runners(client: Client, played: PlayedNode, namespace: str) -> Runners:
    """Runners of the test's namespace."""
    return Runners(client, played, namespace)
