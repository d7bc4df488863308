"""The `porch-function-runner` program: settings from flags, evaluators from settings, then serve.

SIGTERM or SIGINT: health turns to NOT_SERVING, no new call is taken, those that run may end within
`--shutdown-grace`. Exit codes: 0 then, 1 when a part cannot start, 2 for bad flags.
"""

import asyncio
import logging
import signal
import sys

import uvloop
from prometheus_client import CollectorRegistry

from porch.errors import Permanent
from porch.runtime.health import serve as serve_http
from porch.runtime.logs import configure
from porch.runtime.metrics import new_registry
from porch_function_runner.chain import EvaluatorChain
from porch_function_runner.flags import BadFlags, read
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
        uvloop.run(run(settings, new_registry()))
    except Permanent as err:
        sys.exit(_complaint(str(err), code=1))


async def run(settings: RunnerSettings, registry: CollectorRegistry) -> None:
    """Serve until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    chain = EvaluatorChain(())
    ready = {"stopping": lambda: "stopping" if stop.is_set() else ""}
    http = serve_http(settings.server.metrics_port, live={}, ready=ready, registry=registry)
    async with http as http_port, serve(chain.evaluate, settings.server) as served:
        facts = {"port": served.port, "metrics_port": http_port}
        logger.info("runner is serving", extra=facts)
        await stop.wait()
        logger.info("runner is stopping")


def _complaint(words: str, *, code: int) -> int:
    sys.stderr.write(f"{PROGRAM}: {words}\n")
    return code


if __name__ == "__main__":
    main()
