"""The life of a package, by the calls of kubectl alone, on a real API server and git over HTTP."""

from __future__ import annotations

import json

import pytest

from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    condition,
    has_lifecycle,
    is_pushed,
    with_pipeline,
)

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"


def test_a_package_goes_from_nothing_to_a_tag_in_git(
    people: People, registered: Repository
) -> None:
    """Init, edit, render, propose, approve; what is tagged is what was rendered."""
    people.ready_draft(NAME)
    files = people.files(NAME)
    generation = people.edit(NAME, {"cm.yaml": CONFIG_MAP, "Kptfile": with_pipeline(files)})
    people.rendered(NAME, generation)
    people.wish(NAME, "Proposed")
    people.wait(NAME, has_lifecycle("Proposed"))
    people.wish(NAME, "Published", user="approver")
    published = people.wait(NAME, has_lifecycle("Published"))

    rendered = people.files(NAME)
    assert "namespace: web" in rendered["cm.yaml"]
    assert published["status"]["revision"] == 1
    assert published["status"]["selfLock"]["git"]["ref"] == "web/v1"
    assert registered.read("refs/tags/web/v1", "web/cm.yaml") == rendered["cm.yaml"]
    tree = registered.git("rev-parse", "refs/tags/web/v1:web").strip()
    assert published["status"]["contentDigest"] == f"tree:{tree}"


def test_git_shows_the_commits_that_the_layout_promises(
    people: People, registered: Repository
) -> None:
    """A merge commit with the branch and the draft as parents, and annotation lines on both."""
    head = registered.refs()["refs/heads/main"]
    people.ready_draft(NAME)
    people.wait(NAME, is_pushed)
    drafted = registered.refs()["refs/heads/drafts/web/v1"]
    people.wish(NAME, "Proposed")
    people.wait(NAME, has_lifecycle("Proposed"))
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))

    refs = registered.refs()
    assert refs.keys() == {"refs/heads/main", "refs/tags/web/v1"}
    parents = registered.git("log", "-1", "--format=%P", "refs/tags/web/v1").split()
    assert parents == [head, drafted]
    message = registered.git("log", "-1", "--format=%B", "refs/tags/web/v1").strip()
    headline, line = message.split("\n\n")
    assert headline == "Approving package revision web/1"
    assert json.loads(line.removeprefix("kpt:")) == {
        "package": "web",
        "workspaceName": "v1",
        "revision": "1",
    }


def test_a_draft_reaches_its_branch_and_is_removed_with_it(
    people: People, registered: Repository
) -> None:
    """Git sees every draft within a moment, and nothing stays when one is deleted."""
    people.ready_draft(NAME)
    pushed = people.wait(NAME, is_pushed)

    branch = "refs/heads/drafts/web/v1"
    assert pushed["status"]["git"]["commit"] == registered.refs()[branch]

    people.delete(NAME)
    people.gone(NAME)

    assert branch not in registered.refs()


def test_push_propose_and_approve_in_one_breath_end_published_with_the_rendered_content(
    people: People, registered: Repository
) -> None:
    """A wish may be ahead of the fact; the operator walks the steps in their order."""
    people.ready_draft(NAME)
    files = people.files(NAME)
    people.edit(NAME, {"cm.yaml": CONFIG_MAP, "Kptfile": with_pipeline(files)})
    people.wish(NAME, "Proposed")
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))

    assert "namespace: web" in registered.read("refs/tags/web/v1", "web/cm.yaml")


def test_a_revision_created_as_published_gets_there_by_itself(
    people: People, registered: Repository
) -> None:
    """A GitOps manifest states the end that it wants."""
    body = {"init": {"description": "x"}}
    with pytest.raises(ApiStatus, match="approv"):
        people.draft(NAME, lifecycle="Published", source=body)
    people.draft(NAME, source=body)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))

    assert "refs/tags/web/v1" in registered.refs()


