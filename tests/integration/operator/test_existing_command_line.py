"""The calls of the upstream command line, as it makes them with its API version set to v1alpha2.

Its push reads the resources, keeps name, resourceVersion and the files, and sends the rest empty.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from porch_devcluster.api import Object, wait_for
from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.people import (
    CONFIG,
    CONFIG_MAP,
    PATIENCE,
    REVISIONS,
    People,
    condition,
    has_lifecycle,
    with_pipeline,
)
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
CONFLICTS = 5  # as the command line gives up


def command_line_init(people: People, name: str) -> Object:
    """`rpkg init`: a POST of a draft with its source."""
    repository, package, workspace = name.split(".")
    body = {
        "apiVersion": "porch.kpt.dev/v1alpha2",
        "kind": "PackageRevision",
        "metadata": {"name": name, "namespace": people.namespace, "creationTimestamp": None},
        "spec": {
            "lifecycle": "Draft",
            "packageName": package,
            "repository": repository,
            "workspaceName": workspace,
            "source": {
                "init": {
                    "description": "demo package",
                    "keywords": ["a", "b"],
                    "site": "https://example.org",
                }
            },
        },
        "status": {},
    }
    path = f"{REVISIONS}/namespaces/{people.namespace}/packagerevisions"
    return people.api("author").create(path, body)


def pull(people: People, name: str) -> Object:
    """`rpkg pull`: the resources, when they have appeared."""
    shown: Any = wait_for(
        people.api("author"), people.resources_path(name), lambda _: True, within=PATIENCE
    )
    return dict(shown)


def push(people: People, pulled: Object, files: dict[str, str]) -> Object:
    """`rpkg push`: a PUT in which only name, version and files survive."""
    body = {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PackageRevisionResources",
        "metadata": {
            "name": pulled["metadata"]["name"],
            "namespace": people.namespace,
            "resourceVersion": pulled["metadata"]["resourceVersion"],
            "creationTimestamp": None,
        },
        "spec": {"resources": files},
        "status": {"renderStatus": {"error": "", "result": {}}},
    }
    return people.api("author").update(people.resources_path(pulled["metadata"]["name"]), body)


def move(people: People, name: str, lifecycle: str, *, user: str) -> Object:
    """`rpkg propose|approve|reject`: read, set the lifecycle, PUT; again on a conflict."""
    api = people.api(user)
    for _ in range(CONFLICTS):
        obj = api.get(people.revision_path(name))
        obj["spec"]["lifecycle"] = lifecycle
        try:
            return api.update(people.revision_path(name), obj)
        except ApiStatus as refusal:
            if refusal.code != HTTPStatus.CONFLICT:
                raise
    raise AssertionError(f"{name} was changed by others {CONFLICTS} times in a row")


def test_the_calls_of_the_command_line_make_a_published_package(
    people: People, registered: Repository
) -> None:
    """Init, pull, push, propose, approve, propose-delete and delete, one after the other."""
    command_line_init(people, NAME)
    pulled = pull(people, NAME)
    files = pulled["spec"]["resources"]
    wanted = {**files, "Kptfile": with_pipeline(files), "cm.yaml": CONFIG_MAP}
    pushed = push(people, pulled, wanted)
    people.rendered(NAME, pushed["metadata"]["generation"])
    move(people, NAME, "Proposed", user="author")
    people.wait(NAME, has_lifecycle("Proposed"))
    move(people, NAME, "Published", user="approver")
    published = people.wait(NAME, has_lifecycle("Published"))

    assert "namespace: web" in registered.read("refs/tags/web/v1", "web/cm.yaml")
    assert published["status"]["creationSource"] == "init"
    assert published["status"]["publishedBy"]
    assert published["status"]["selfLock"]["git"]["ref"] == "web/v1"

    move(people, NAME, "DeletionProposed", user="approver")
    people.wait(NAME, has_lifecycle("DeletionProposed"))
    people.delete(NAME)
    people.gone(NAME)

    assert registered.refs().keys() == {"refs/heads/main"}


def test_what_a_push_drops_is_restored_by_the_next_write_of_the_operator(
    people: People, registered: Repository
) -> None:
    """Labels, the identity in the spec and the status come back with the rendered content."""
    people.ready_draft(NAME)
    pulled = pull(people, NAME)
    files = pulled["spec"]["resources"]
    answer = push(people, pulled, {**files, "Kptfile": with_pipeline(files), "cm.yaml": CONFIG_MAP})
    people.rendered(NAME, answer["metadata"]["generation"])
    restored = people.resources(NAME)

    for member in ("packageName", "repository", "workspaceName"):
        assert restored["spec"][member] == pulled["spec"][member]
    assert restored["metadata"]["labels"] == pulled["metadata"]["labels"]
    assert condition(restored, "Rendered")["status"] == "True"


def test_a_push_of_what_was_pulled_changes_no_content_and_makes_no_commit(
    people: People, registered: Repository
) -> None:
    """All that the operator knew from the object was wiped, and nothing was said."""
    before = people.ready_draft(NAME)
    pulled = pull(people, NAME)
    answer = push(people, pulled, pulled["spec"]["resources"])
    after = people.rendered(NAME, answer["metadata"]["generation"])

    assert after["status"]["contentDigest"] == before["status"]["contentDigest"]
    assert people.files(NAME) == pulled["spec"]["resources"]


def test_a_push_of_an_older_version_is_a_conflict_and_changes_nothing(
    people: People, registered: Repository
) -> None:
    """The version that was pulled guards the write; what somebody else wrote stays."""
    people.ready_draft(NAME)
    pulled = pull(people, NAME)
    people.rendered(NAME, people.edit(NAME, {"theirs.yaml": CONFIG_MAP}))

    with pytest.raises(ApiStatus) as refusal:
        push(people, pulled, {**pulled["spec"]["resources"], "ours.yaml": CONFIG_MAP})

    assert refusal.value.code == HTTPStatus.CONFLICT
    assert "the object has been modified" in refusal.value.message
    assert "theirs.yaml" in people.files(NAME)
    assert "ours.yaml" not in people.files(NAME)


def test_a_pull_right_after_the_creation_can_be_pushed(
    people: People, registered: Repository
) -> None:
    """Resources appear already rendered, and nothing is written to them before the user does."""
    for number in range(5):
        name = f"packages.web{number}.v1"
        command_line_init(people, name)
        pulled = pull(people, name)
        people.ready(name)

        answer = push(people, pulled, {**pulled["spec"]["resources"], "cm.yaml": CONFIG_MAP})

        assert answer["metadata"]["generation"] > pulled["metadata"]["generation"]


def test_a_registration_of_the_command_line_is_served(
    operator: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """Its annotation for the migration is accepted and means nothing."""
    body = {
        "apiVersion": "config.porch.kpt.dev/v1alpha1",
        "kind": "Repository",
        "metadata": {
            "name": "packages",
            "namespace": people.namespace,
            "creationTimestamp": None,
            "annotations": {"porch.kpt.dev/v1alpha2-migration": "true"},
        },
        "spec": {
            "content": "Package",
            "type": "git",
            "git": {
                "branch": "main",
                "directory": "/",
                "repo": git_server.url_of(git_repository),
                "secretRef": {"name": ""},
            },
        },
        "status": {},
    }
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories"
    people.api("author").create(path, body)
    people.repository("packages", lambda obj: condition(obj, "Ready").get("status") == "True")
    command_line_init(people, NAME)

    assert people.ready(NAME)["status"]["lifecycle"] == "Draft"
