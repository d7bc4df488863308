"""Who owns which field is kept for those who apply server-side, and for nobody else."""

from __future__ import annotations

import json

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.conftest import Kubectl
from tests.integration.operator.manifests import web_manifest
from tests.integration.operator.people import CONFIG_MAP, People, has_lifecycle

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
MAX_BYTES = 1450  # of a published revision, without the address of its repository


def owners(obj: Object) -> list[tuple[str, str]]:
    """Who owns fields of an object, and by what kind of request."""
    entries = obj["metadata"].get("managedFields", [])
    return [(each["manager"], each["operation"]) for each in entries]


@pytest.mark.usefixtures("registered")
def test_what_nobody_applies_carries_no_managed_fields(people: People) -> None:
    """They would be two fifths of a published revision, and there are thousands."""
    people.ready_draft(NAME)
    generation = people.edit(NAME, {"cm.yaml": CONFIG_MAP})
    people.rendered(NAME, generation)
    assert owners(people.resources(NAME)) == []
    people.wish(NAME, "Proposed")
    people.wish(NAME, "Published", user="approver")
    published = people.wait(NAME, has_lifecycle("Published"))

    assert owners(published) == []
    encoded = json.dumps(published, separators=(",", ":"))
    assert len(encoded) - len(published["status"]["selfLock"]["git"]["repo"]) <= MAX_BYTES


@pytest.mark.usefixtures("registered")
def test_whoever_applies_server_side_keeps_what_they_own(kubectl: Kubectl, people: People) -> None:
    """Or a later apply could not tell what they have left out."""
    revision = json.dumps(web_manifest(NAME).revision)
    kubectl("apply", "--server-side", "-f", "-", user="author", stdin=revision)
    waiting = people.wait(NAME, lambda obj: bool(obj["metadata"].get("finalizers")))

    assert ("kubectl", "Apply") in owners(waiting)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("first", [("create",), ("apply",)], ids=["create", "client-side apply"])
def test_who_begins_otherwise_may_apply_server_side_later(
    first: tuple[str, ...], kubectl: Kubectl, people: People
) -> None:
    """What others have set counts as theirs only where the manifest says something else."""
    revision = web_manifest(NAME).revision
    revision["spec"] |= {"source": {"init": {"description": "A test"}}, "lifecycle": "Draft"}
    kubectl(*first, "-f", "-", user="author", stdin=json.dumps(revision))
    people.ready(NAME)
    kubectl("apply", "--server-side", "-f", "-", user="author", stdin=json.dumps(revision))

    again = people.ready(NAME)
    assert ("kubectl", "Apply") in owners(again)
    revision["spec"]["lifecycle"] = "Proposed"
    force = () if first == ("apply",) else ("--force-conflicts",)
    proposal = json.dumps(revision)
    kubectl("apply", "--server-side", *force, "-f", "-", user="author", stdin=proposal)

    people.wait(NAME, has_lifecycle("Proposed"))


@pytest.mark.usefixtures("operator")
def test_a_discovered_revision_carries_none_once_it_is_shown(
    people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """The operator made it, and nobody applies it."""
    kptfile = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: db\n  labels:\n    a: b\n"
    commit = git_repository.commit({"db/Kptfile": kptfile})
    git_repository.git("update-ref", "refs/tags/db/v1", commit)
    people.register("packages", git_server.url_of(git_repository))

    found = people.wait("packages.db.v1", has_lifecycle("Published"))
    assert found["spec"]["packageMetadata"]["labels"] == {"a": "b"}
    assert owners(found) == []
