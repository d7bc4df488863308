"""FunctionConfigs from the cluster, and word back that they are in use.

I/O       one list and one watch in the namespace of the function pods; one small write to the
          status of each FunctionConfig that changed (its generation, and what is wrong with it).
Errors    as of the reflector and the queue: what may pass is tried again.
Several replicas write the same, by one field manager; nobody needs to be asked first.
"""

import asyncio
from collections.abc import Callable

from porch.api.functionconfig import FunctionConfig, FunctionConfigSpec
from porch.runtime.client import Client, PartialObject, Selection
from porch.runtime.metrics import QueueMetrics
from porch.runtime.queue import DONE, QueueSettings, Result, WorkQueue
from porch.runtime.reflector import Reflector
from porch.runtime.resources import ObjectKey, Resource
from porch_function_runner.configs import FunctionConfigs

MANAGER = "porch-function-runner"

_FUNCTIONS = Resource.of(FunctionConfig.KIND)
_WRITES = QueueSettings(workers=2)


class ConfigWatch:
    """Keeps `configs` as the cluster has them. `run` owns its tasks."""

    def __init__(
        self,
        client: Client,
        configs: FunctionConfigs,
        *,
        namespace: str,
        problem: Callable[[FunctionConfigSpec], str],
        metrics: QueueMetrics,
    ) -> None:
        self._client = client
        self._configs = configs
        self._problem = problem
        self._statuses = WorkQueue(
            "functionconfigs", self._write, meter=metrics.of("functionconfigs"), settings=_WRITES
        )
        self._reflector = Reflector(
            client,
            _FUNCTIONS,
            into=FunctionConfig,
            selection=Selection(namespace=namespace),
            changed=self._changed,
            gone=configs.drop,
        )

    def heard_at(self) -> float:
        """When the API server was last heard, time.monotonic()."""
        return self._reflector.heard_at

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reflector.run())
            tasks.create_task(self._statuses.run())
            await self._reflector.synced.wait()
            self._configs.complete()

    def _changed(self, config: FunctionConfig) -> None:
        self._configs.put(config)
        self._statuses.add(ObjectKey(config.metadata.namespace, config.metadata.name))

    async def _write(self, key: ObjectKey) -> Result:
        """Say which generation is in force here, unless it is said already."""
        config = self._configs.get(key)
        if config is None or config.metadata.deletion_timestamp:
            return DONE
        generation, problem = config.metadata.generation, self._problem(config.spec)
        status = config.status
        if status.function_runner_observed_generation == generation and status.error == problem:
            return DONE
        body = {
            "apiVersion": _FUNCTIONS.api_version,
            "kind": _FUNCTIONS.kind,
            "metadata": {"name": key.name, "namespace": key.namespace},
            "status": {"functionRunnerObservedGeneration": generation, "error": problem},
        }
        await self._client.apply(
            _FUNCTIONS, key, body, into=PartialObject, manager=MANAGER, subresource="status"
        )
        return DONE
