"""The pod evaluator of the program: its settings from flags and environment, and its parts."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from prometheus_client import CollectorRegistry

from porch.errors import Permanent
from porch.runtime.client import Client
from porch.runtime.metrics import QueueMetrics
from porch_function_runner.images.opening import open_inspector, pull_secrets
from porch_function_runner.pods.evaluator import PodEvaluator
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.pool import Limits
from porch_function_runner.pods.settings import PodEvaluatorSettings
from porch_function_runner.settings import PodSettings, RunnerSettings

WRAPPER_IMAGE = "WRAPPER_SERVER_IMAGE"
POD_NAME = "POD_NAME"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # as pods have them


class BadEnvironment(Permanent):
    """A variable of the environment must be set, or has a value that cannot be used."""

    reason = "BadEnvironment"


@asynccontextmanager
async def open_pods(
    settings: RunnerSettings,
    client: Client,
    *,
    env: Mapping[str, str],
    registry: CollectorRegistry,
    queue_metrics: QueueMetrics,
) -> AsyncGenerator[PodEvaluator, None]:
    """A pod evaluator that runs until the end of the block, which its failure ends."""
    made = evaluator_settings(settings, env)
    inspecting = open_inspector(settings.registry, client, namespace=made.namespace, env=env)
    async with inspecting as images, asyncio.TaskGroup() as tasks:
        evaluator = PodEvaluator(
            made,
            client,
            images=images,
            metrics=PoolMetrics(registry),
            queue_metrics=queue_metrics,
        )
        running = tasks.create_task(evaluator.run())
        try:
            yield evaluator
        finally:
            running.cancel()


def evaluator_settings(settings: RunnerSettings, env: Mapping[str, str]) -> PodEvaluatorSettings:
    """What the pod evaluator is made with; BadEnvironment."""
    pods = settings.pods
    wrapper = env.get(WRAPPER_IMAGE, "")
    if not wrapper:
        raise BadEnvironment(
            f"{WRAPPER_IMAGE} must name the image that places the wrapper in the pods of functions;"
            " to run no functions in pods, use `--disable-runtimes=pod`"
        )
    return PodEvaluatorSettings(
        namespace=pods.pod_namespace,
        runner=_runner(env),
        wrapper_image=wrapper,
        default_prefix=settings.functions.default_image_prefix.rstrip("/"),
        max_message_bytes=settings.server.max_request_body_size,
        limits=_limits(pods),
        pull_secrets=pull_secrets(settings.registry),
        address=pods.pod_address,
        is_headless=pods.headless_services,
        is_warming=pods.warm_up_pod_cache,
    )


def _limits(pods: PodSettings) -> Limits:
    defaults = Limits()
    queue_length = pods.max_waitlist_length
    return replace(
        defaults,
        max_pods=max(1, pods.max_parallel_pods_per_function),
        queue_length=queue_length if queue_length > 0 else defaults.queue_length,
        calls_per_pod=max(1, pods.max_calls_per_pod),
        max_waiting=pods.max_waiting_calls,
        idle=pods.pod_ttl,
        start_within=pods.pod_start_timeout,
    )


def _runner(env: Mapping[str, str]) -> str:
    """The name of this replica, which a restart of its container keeps."""
    name = env.get(POD_NAME) or socket.gethostname().partition(".")[0]
    if not _NAME.fullmatch(name):
        raise BadEnvironment(
            f"{POD_NAME} must be a name as pods have them (lower case, at most 63 characters): it"
            f" becomes a label and a part of a Lease's name; found {name!r}"
        )
    return name
