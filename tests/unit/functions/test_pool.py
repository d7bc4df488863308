"""The render pool, with real worker processes: outcomes, deadlines, cancellation and crashes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from porch.api.functionconfig import FunctionConfigSpec, GoExecutor
from porch.functions.pool import (
    PoolFull,
    PoolSettings,
    RenderPool,
    RenderTimedOut,
    WorkerDied,
    open_pool,
)
from tests.unit.functions.calls import resource

pytestmark = pytest.mark.process

# Few steps, each of them slow, so that the pool's deadline comes before the sandbox's limits.
ENDLESS = "def f():\\n  s = 'a' * 1000000\\n  for i in range(2000000000):\\n    s.count('ab')\\nf()"


def package(image: str = "set-namespace:v0.4.1", config: str = "namespace: new") -> dict[str, str]:
    """A package with one function."""
    kptfile = (
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: root\npipeline:\n  mutators:\n"
        f"  - image: {image}\n    configMap: {{{config}}}\n"
    )
    return {"Kptfile": kptfile, "cm.yaml": resource("ConfigMap"), "README.md": "# hi\n"}


def endless() -> dict[str, str]:
    """A package whose script does not end."""
    return package("starlark:v0.4.3", f'source: "{ENDLESS}"')


@dataclass(slots=True)
class Observed:
    """What the pool said."""

    outcomes: list[str] = field(default_factory=list)
    replacements: list[str] = field(default_factory=list)
    most_waiting: int = 0

    def waiting(self, renders: int) -> None:
        """Keep the most."""
        self.most_waiting = max(self.most_waiting, renders)

    def rendered(self, outcome: str, *, waited: float, took: float) -> None:
        """Keep the outcome."""
        self.outcomes.append(outcome)

    def replaced(self, why: str) -> None:
        """Keep the reason."""
        self.replacements.append(why)


@pytest.fixture
def observed() -> Observed:
    """The pool's observer."""
    return Observed()


@pytest.fixture
async def pool(observed: Observed) -> AsyncIterator[RenderPool]:
    """One worker with little time."""
    settings = PoolSettings(workers=1, timeout=timedelta(seconds=2), max_waiting=2)
    async with open_pool(settings, observer=observed) as made:
        yield made


async def test_a_package_is_rendered_and_its_functions_are_told(pool: RenderPool) -> None:
    """Files that are no resources come back as they were."""
    done = await pool.render(package())

    assert "namespace: new" in done.texts["cm.yaml"]
    assert done.texts["README.md"] == "# hi\n"
    assert done.error == ""
    assert [(each.title.rpartition("/")[2], each.exit_code) for each in done.functions] == [
        ("set-namespace:v0.4.1", 0)
    ]
    assert msgspec.json.decode(done.results)["kind"] == "FunctionResultList"


async def test_a_failing_function_is_an_outcome(pool: RenderPool, observed: Observed) -> None:
    """The worker lives on."""
    done = await pool.render(package("starlark:v0.4.3", "source: fail('no')"))

    assert "starlark:v0.4.3" in done.error
    assert "fail: no" in done.error
    assert done.texts == {}
    assert (observed.outcomes, observed.replacements) == (["failed"], [])


async def test_configs_choose_what_is_built_in(pool: RenderPool) -> None:
    """They come with the job, because they can change at any time."""
    config = FunctionConfigSpec(image="ns", go_executor=GoExecutor(tags=["v1"], id="set-namespace"))

    assert (await pool.render(package("ns:v1"), configs=[config])).error == ""
    assert "no runtime serves" in (await pool.render(package("ns:v1"))).error


async def test_workers_read_schemas_only_in_admitted_directories(tmp_path: Path) -> None:
    """A package must not look around in the operator's files."""
    schemas = tmp_path / "master-standalone"
    schemas.mkdir()
    (schemas / "configmap-v1.json").write_text('{"required": ["spec"]}')
    files = package("kubeconform", f"schema_location: {tmp_path}")

    async with open_pool(PoolSettings(workers=1, schema_directories=(str(tmp_path),))) as pool:
        admitted = await pool.render(files)
    async with open_pool(PoolSettings(workers=1)) as pool:
        refused = await pool.render(files)

    assert "missing property 'spec'" in admitted.error
    assert "must be in a directory that is admitted" in refused.error


async def test_a_late_render_is_stopped_and_names_its_function(
    pool: RenderPool, observed: Observed
) -> None:
    """The next one finds a fresh worker."""
    with pytest.raises(
        RenderTimedOut, match=r"'starlark:v0\.4\.3' must end within 2 s.*RENDER_TIMEOUT"
    ):
        await pool.render(endless())

    assert (await pool.render(package())).error == ""
    assert observed.replacements == ["RenderTimedOut"]


async def test_a_cancelled_render_frees_its_worker(pool: RenderPool, observed: Observed) -> None:
    """Whoever waits behind it goes on."""
    late = asyncio.create_task(pool.render(endless()))
    await _until(lambda: bool(_children("porch.functions.sandbox.child")))
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late

    assert (await pool.render(package())).error == ""
    assert observed.replacements == ["cancelled"]


async def test_a_worker_that_dies_fails_its_job_only(pool: RenderPool) -> None:
    """It is worth another try."""
    late = asyncio.create_task(pool.render(endless()))
    await _until(lambda: bool(_children("porch.functions.sandbox.child")))
    for worker in _children("porch.functions.worker"):
        os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="while it ran function 'starlark"):
        await late

    assert (await pool.render(package())).error == ""


async def test_an_idle_worker_that_dies_is_replaced(pool: RenderPool) -> None:
    """The render that finds it dead fails once, and is worth another try."""
    for worker in _children("porch.functions.worker"):
        os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await pool.render(package())

    assert (await pool.render(package())).error == ""


async def test_waiting_renders_are_bounded(pool: RenderPool, observed: Observed) -> None:
    """An operator under fire must refuse rather than grow."""
    tasks = [asyncio.create_task(pool.render(endless() if n == 0 else package())) for n in range(4)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert sorted(kinds) == ["Finished", "Finished", "PoolFull", "RenderTimedOut"]
    assert isinstance(outcomes[3], PoolFull)
    assert observed.most_waiting == 2


async def test_closing_ends_the_workers_and_their_scripts() -> None:
    """Nothing of ours goes on after the operator."""
    async with open_pool(PoolSettings(workers=2)) as pool:
        late = asyncio.create_task(pool.render(endless()))
        await _until(lambda: bool(_children("porch.functions.sandbox.child")))
        late.cancel()

    await asyncio.gather(late, return_exceptions=True)
    await _until(lambda: not _children("porch.functions"))


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def _children(module: str) -> list[int]:
    """Processes below this one that run a module."""
    parents = {os.getpid()}
    found: list[int] = []
    for entry in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            status = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            command = Path(f"/proc/{entry}/cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(status[1]) in parents and status[0] not in "ZX":
            parents.add(entry)
            if module in command:
                found.append(entry)
    return found
