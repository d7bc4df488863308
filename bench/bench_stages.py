"""Where the time of a life cycle goes, and which requests it costs: of one user, and of ten.

Workload, `done` and steps as `living` says: 60 lives of one user, one after the other; then 40 in
the hands of ten. Requests are those of the API server's audit log and those that the git server
answered; `breakdown` says what belongs to a step, `stageresults` what is told. Writing the log
costs the API server a few per cent: the times of lifecycle.json and users.json are without it.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import audit
from bench.bench_lifecycle import CYCLES, WARM_UP, live_alone
from bench.bench_users import PACKAGES, live_together
from bench.breakdown import Step
from bench.living import STEPS, Times
from bench.queues import work
from bench.recording import write
from bench.results import Result
from bench.stageresults import GitRequest, Observed, of_one_user, of_users
from bench.world import World, own_world
from porch_devcluster import provider


def main() -> None:
    """Measure, and write bench/results/stages.json."""
    with tempfile.TemporaryDirectory(prefix="porch-bench-") as folder:
        write("stages", measured(Path(folder)))


def measured(
    folder: Path, *, cycles: int = CYCLES, warm_up: int = WARM_UP, packages: int = PACKAGES
) -> list[Result]:
    """All figures; the folder keeps the audit log."""
    with own_world(1, partial(provider.bundled_cluster, audit.options(folder))) as here:

        def alone() -> Times:
            return asyncio.run(live_alone(here, cycles, warm_up))

        def together() -> Times:
            crowd = live_together(here, here.repositories, run="r", packages=packages)
            return asyncio.run(crowd).times

        one = _observed("1 user", here, alone, lives=warm_up + cycles)
        ten = _observed("10 users", here, together, lives=1 + packages)
    with audit.log_in(folder).open() as log:
        asked = [*audit.requests(log)]
    return [*of_one_user(one, asked), *of_users(ten, asked)]


def _observed(case: str, here: World, workload: Callable[[], Times], *, lives: int) -> Observed:
    """Run a workload of so many lives, those to warm up included."""
    assert here.ours is not None
    assert here.git is not None
    cpu, metrics, served = here.ours.cpu_seconds(), here.ours.metrics(), len(here.git.served)
    times = workload()
    used = {name: (it - cpu[name]) / lives for name, it in here.ours.cpu_seconds().items()}
    offset = time.time() - time.monotonic()
    git = [
        GitRequest(f"{each.method} {each.service}", offset + each.began, each.took.total_seconds())
        for each in here.git.served[served:]
        if each.took is not None
    ]
    queues = [*work(metrics, here.ours.metrics())]
    return Observed(case, _packages(times), git, lives=lives, cpu=used, queues=queues)


def _packages(times: Times) -> dict[str, list[Step]]:
    """The steps of each package, on the clock of the servers."""
    offset = time.time() - time.perf_counter()
    found: dict[str, list[Step]] = {}
    for each in times.spans:
        if each.step in STEPS:
            package = each.name.rpartition(".")[0]  # the last part is the workspace
            span = (offset + each.begun, offset + each.ended)
            found.setdefault(package, []).append(Step(each.step, span))
    return found


if __name__ == "__main__":
    main()
