"""The runner, put together: FunctionConfigs, evaluators in their order, the cache before them.

FunctionConfigs ──► executables, labels of metrics
call ──► cache ──► executables, else pods
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from porch.functions.registry import FunctionRegistry
from porch.runtime.health import Check
from porch_function_runner.cache import ResultCache
from porch_function_runner.chain import Evaluate, EvaluatorChain
from porch_function_runner.configfolder import read_configs
from porch_function_runner.configs import Configs, FunctionConfigs
from porch_function_runner.evaluation import Evaluator
from porch_function_runner.executables.evaluator import ExecutableEvaluator, ExecutableSettings
from porch_function_runner.executables.process import ProcessLimits
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.settings import RunnerSettings

logger = logging.getLogger(__name__)

_RUNTIMES = frozenset({"exec", "pod"})


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
    settings: RunnerSettings, registry: CollectorRegistry
) -> AsyncGenerator[Runner, None]:
    """All parts, ended with the block."""
    disabled = set(settings.functions.disable_runtimes)
    if unknown := disabled - _RUNTIMES:
        logger.warning("runtimes to disable are not known", extra={"names": sorted(unknown)})
    metrics = EvaluationMetrics(registry)
    configs = FunctionConfigs()
    evaluators: list[Evaluator] = []
    if "exec" not in disabled:
        evaluators.append(_executables(settings, configs))
    chain = EvaluatorChain(evaluators, metrics)
    cache = ResultCache(
        chain.evaluate, max_bytes=settings.functions.result_cache_bytes, meter=metrics.cache
    )

    def configured(now: Configs) -> None:
        metrics.know(each.spec.image for each in now)
        cache.clear()  # another executable may stand for an image from now on

    configs.listen(configured)
    _read_folder(settings, configs)
    yield Runner(
        evaluate=cache.evaluate,
        metrics=metrics,
        ready={"functionconfigs": lambda: "" if configs.is_complete else "not known yet"},
        live={},
        state=lambda: {
            "functionconfigs": [each.metadata.name for each in configs.all()],
            "cache": cache.state(),
            "evaluators": {each.name: each.state() for each in evaluators},
        },
    )


def _read_folder(settings: RunnerSettings, configs: FunctionConfigs) -> None:
    folder = settings.functions.function_configs
    if folder is not None:
        for config in read_configs(folder):
            configs.put(config)
    configs.complete()


def _executables(settings: RunnerSettings, configs: FunctionConfigs) -> ExecutableEvaluator:
    functions = settings.functions
    prefix = functions.default_image_prefix
    evaluator = ExecutableEvaluator(
        ExecutableSettings(
            folder=functions.functions,
            limits=ProcessLimits(
                stdout_bytes=settings.server.max_request_body_size,
                memory_bytes=functions.executable_memory_bytes,
            ),
            parallel=functions.max_parallel_executables,
            waiting=functions.max_waiting_executables,
        ),
        FunctionRegistry(default_prefix=prefix.rstrip("/")),
    )

    def configured(now: Configs) -> None:
        specs = [each.spec for each in now]
        evaluator.registry = FunctionRegistry.of(specs, default_prefix=prefix)

    configs.listen(configured)
    return evaluator
