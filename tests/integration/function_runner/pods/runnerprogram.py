"""A runner of pods alone, as a process that tests can kill.

    python -m tests.integration.function_runner.pods.runnerprogram NAMESPACE RUNNER ADDRESS WRAPPER

ADDRESS is `service` or `pod-ip`, WRAPPER the image of the wrapper. Prints the port of its gRPC
service. KUBECONFIG says where. For each image two calls a pod and up to four pods.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

from porch.runtime.client import connect
from porch.runtime.connection import load_connection
from porch.runtime.metrics import QueueMetrics, new_registry
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.pods.evaluator import PodEvaluator
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.pool import Limits
from porch_function_runner.pods.settings import Address
from porch_function_runner.serving import serve
from porch_function_runner.settings import ServerSettings
from tests.integration.function_runner.pods.commands import Commands, quick_settings


async def main(namespace: str, runner: str, address: str, wrapper: str) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    registry = new_registry()
    settings = quick_settings(
        namespace,
        runner,
        address=Address(address),
        wrapper=wrapper,
        limits=Limits(max_pods=4, queue_length=2),
    )
    async with connect(load_connection(os.environ)) as client, asyncio.TaskGroup() as tasks:
        evaluator = PodEvaluator(
            settings,
            client,
            images=Commands(),
            metrics=PoolMetrics(registry),
            queue_metrics=QueueMetrics(registry),
        )
        evaluator.set_functions(())
        running = tasks.create_task(evaluator.run())
        server = ServerSettings(port=0, shutdown_grace=timedelta(seconds=5))
        async with serve(evaluator.evaluate, EvaluationMetrics(registry), server) as served:
            sys.stdout.write(f"{served.port}\n")
            sys.stdout.flush()
            await stop.wait()
        running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
