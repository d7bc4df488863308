"""The `porch-function-runner` program: settings from flags, evaluators from settings, then serve.

SIGTERM or SIGINT: health turns to NOT_SERVING, no new call is taken, those that run may end within
`--shutdown-grace`. Exit codes: 0 then, 1 when a part cannot start, 2 for bad flags.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator

from prometheus_client import CollectorRegistry

from porch.errors import PorchError
from porch.runtime.health import serve as serve_http
from porch.runtime.logs import configure
from porch.runtime.metrics import new_registry
from porch_function_runner.assembly import open_runner
from porch_function_runner.executables.childwatch import wait_without_threads
from porch_function_runner.flags import BadFlags, read
from porch_function_runner.rights import advised
from porch_function_runner.serving import serve
from porch_function_runner.settings import RunnerSettings

logger = logging.getLogger(__name__)

PROGRAM = "porch-function-runner"
_LEVELS = ("WARNING", "WARNING", "INFO", "INFO", "DEBUG", "DEBUG")


def main() -> None:
    """Run until SIGTERM; the exit code says how it ended."""
    try:
        settings = read(RunnerSettings, sys.argv[1:], program=PROGRAM)
    except BadFlags as err:
        sys.exit(_complaint(str(err), code=2))
    level = _LEVELS[min(max(settings.log.log_level, 0), len(_LEVELS) - 1)]
    configure(level=level, form=settings.log.log_format)
    try:
        # NB: not uvloop's loop. It starts programs by fork with Python's hooks in the child, where
        # those of gRPC break it: some children end before they begin. asyncio's loop uses vfork,
        # runs nothing in between and is three times as fast at it.
        wait_without_threads()
        asyncio.run(run(settings, new_registry()))
    except* PorchError as errors:
        failures = list(dict.fromkeys(map(advised, _leaves(errors))))
    else:
        return
    # NB: not above, where Python would put the exit into a group with a trace.
    sys.exit(max(_complaint(each, code=1) for each in failures))


async def run(settings: RunnerSettings, registry: CollectorRegistry) -> None:
    """Serve until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_runner(settings, registry, os.environ) as runner:
        probes = serve_http(
            settings.server.metrics_port,
            live=runner.live,
            ready=runner.ready | {"stopping": lambda: "stopping" if stop.is_set() else ""},
            registry=registry,
            pages={"/state": runner.state},
        )
        service = serve(runner.evaluate, runner.metrics, settings.server)
        async with probes as http_port, service as served:
            facts = {"port": served.port, "metrics_port": http_port}
            logger.info("runner is serving", extra=facts)
            await stop.wait()
            logger.info("runner is stopping")


def _leaves(errors: BaseExceptionGroup[PorchError]) -> Iterator[PorchError]:
    for each in errors.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _complaint(words: str, *, code: int) -> int:
    sys.stderr.write(f"{PROGRAM}: {words}\n")
    return code


if __name__ == "__main__":
    main()