def test_files_given_before_the_revision_are_its_first_content(
    people: People, registered: Repository
) -> None:
    """GitOps tools apply both objects in any order."""
    kptfile = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: web\n"
    body = {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PackageRevisionResources",
        "metadata": {"name": NAME},
        "spec": {"resources": {"Kptfile": kptfile, "cm.yaml": CONFIG_MAP}},
    }
    path = people.resources_path(NAME).rpartition("/")[0]
    people.api("author").create(path, body)
    people.draft(NAME)
    people.ready(NAME)
    people.wait(NAME, is_pushed)

    assert registered.read("drafts/web/v1", "web/cm.yaml") == CONFIG_MAP


def test_a_failing_function_keeps_the_edit_and_says_what_failed(
    people: People, registered: Repository
) -> None:
    """The user's files stay; the object names the function; mending it is enough."""
    people.ready_draft(NAME)
    files = people.files(NAME)
    broken = files["Kptfile"] + "pipeline:\n  mutators:\n  - image: no-such-function:v1\n"
    people.rendered(NAME, people.edit(NAME, {"Kptfile": broken, "cm.yaml": CONFIG_MAP}))
    failed = people.wait(NAME, lambda obj: condition(obj, "Stalled") != {})

    assert "no-such-function:v1" in condition(failed, "Ready")["message"]
    assert condition(failed, "Ready")["reason"] == "RenderFailed"
    assert people.files(NAME) == files | {"Kptfile": broken, "cm.yaml": CONFIG_MAP}

    people.wish(NAME, "Proposed")
    people.edit(NAME, {"Kptfile": with_pipeline(files)})
    people.wait(NAME, has_lifecycle("Proposed"))

    assert "namespace: web" in people.files(NAME)["cm.yaml"]


def test_a_proposal_is_sealed_and_a_rejected_one_is_open_again(
    people: People, registered: Repository
) -> None:
    """An edit of a proposal is refused by the API server itself."""
    people.ready_draft(NAME)
    people.wish(NAME, "Proposed")
    people.wait(NAME, has_lifecycle("Proposed"))

    with pytest.raises(ApiStatus, match=r"seal|Proposed"):
        people.edit(NAME, {"cm.yaml": CONFIG_MAP})

    people.wish(NAME, "Draft")
    people.wait(NAME, has_lifecycle("Draft"))
    people.rendered(NAME, people.edit(NAME, {"cm.yaml": CONFIG_MAP}))

    assert people.files(NAME)["cm.yaml"] == CONFIG_MAP


def test_a_published_revision_is_deleted_by_proposing_it_first(
    people: People, registered: Repository
) -> None:
    """The tag goes with the object; the branch keeps the content."""
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    with pytest.raises(ApiStatus, match="proposed for deletion"):
        people.delete(NAME)
    people.wish(NAME, "DeletionProposed")
    people.wait(NAME, has_lifecycle("DeletionProposed"))

    assert "refs/heads/deletionProposed/web/v1" in registered.refs()

    people.delete(NAME)
    people.gone(NAME)

    assert registered.refs().keys() == {"refs/heads/main"}
    assert "web/Kptfile" in registered.files("main")


def test_the_next_revision_starts_from_the_published_one(
    people: People, registered: Repository
) -> None:
    """copyFrom waits for its source to be published, and numbers go up by one."""
    second = "packages.web.v2"
    people.ready_draft(NAME)
    people.draft(second, source={"copyFrom": {"name": NAME}})
    people.wait(second, lambda obj: condition(obj, "Ready").get("reason") == "WaitingForSource")
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    people.ready(second)
    people.wish(second, "Published", user="approver")
    published = people.wait(second, has_lifecycle("Published"))

    assert published["status"]["revision"] == 2
    latest = people.wait(
        second, lambda obj: obj["metadata"]["labels"]["porch.kpt.dev/latest-revision"] == "true"
    )
    assert latest["metadata"]["name"] == second
