"""Ten people at once in one repository: what they were promised holds for each of them.

Every test is something that has gone wrong elsewhere in such a crowd: a proposal that deleted its
draft, an approved package without its edit, an object that was Ready and could not be read, a
conflict answered as a failure of the server, a list that made the server look at git again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from porch_devcluster.api import Object
from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.conftest import Kubectl
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    has_lifecycle,
    is_ready,
    with_pipeline,
)
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

USERS = 10
LISTS = 5
BROKEN = "pipeline:\n  mutators:\n  - image: no-such-function:v1\n"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a package of their own."""

    people: People
    number: int

    @property
    def package(self) -> str:
        """Its name."""
        return f"p{self.number}"

    @property
    def name(self) -> str:
        """The name of its revision."""
        return f"packages.{self.package}.v1"

    def drafts(self) -> dict[str, str]:
        """A new package; its files, read the moment that it is Ready."""
        self.people.ready_draft(self.name)
        return self.people.files(self.name)

    def edits(self, files: dict[str, str]) -> None:
        """An edit, until it is rendered."""
        changed: dict[str, str | None] = {
            "Kptfile": with_pipeline(files),
            "cm.yaml": CONFIG_MAP,
        }
        self.people.rendered(self.name, self.people.edit(self.name, changed))

    def publishes(self) -> Object:
        """A proposal and its approval, each awaited; the uid of the draft is that of the result."""
        drafted = self.people.wait(self.name, is_ready)
        self.people.wish(self.name, "Proposed")
        proposed = self.people.wait(self.name, has_lifecycle("Proposed"))
        assert proposed["metadata"]["uid"] == drafted["metadata"]["uid"]
        assert self.people.files(self.name), "a proposal must keep its draft"
        self.people.wish(self.name, "Published", user="approver")
        published = self.people.wait(self.name, has_lifecycle("Published"))
        assert published["metadata"]["uid"] == drafted["metadata"]["uid"]
        return published


@pytest.fixture
def crowd(people: People) -> list[Person]:
    """Everybody."""
    return [Person(people, number) for number in range(USERS)]


@pytest.fixture
def at_once() -> Iterator[ThreadPoolExecutor]:
    """A thread for each of them."""
    with ThreadPoolExecutor(USERS) as threads:
        yield threads


def test_each_published_package_holds_its_users_edit(
    crowd: list[Person], at_once: ThreadPoolExecutor, registered: Repository
) -> None:
    """What is Ready can be read, a proposal keeps its draft, an approval publishes the edit."""

    def live(person: Person) -> Object:
        person.edits(person.drafts())
        return person.publishes()

    published = list(at_once.map(live, crowd))

    for person, obj in zip(crowd, published, strict=True):
        tag = f"refs/tags/{person.package}/v1"
        assert obj["status"]["revision"] == 1
        text = registered.git("show", f"{tag}:{person.package}/cm.yaml")
        assert "namespace: web" in text


@pytest.mark.usefixtures("registered")
def test_a_function_that_fails_discards_nobodys_edit(
    crowd: list[Person], at_once: ThreadPoolExecutor
) -> None:
    """Half of them name a function that does not exist."""

    def edit(person: Person) -> dict[str, str]:
        files = person.drafts()
        if person.number % 2:
            files["Kptfile"] += BROKEN
        changed: dict[str, str | None] = {"Kptfile": files["Kptfile"], "cm.yaml": CONFIG_MAP}
        person.people.rendered(person.name, person.people.edit(person.name, changed))
        return person.people.files(person.name)

    for person, files in zip(crowd, at_once.map(edit, crowd), strict=True):
        assert files["cm.yaml"] == CONFIG_MAP, person.name


@pytest.mark.usefixtures("registered")
def test_who_is_late_is_answered_with_a_conflict(
    crowd: list[Person], at_once: ThreadPoolExecutor, people: People
) -> None:
    """All edit one version of one draft: one is taken, each other is told to read again."""
    first = crowd[0]
    first.drafts()
    read = people.resources(first.name)

    def put(person: Person) -> int:
        files = read["spec"]["resources"] | {f"by-{person.number}.yaml": CONFIG_MAP}
        body = read | {"spec": read["spec"] | {"resources": files}}
        try:
            people.api("author").update(people.resources_path(first.name), body)
        except ApiStatus as refusal:
            return refusal.code
        return HTTPStatus.OK

    answers = sorted(at_once.map(put, crowd))

    assert answers == [HTTPStatus.OK] + [HTTPStatus.CONFLICT] * (USERS - 1)
    taken = people.rendered(first.name, read["metadata"]["generation"] + 1)
    assert is_ready(taken)
    written = [path for path in people.files(first.name) if path.startswith("by-")]
    assert len(written) == 1


def test_nobody_who_lists_makes_anything_look_at_git(
    *,
    own_operator: RunningOperator,
    crowd: list[Person],
    at_once: ThreadPoolExecutor,
    people: People,
    kubectl: Kubectl,
    git_server: GitServer,
    git_repository: Repository,
) -> None:
    """Neither people nor the garbage collector, which lists by metadata."""
    own_operator.environment["PORCH_REPOSITORY_POLL"] = "1h"
    own_operator.start()
    people.register("packages", git_server.url_of(git_repository))
    people.repository("packages", is_ready)
    list(at_once.map(Person.drafts, crowd))
    list(at_once.map(Person.publishes, crowd))
    git_server.served.clear()
    for _ in range(LISTS):
        for kind in ("packages", "packagerevisionresources", "packagerevisions"):
            listed = kubectl("get", f"{kind}.porch.kpt.dev", user="viewer")

    assert listed.count("\n") == USERS + 1  # and a heading
    assert git_server.served == []
