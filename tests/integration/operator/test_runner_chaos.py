"""The races of people, while the operator and the function runner hear each other badly.

A function is pure, so a call that was lost, or evaluated without an answer, may be made again; what
must not happen is an edit that is published without its functions, or a draft that gives up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.chaos import Chaos, Weather
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import PIPELINE, People, is_ready
from tests.integration.operator.runnerproxy import runner_proxy
from tests.integration.operator.running import RunningOperator
from tests.integration.operator.test_chaos import KINDS
from tests.integration.operator.test_races import SEED, Pipeline, run_races
from tests.unit.function_runner.program import image, running

pytestmark = pytest.mark.cluster

# gRPC makes four attempts by itself: only rough weather reaches the operator.
ROUGH = Weather(lost=0.25, unheard=0.25, twice=0.1, late=0.2)
RENAME = {"rename": "#!/bin/sh\nexec sed 's/k: v$/k: w/'\n"}
BY_RUNNER = Pipeline(
    KPTFILE.replace(PIPELINE, f"pipeline:\n  mutators:\n  - image: {image('rename')}\n"),
    trace="k: w",
)


@pytest.fixture
def rough(
    *,
    own_operator: RunningOperator,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
    tmp_path: Path,
) -> Iterator[Chaos]:
    """An operator that reaches its runner through rough weather only; `packages` is registered."""
    chaos = Chaos(f"runner {SEED}", weather=ROUGH)
    with running(tmp_path, RENAME) as runner, runner_proxy(runner.address, chaos) as address:
        own_operator.environment["PORCH_RUNNER_ADDRESS"] = address
        own_operator.start()
        people.register("packages", git_server.url_of(git_repository))
        people.repository("packages", is_ready)
        yield chaos
        own_operator.kill()


def test_a_runner_that_is_heard_badly_loses_no_edit_and_publishes_none_unrendered(
    rough: Chaos, people: People, git_repository: Repository, own_operator: RunningOperator
) -> None:
    """Calls that are cut, come twice, late or out of order end in the same files."""
    run_races(people, git_repository, range(8), pipeline=BY_RUNNER)

    assert rough.done.keys() == KINDS, "the weather must have been rough"
    assert "FunctionRunnerUnavailable" in own_operator.log.read_text()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_runner_that_is_heard_badly_for_long_loses_no_edit(
    rough: Chaos, people: People, git_repository: Repository
) -> None:
    """A hundred packages."""
    run_races(people, git_repository, range(100), pipeline=BY_RUNNER)

    assert rough.done.keys() == KINDS
