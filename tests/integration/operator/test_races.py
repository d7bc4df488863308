"""People who do not wait for one another: edits that race proposals, approvals and rejections.

Each package has an author who edits and a crowd that moves it back and forth, both at once, by a
seeded choice (PORCH_SEED). An edit is acknowledged when the API server answered it. What is
published must hold every acknowledged edit, rendered.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
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
LAST = "last.yaml"  # every edit writes it, so that it tells of one that was taken back
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
class Pipeline:
    """What renders the packages of a race, and how a rendered file shows it."""

    kptfile: str
    trace: str


BUILT_IN = Pipeline(KPTFILE.replace("name: web", "name: race"), trace="namespace: web")


@dataclass(frozen=True, slots=True)
class Race:
    """One package and its people."""

    people: People
    number: int
    kptfile: str

    @property
    def package(self) -> str:
        """Its name."""
        return f"race{self.number}"

    @property
    def name(self) -> str:
        """The name of its revision."""
        return f"packages.{self.package}.v1"

    def run(self) -> set[int]:
        """Edit and move at once, then publish; the numbers of acknowledged edits."""
        choice = random.Random(f"{SEED}/{self.number}")  # noqa: S311  # repeatable on purpose
        self.people.ready_draft(self.name)
        self.people.edit(self.name, {"Kptfile": self.kptfile})
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

    def _edit(self, pauses: list[float]) -> set[int]:
        acknowledged = set()
        for number, pause in enumerate(pauses):
            time.sleep(pause)  # a user's hesitation, by choice of the seed
            files: dict[str, str | None] = {
                f"edit{number}.yaml": _config_map(f"edit{number}", number),
                LAST: _config_map("last", number),
            }
            if _accepted(partial(self.people.edit, self.name, files)):
                acknowledged.add(number)
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


def _config_map(name: str, number: int) -> str:
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
        f'data:\n  k: v\n  edit: "{number}"\n'
    )


def run_races(
    people: People, repository: Repository, numbers: range, *, pipeline: Pipeline = BUILT_IN
) -> None:
    """Run those of these numbers, and hold what git has against what was acknowledged."""
    races = [Race(people, number, pipeline.kptfile) for number in numbers]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(zip(races, pool.map(Race.run, races), strict=True))
    for race, acknowledged in results:
        check(race, acknowledged, repository, trace=pipeline.trace)
    tags = [ref for ref in repository.refs() if ref.startswith("refs/tags/")]
    assert len(tags) == len(numbers)


def check(race: Race, acknowledged: set[int], repository: Repository, *, trace: str) -> None:
    """What is published holds every acknowledged edit, none taken back, all of it rendered."""
    tag, told = f"refs/tags/{race.package}/v1", f"{race.package} with PORCH_SEED={SEED}"
    files = {
        path.removeprefix(f"{race.package}/"): repository.read(tag, path)
        for path in repository.files(tag)
        if path.startswith(f"{race.package}/")
    }
    written = {path: text for path, text in files.items() if path.startswith(("edit", "last"))}
    edits = {number for number in range(EDITS) if f"edit{number}.yaml" in written}
    assert edits >= acknowledged, f"lost by {told}"
    for path, text in written.items():
        assert trace in text, f"{path} is not rendered in {told}"
    if edits:
        assert f'edit: "{max(edits)}"' in files[LAST], f"an edit was taken back in {told}"
    status = race.people.api("admin").get(race.people.revision_path(race.name))["status"]
    tree = repository.git("rev-parse", f"{tag}:{race.package}").strip()
    assert status["contentDigest"] == status["render"]["outputDigest"] == f"tree:{tree}"


@pytest.fixture
def track(people: People, registered: Repository) -> Iterator[Repository]:
    """The registered repository, gone afterwards with all its packages.

    The operator of the next test would begin with them.
    """
    yield registered
    people.unregister("packages")


def test_every_acknowledged_edit_that_races_a_proposal_is_published_rendered(
    people: People, track: Repository
) -> None:
    """A slice of the interleavings; PORCH_RACES says how many."""
    run_races(people, track, range(int(os.environ.get("PORCH_RACES", "100"))))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("begin", [0, 250, 500, 750], ids=["first", "second", "third", "fourth"])
def test_a_thousand_interleavings_lose_no_edit(
    people: People, track: Repository, begin: int
) -> None:
    """All of them, in quarters that may be run one by one."""
    run_races(people, track, range(begin, begin + 250))
