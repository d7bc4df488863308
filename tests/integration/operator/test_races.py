"""People who do not wait for one another: edits that race proposals, approvals and rejections.

Each package has an author who edits and a crowd that moves it back and forth, both at once, by a
seeded choice (PORCH_SEED). An edit is acknowledged when the API server answered it. What is
published must hold every acknowledged edit, rendered.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import pytest

from porch_devcluster.api import wait_for
from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import People, has_lifecycle

pytestmark = pytest.mark.cluster

SEED = int(os.environ.get("PORCH_SEED", "20240229"))
AT_ONCE = 8  # packages
EDITS = 5  # that each author tries
LONGEST_PAUSE = 0.12  # seconds; a pass takes about as long
MOVES = (
    ("author", "Proposed"),
    ("author", "Draft"),
    ("approver", "Draft"),
    ("author", "Proposed"),
)
_REFUSALS = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
SETTLED_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Race:
    """One package and its people."""

    people: People
    number: int

    @property
    def package(self) -> str:
        """Its name."""
        return f"race{self.number}"

    @property
    def name(self) -> str:
        """The name of its revision."""
        return f"packages.{self.package}.v1"

    def run(self) -> set[str]:
        """Edit and move at once, then publish; the paths of acknowledged edits."""
        choice = random.Random(f"{SEED}/{self.number}")  # noqa: S311  # repeatable on purpose
        self.people.ready_draft(self.name)
        self.people.edit(self.name, {"Kptfile": KPTFILE.replace("name: web", "name: race")})
        pauses = [choice.uniform(0, LONGEST_PAUSE) for _ in range(2 * EDITS)]
        moves = [choice.choice(MOVES) for _ in range(EDITS)]
        with ThreadPoolExecutor(2) as two:
            author = two.submit(self._edit, pauses[:EDITS])
            crowd = two.submit(self._move, moves, pauses[EDITS:])
            crowd.result()
            if choice.random() < 0.5:  # the approval may overtake the last edits
                self._publish()
            acknowledged = author.result()
        self._publish()
        api, path = self.people.api("admin"), self.people.revision_path(self.name)
        wait_for(api, path, has_lifecycle("Published"), within=SETTLED_WITHIN)
        return acknowledged

    def _edit(self, pauses: list[float]) -> set[str]:
        acknowledged = set()
        for number, pause in enumerate(pauses):
            time.sleep(pause)  # a user's hesitation, by choice of the seed
            path = f"edit{number}.yaml"
            if _accepted(partial(self.people.edit, self.name, {path: _config_map(path)})):
                acknowledged.add(path)
        return acknowledged

    def _move(self, moves: list[tuple[str, str]], pauses: list[float]) -> None:
        for (user, lifecycle), pause in zip(moves, pauses, strict=True):
            time.sleep(pause)  # a user's hesitation, by choice of the seed
            _accepted(partial(self.people.wish, self.name, lifecycle, user=user))

    def _publish(self) -> None:
        self.people.wish(self.name, "Published", user="approver")


def _accepted(request: Callable[[], object]) -> bool:
    """Whether the API server took it; only a sealed or published revision may refuse."""
    try:
        request()
    except ApiStatus as refusal:
        if refusal.code not in _REFUSALS:
            raise
        return False
    return True


def _config_map(path: str) -> str:
    name = path.removesuffix(".yaml")
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  k: v\n"


def run_races(people: People, repository: Repository, count: int) -> None:
    """Run many, and hold what git has against what was acknowledged."""
    races = [Race(people, number) for number in range(count)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(zip(races, pool.map(Race.run, races), strict=True))
    for race, acknowledged in results:
        tag = f"refs/tags/{race.package}/v1"
        held = {path.partition("/")[2] for path in repository.files(tag) if race.package in path}
        edits = {path for path in held if path.startswith("edit")}
        assert edits >= acknowledged, f"lost by {race.package} with PORCH_SEED={SEED}"
        for path in edits:
            text = repository.git("show", f"{tag}:{race.package}/{path}")
            assert "namespace: web" in text, f"{race.package}/{path} is not rendered"
        obj = people.api("admin").get(people.revision_path(race.name))
        tree = repository.git("rev-parse", f"{tag}:{race.package}").strip()
        assert obj["status"]["contentDigest"] == f"tree:{tree}"
        assert obj["status"]["render"]["outputDigest"] == f"tree:{tree}"
    tags = [ref for ref in repository.refs() if ref.startswith("refs/tags/")]
    assert len(tags) == count


def test_every_acknowledged_edit_that_races_a_proposal_is_published_rendered(
    people: People, registered: Repository
) -> None:
    """A slice of the interleavings; PORCH_RACES says how many."""
    run_races(people, registered, int(os.environ.get("PORCH_RACES", "24")))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_interleavings_lose_no_edit(people: People, registered: Repository) -> None:
    """All of them."""
    run_races(people, registered, 1000)
