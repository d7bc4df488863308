"""What a function costs that runs in a pod: cold, warm, many at once, and in a pipeline.

Run as root as `python -m bench.bench_pods`; starts a node with real pods (kubelet, containerd) and
measures from inside of its network: callers, runner and pods are processes of one machine, and on
one with few cores they compete.
Function  a static program that prints its input; the input is the package of all figures (2 kB).
Overhead  the latency of a call less that of starting the same program directly, as cheaply as
          Python can, both with as many callers at once, in turns, when all pods of the image are
          there. The pods' part is what calls of them cost that pass the runner by: network,
          wrapper, start of the program in its container; the runner's part is the rest.
Cold      the first call of an image that the node does not have; the parts are those of the metric
          `porch_function_pod_start_seconds`.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from bench.bench_functions import items
from bench.bench_runner import Call, echoed, latencies
from bench.recording import write
from bench.results import Better, Result
from porch.kpt.resourcelist import write_input
from porch.runtime.client import Selection, connect
from porch.runtime.connection import load_connection
from porch.runtime.metrics import QueueMetrics
from porch_devcluster import provider
from porch_devcluster.api import wait_for
from porch_devcluster.goprogram import built
from porch_devcluster.images import push
from porch_devcluster.wrapperimage import wrapper_image
from porch_function_runner.evaluation import Deadline, EvaluationRequest
from porch_function_runner.executables.childwatch import wait_without_threads
from porch_function_runner.pods.evaluator import PodEvaluator
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.wire import PODS, WRAPPER_PORT, Pod
from tests.integration.function_runner.pods.commands import Commands, quick_settings
from tests.integration.function_runner.pods.programs import caller, program
from tests.integration.functionimages import FUNCTION, function_image
from tests.integration.installed import ROOT, install
from tests.integration.waiting import eventually
from tests.unit.function_runner.calling import channel

CALLERS = 8
PODS_EACH = 4  # of an image, as the program starts them for so many callers
ROUNDS = 6
CALLS = 160  # a round, of all callers together
PIPELINE = 15  # functions, each an image of its own
PIPELINES = 30
COLD = 6
NAMESPACE = "bench"
PARTS = ("create", "schedule", "prepare", "start", "connect", "total")


def main() -> None:
    """Measure everything and write bench/results/pods.json."""
    with provider.node_cluster() as node:
        install(node.cluster)
        push(wrapper_image(), f"{node.registry}/wrapper:v1")
        for number in range(max(PIPELINE, COLD)):
            push(function_image("pass", str(number)), f"{node.registry}/warm:pass-{number}")
            push(function_image("pass", f"c{number}"), f"{node.registry}/cold:pass-c{number}")
        api = node.cluster.api()
        api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default"
        wait_for(api, account, bool, within=timedelta(seconds=30))
        done = subprocess.run(
            node.inside([sys.executable, "-m", "bench.bench_pods", node.registry]),
            env=os.environ | {"KUBECONFIG": str(node.cluster.kubeconfig), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=True,
        )
    told: list[dict[str, Any]] = json.loads(done.stdout)
    write("pods", [Result(**each | {"better": Better(each["better"])}) for each in told])


async def measured(registry: str) -> list[Result]:
    """All figures, from inside of the node."""
    text = write_input(items()).encode()
    results = await cold(registry, text)
    kubeconfig = Path(os.environ["KUBECONFIG"])
    runner = program(
        kubeconfig, NAMESPACE, "warm", address="service", wrapper=f"{registry}/wrapper:v1"
    )
    async with runner as running, channel(running.port) as opened:
        ask = caller(opened)
        images = [f"{registry}/warm:pass-{number}" for number in range(PIPELINE)]
        await asyncio.gather(*(ask(image=each, resource_list=text, seconds=120) for each in images))

        async def warm() -> object:
            return await ask(image=images[0], resource_list=text, seconds=60)

        await latencies(warm, CALLERS, CALLS)
        async with pods_of(images[0]) as opened_pods:
            turns = itertools.cycle(map(caller, opened_pods))

            async def pod() -> object:
                return await next(turns)(image=images[0], resource_list=text, seconds=60)

            async def direct() -> None:
                await echoed(built(FUNCTION), "pass", text=text)

            results += await overhead(direct=direct, pod=pod, warm=warm)
        for callers in (1, 8, 64):
            results.append(await throughput(warm, callers))

        async def pipeline() -> object:
            for each in images:
                await ask(image=each, resource_list=text)
            return None

        took = await latencies(pipeline, 1, PIPELINES)
        results.append(
            Result(f"pipeline of {PIPELINE}, warm", "p95", _rank(took, 0.95) * 1000, "ms", 2000)
        )
    return results


async def cold(registry: str, text: bytes) -> list[Result]:
    """First calls of images that the node has never seen, one after the other."""
    metrics = CollectorRegistry()
    async with connect(load_connection(os.environ)) as client, asyncio.TaskGroup() as tasks:
        settings = quick_settings(NAMESPACE, "cold", wrapper=f"{registry}/wrapper:v1")
        evaluator = PodEvaluator(
            settings,
            client,
            images=Commands(),
            metrics=PoolMetrics(metrics),
            queue_metrics=QueueMetrics(metrics),
        )
        evaluator.set_functions(())
        running = tasks.create_task(evaluator.run())

        def call(number: int) -> Call:
            request = EvaluationRequest(image=f"{registry}/cold:pass-c{number}", resource_list=text)
            return lambda: evaluator.evaluate(request, Deadline.within(timedelta(minutes=2)))

        took = [each for number in range(COLD) for each in await latencies(call(number), 1, 1)]
        running.cancel()
    results = [Result("cold call", "median", statistics.median(took), "s")]
    for part in PARTS:
        name = "porch_function_pod_start_seconds"
        total = metrics.get_sample_value(f"{name}_sum", {"part": part}) or 0.0
        results.append(Result(f"cold start: {part}", "mean", total / COLD, "s"))
    return results


async def overhead(*, direct: Call, pod: Call, warm: Call) -> list[Result]:
    """Latencies of all three, in turns."""
    calls = {"program directly": direct, "pod without the runner": pod, "warm call": warm}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name] += await latencies(call, CALLERS, CALLS)
    medians = {name: statistics.median(each) * 1000 for name, each in times.items()}
    lasts = {name: _rank(each, 0.99) * 1000 for name, each in times.items()}
    shown = [
        result
        for name in calls
        for result in (
            Result(f"{name}, {CALLERS} callers", "median", medians[name], "ms"),
            Result(f"{name}, {CALLERS} callers", "p99", lasts[name], "ms"),
        )
    ]
    first, middle, last = calls
    added = f"overhead of a warm call, {CALLERS} callers"
    return [
        *shown,
        Result(added, "median", medians[last] - medians[first], "ms", 5.0),
        Result(added, "median, pods' part", medians[middle] - medians[first], "ms"),
        Result(added, "median, runner's part", medians[last] - medians[middle], "ms"),
        Result(added, "p99", lasts[last] - lasts[first], "ms", 25.0),
    ]


@asynccontextmanager
async def pods_of(image: str) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Ways to the pods of an image, once all that the runner starts are ready."""
    async with connect(load_connection(os.environ)) as client, AsyncExitStack() as stack:

        async def addresses() -> list[str]:
            found = await client.list(PODS, Selection(namespace=NAMESPACE), into=Pod)
            ready = [
                pod.status.pod_ip
                for pod in found.items
                if pod.image == image and pod.status.condition("Ready").status == "True"
            ]
            return ready if len(ready) == PODS_EACH else []

        within = timedelta(minutes=1)
        ready: list[str] = await eventually(addresses, within=within, what="all pods are ready")
        channels = (grpc.aio.insecure_channel(f"{each}:{WRAPPER_PORT}") for each in ready)
        yield [await stack.enter_async_context(each) for each in channels]


async def throughput(warm: Call, callers: int) -> Result:
    """Calls a second."""
    begun = time.perf_counter()
    times = await latencies(warm, callers, 4 * CALLS)
    rate = len(times) / (time.perf_counter() - begun)
    return Result(f"warm calls, {callers} callers", "rate", rate, "/s", better=Better.HIGHER)


def _rank(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100)[round(share * 100) - 1]


def _inside(registry: str) -> None:
    wait_without_threads()
    results = asyncio.run(measured(registry))
    sys.stdout.write(json.dumps([asdict(each) for each in results]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _inside(sys.argv[1])
    else:
        main()
