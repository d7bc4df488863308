"""The runner, put together: FunctionConfigs, evaluators in their order, the cache before them.

FunctionConfigs ──► executables, pods, labels of metrics
call ──► cache ──► executables, else pods

Pods need a cluster: with FunctionConfigs from a folder there are executables alone.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from porch.api.functionconfig import FunctionConfigSpec
from porch.functions.registry import FunctionRegistry
from porch.runtime.client import ClientSettings, connect
from porch.runtime.connection import load_connection
from porch.runtime.health import Check, hears
from porch.runtime.metrics import QueueMetrics
from porch_function_runner.cache import ResultCache
from porch_function_runner.chain import Evaluate, EvaluatorChain
from porch_function_runner.configfolder import read_configs
from porch_function_runner.configs import Configs, FunctionConfigs
from porch_function_runner.configwatch import ConfigWatch
from porch_function_runner.evaluation import Evaluator
from porch_function_runner.executables.evaluator import ExecutableEvaluator, ExecutableSettings
from porch_function_runner.executables.process import ProcessLimits
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.pods.opening import open_pods
from porch_function_runner.settings import RunnerSettings

logger = logging.getLogger(__name__)

_RUNTIMES = frozenset({"exec", "pod"})
_LONGEST_SILENCE = timedelta(minutes=10)  # of a watch; bookmarks and restarts are far more often


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What answers calls, and what there is to know of it."""

    evaluate: Evaluate
    metrics: EvaluationMetrics
    ready: dict[str, Check]
    live: dict[str, Check]
    state: Callable[[], dict[str, object]]


@asynccontextmanager
async def open_runner(
    settings: RunnerSettings, registry: CollectorRegistry, env: Mapping[str, str]
) -> AsyncGenerator[Runner, None]:
    """All parts, ended with the block."""
    if unknown := set(settings.functions.disable_runtimes) - _RUNTIMES:
        logger.warning("runtimes to disable are not known", extra={"names": sorted(unknown)})
    parts = _Parts(settings, registry)
    async with AsyncExitStack() as stack:
        if settings.functions.function_configs is not None:
            _read_folder(settings.functions.function_configs, parts.configs)
        else:
            await parts.join_cluster(stack, env)
        yield parts.runner()


class _Parts:
    """What the runner is put together from."""

    def __init__(self, settings: RunnerSettings, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._registry = registry
        self._metrics = EvaluationMetrics(registry)
        self._executables = _executables(settings)
        self._evaluators: list[Evaluator] = [self._executables] if self._runs("exec") else []
        self._live: dict[str, Check] = {}
        self.configs = FunctionConfigs()
        self._ready: dict[str, Check] = {
            "functionconfigs": lambda: "" if self.configs.is_complete else "not known yet"
        }

    async def join_cluster(self, stack: AsyncExitStack, env: Mapping[str, str]) -> None:
        """Watch FunctionConfigs and, unless that is disabled, run functions in pods."""
        client = await stack.enter_async_context(connect(load_connection(env), ClientSettings()))
        queues = QueueMetrics(self._registry)
        watch = ConfigWatch(
            client,
            self.configs,
            namespace=self._settings.pods.pod_namespace,
            problem=self._executables.problem if self._runs("exec") else _no_problem,
            metrics=queues,
        )
        self._live["watch functionconfigs"] = hears(watch.heard_at, within=_LONGEST_SILENCE)
        await stack.enter_async_context(_beside(watch.run()))
        if not self._runs("pod"):
            return
        opening = open_pods(
            self._settings, client, env=env, registry=self._registry, queue_metrics=queues
        )
        pods = await stack.enter_async_context(opening)
        self.configs.listen(pods.set_functions)
        self._evaluators.append(pods)
        self._ready["pods"] = pods.waits_for
        self._live["watch pods"] = hears(pods.heard_at, within=_LONGEST_SILENCE)

    def runner(self) -> Runner:
        """The evaluators in their order, behind the cache."""
        evaluators, metrics, settings = self._evaluators, self._metrics, self._settings
        cache = ResultCache(
            EvaluatorChain(evaluators, metrics).evaluate,
            max_bytes=settings.functions.result_cache_bytes,
            meter=metrics.cache,
        )

        def configured(now: Configs) -> None:
            prefix = settings.functions.default_image_prefix
            specs = [each.spec for each in now]
            self._executables.registry = FunctionRegistry.of(specs, default_prefix=prefix)
            metrics.know(each.image for each in specs)
            cache.clear()  # another executable may stand for an image from now on

        self.configs.listen(configured)
        return Runner(
            evaluate=cache.evaluate,
            metrics=metrics,
            ready=self._ready,
            live=self._live,
            state=lambda: {
                "functionconfigs": [each.metadata.name for each in self.configs.all()],
                "cache": cache.state(),
                "evaluators": {each.name: each.state() for each in evaluators},
            },
        )

    def _runs(self, runtime: str) -> bool:
        return runtime not in self._settings.functions.disable_runtimes


def _no_problem(_: FunctionConfigSpec) -> str:
    """Where no executables are run, none is missing."""
    return ""


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None, None]:
    """Something that goes on until the end of the block, which its failure ends."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()


def _read_folder(folder: Path, configs: FunctionConfigs) -> None:
    for config in read_configs(folder):
        configs.put(config)
    configs.complete()


def _executables(settings: RunnerSettings) -> ExecutableEvaluator:
    functions = settings.functions
    return ExecutableEvaluator(
        ExecutableSettings(
            folder=functions.functions,
            limits=ProcessLimits(
                stdout_bytes=settings.server.max_request_body_size,
                memory_bytes=functions.executable_memory_bytes,
            ),
            parallel=functions.max_parallel_executables,
            waiting=functions.max_waiting_executables,
        ),
        FunctionRegistry.of(default_prefix=functions.default_image_prefix),
    )
