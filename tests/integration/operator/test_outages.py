"""Git that is down, and homes that go: what is saved, what is told, and that nobody waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from porch_devcluster.api import wait_for, wait_until_gone
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.people import (
    CONFIG,
    CONFIG_MAP,
    PATIENCE,
    People,
    has_lifecycle,
    is_pushed,
    is_ready,
    with_pipeline,
)
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
DRAFT = "refs/heads/drafts/web/v1"
GONE_WITHIN = timedelta(seconds=20)


@pytest.fixture
def fragile(own_operator: RunningOperator, people: People, own_git_server: GitServer) -> Repository:
    """A registered repository whose server the test may stop; last pushes have two seconds."""
    own_operator.environment["PORCH_REPOSITORY_FLUSH_LIMIT"] = "2s"
    own_operator.start()
    repository = own_git_server.create_repository("fragile", files={"README.md": "# Packages\n"})
    people.register("packages", own_git_server.url_of(repository))
    people.repository("packages", is_ready)
    return repository


def repository_path(people: People) -> str:
    """Where the Repository is."""
    return f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"


def unpushed_edit(people: People, server: GitServer) -> None:
    """A pushed draft with an edit that git, which is down now, does not have."""
    people.ready_draft(NAME)
    people.wait(NAME, is_pushed)
    server.stop()
    people.rendered(NAME, people.edit(NAME, {"cm.yaml": CONFIG_MAP}))
    assert not is_pushed(people.wait(NAME, is_ready))


def test_a_draft_survives_an_outage_of_git(
    fragile: Repository, people: People, own_git_server: GitServer
) -> None:
    """Edits are rendered and Ready meanwhile; the branch follows, publications wait."""
    unpushed_edit(people, own_git_server)
    files = people.files(NAME)
    generation = people.edit(NAME, {"Kptfile": with_pipeline(files)})
    people.rendered(NAME, generation)
    people.ready(NAME)

    assert "namespace: web" in people.files(NAME)["cm.yaml"]

    people.wish(NAME, "Published", user="approver")
    people.event(NAME, "RepositoryUnreachable")
    own_git_server.start()
    people.wait(NAME, has_lifecycle("Published"))

    assert fragile.read("refs/tags/web/v1", "web/cm.yaml") == people.files(NAME)["cm.yaml"]


def test_a_branch_follows_after_an_outage_of_git(
    fragile: Repository, people: People, own_git_server: GitServer
) -> None:
    """Without anybody's doing, and with the newest content."""
    unpushed_edit(people, own_git_server)
    own_git_server.start()
    people.wait(NAME, is_pushed)

    assert fragile.read(DRAFT, "web/cm.yaml") == CONFIG_MAP


def test_a_namespace_goes_while_git_is_down_and_git_stays_as_it_is(
    fragile: Repository, people: People, own_git_server: GitServer
) -> None:
    """A last push has a limit; after it the objects go, and git has what it had."""
    unpushed_edit(people, own_git_server)
    before = fragile.refs()
    path = f"/api/v1/namespaces/{people.namespace}"
    people.api("admin").delete(path)
    wait_until_gone(people.api("admin"), people.revision_path(NAME), within=GONE_WITHIN)
    wait_until_gone(people.api("admin"), repository_path(people), within=GONE_WITHIN)
    own_git_server.start()

    assert fragile.refs() == before


def test_a_namespace_that_goes_leaves_published_packages_in_git(
    fragile: Repository, people: People
) -> None:
    """Deleting a namespace is not deleting packages; its last draft is saved."""
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    people.ready_draft("packages.other.v1")
    before = fragile.refs()
    people.api("admin").delete(f"/api/v1/namespaces/{people.namespace}")
    wait_until_gone(people.api("admin"), repository_path(people), within=GONE_WITHIN)
    wait_until_gone(people.api("admin"), people.revision_path(NAME), within=GONE_WITHIN)

    kept = fragile.refs()
    assert before.items() <= kept.items()
    assert kept.keys() >= {"refs/tags/web/v1", "refs/heads/drafts/other/v1"}


def test_a_repository_that_goes_saves_its_unpushed_drafts(
    fragile: Repository, people: People
) -> None:
    """Git gets the last edit, even one that no background push had time for."""
    people.ready_draft(NAME)
    generation = people.edit(NAME, {"cm.yaml": CONFIG_MAP})
    people.rendered(NAME, generation)
    people.api("admin").delete(repository_path(people))
    wait_until_gone(people.api("admin"), repository_path(people), within=GONE_WITHIN)
    people.gone(NAME)

    assert fragile.read(DRAFT, "web/cm.yaml") == CONFIG_MAP


def test_a_repository_that_goes_while_git_is_down_tells_what_could_not_be_saved(
    fragile: Repository, people: People, own_git_server: GitServer
) -> None:
    """An Event names the draft and the cause."""
    unpushed_edit(people, own_git_server)
    people.api("admin").delete(repository_path(people))
    wait_until_gone(people.api("admin"), repository_path(people), within=GONE_WITHIN)
    people.gone(NAME)
    told = people.event(NAME, "DraftNotPushed")

    assert told["type"] == "Warning"
    assert "removed without a copy in git" in told["note"]


def test_a_repository_registered_again_brings_its_drafts_back(
    fragile: Repository, people: People, own_git_server: GitServer
) -> None:
    """What was saved to git is found there, drafts and publications alike."""
    people.ready_draft(NAME)
    people.rendered(NAME, people.edit(NAME, {"cm.yaml": CONFIG_MAP}))
    people.api("admin").delete(repository_path(people))
    wait_until_gone(people.api("admin"), repository_path(people), within=GONE_WITHIN)
    people.register("packages", own_git_server.url_of(fragile))
    wait_for(
        people.api("admin"), people.revision_path(NAME), has_lifecycle("Draft"), within=PATIENCE
    )

    assert people.files(NAME)["cm.yaml"] == CONFIG_MAP
