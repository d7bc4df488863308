"""How the kinds are served: tables, selectors, names, and policies that the server understands."""

from __future__ import annotations

import pytest

from porch.api.crd import DEFINITIONS, Definition
from porch.api.policies import POLICIES
from porch_devcluster.cluster import Cluster
from tests.integration.api.conftest import People
from tests.integration.api.objects import fact, package, repository, resources, revision
from tests.integration.conftest import Kubectl
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Ready",
    "message": "",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def published(people: People) -> None:
    """A revision with everything that a table shows."""
    made = revision(package="net/vpc", lifecycle="Published")
    made["metadata"]["labels"] = {"porch.kpt.dev/latest-revision": "true"}
    assert people.operator.creates(made).code == 200
    status = fact("Published", revision=3, contentDigest="tree:" + "a" * 40, conditions=[READY])
    assert people.operator.patches(made, status, sub="status").code == 200


def table(text: str) -> list[list[str]]:
    """The cells of kubectl's output; columns are three blanks apart."""
    return [
        [cell.strip() for cell in line.split("   ") if cell.strip()] for line in text.splitlines()
    ]


def test_the_table_of_revisions(people: People, kubectl: Kubectl) -> None:
    """Command lines print the server's table: the order of the columns is what people see."""
    published(people)
    header, row = table(kubectl("get", "rpkg"))

    assert header == [
        "NAME",
        "PACKAGE",
        "WORKSPACENAME",
        "REVISION",
        "LATEST",
        "LIFECYCLE",
        "REPOSITORY",
        "AGE",
        "READY",
    ]
    assert row[:7] == ["repo.net.vpc.v1", "net/vpc", "v1", "3", "true", "Published", "repo"]
    assert row[8] == "True"


def test_the_wide_table_of_revisions(people: People, kubectl: Kubectl) -> None:
    """What was reached, which content, and why not Ready."""
    published(people)
    header, row = table(kubectl("get", "rpkg", "-o", "wide"))

    assert header[9:] == ["OBSERVED", "DIGEST", "REASON"]
    assert row[9:] == ["Published", "tree:" + "a" * 40, "Ready"]


def test_a_draft_has_no_number_in_the_table(people: People, kubectl: Kubectl) -> None:
    """Nothing is better than a 0 that looks like a number."""
    people.author.creates(revision())
    _, row = table(kubectl("get", "packagerevisions"))

    assert row[:5] == ["repo.app.v1", "app", "v1", "Draft", "repo"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("spec.lifecycle=Published", True),
        ("spec.lifecycle=Draft", False),
        ("status.lifecycle=Published", True),
        ("status.lifecycle=Proposed", False),
        ("spec.repository=repo", True),
        ("spec.repository=other", False),
        ("spec.packageName=net/vpc", True),
        ("spec.packageName=vpc", False),
        ("spec.workspaceName=v1", True),
        ("spec.workspaceName=v2", False),
        ("status.revision=3", True),
        ("status.revision=4", False),
        ("metadata.name=repo.net.vpc.v1,spec.lifecycle!=Draft", True),
    ],
)
def test_revisions_are_selected_by_field(
    people: People, kubectl: Kubectl, selector: str, found: bool
) -> None:
    """By the server, so that clients need not read everything."""
    published(people)
    names = kubectl("get", "packagerevisions", "--field-selector", selector, "-o", "name")

    assert bool(names.strip()) is found


def test_the_table_of_repositories(people: People, kubectl: Kubectl) -> None:
    """The columns of the existing system."""
    people.author.creates(repository(sync={"schedule": "@hourly"}, deployment=True))
    header, row = table(kubectl("get", "repo"))

    assert " ".join(header) == (
        "NAME TYPE CONTENT SYNC SCHEDULE DEPLOYMENT READY ADDRESS BRANCH AGE"
    )
    assert row[:7] == [
        "repo",
        "git",
        "Package",
        "@hourly",
        "true",
        "https://git.example.org/repo.git",
        "main",
    ]


def test_the_table_of_files(people: People, kubectl: Kubectl) -> None:
    """Which revision they belong to, and whether they are sealed."""
    parts = {"repository": "repo", "packageName": "app", "workspaceName": "v1", "revision": 2}
    status = {"lifecycle": "Published"}
    people.operator.creates(resources({}, spec=parts, status=status))
    header, row = table(kubectl("get", "prr"))

    assert header[:6] == ["NAME", "PACKAGE", "WORKSPACENAME", "REVISION", "REPOSITORY", "LIFECYCLE"]
    assert row[:6] == ["repo.app.v1", "app", "v1", "2", "repo", "Published"]


def test_the_table_of_packages(people: People, kubectl: Kubectl) -> None:
    """The newest number of each."""
    made = package()
    people.operator.creates(made)
    people.operator.patches(made, {"status": {"latestRevision": 3}}, sub="status")
    header, row = table(kubectl("get", "packages"))

    assert header[:4] == ["NAME", "PACKAGE", "REPOSITORY", "LATEST REVISION"]
    assert row[:4] == ["repo.net.vpc", "net/vpc", "repo", "3"]


def test_people_only_look_at_packages(people: People) -> None:
    """They are shown, not made."""
    assert people.author.creates(package()).code == 403
    assert people.operator.creates(package()).code == 200


def test_the_category_lists_everything(people: People, kubectl: Kubectl) -> None:
    """`kubectl get porch` is the first thing that a newcomer may try."""
    people.author.creates(revision())
    people.author.creates(repository())
    names = kubectl("get", "porch", "-o", "name").split()

    assert set(names) == {
        "repository.config.porch.kpt.dev/repo",
        "packagerevision.porch.kpt.dev/repo.app.v1",
    }


def test_kubectl_explains_every_field(kubectl: Kubectl) -> None:
    """Descriptions are the docstrings of the models."""
    said = kubectl("explain", "packagerevisions.status.contentDigest")

    assert "Digest of the complete content: the id of its git tree." in said


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: str(each.kind.kind))
def test_the_schemas_are_structural(installed_cluster: Cluster, definition: Definition) -> None:
    """Unknown fields are pruned, and nothing of a schema is ignored by the server."""
    found = installed_cluster.api().get(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + definition.kind.crd_name
    )
    problems = [
        each
        for each in found["status"]["conditions"]
        if each["type"] == "NonStructuralSchema" and each["status"] == "True"
    ]

    assert problems == []


@pytest.mark.parametrize("policy", [each.name for each in POLICIES])
def test_the_policies_have_the_types_of_the_kinds(installed_cluster: Cluster, policy: str) -> None:
    """A typing error in a field's name would be an error in every request."""
    api = installed_cluster.api()
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    found = api.get(f"{path}/{policy}")
    copy = {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {"name": f"{policy}-checked"},
        "spec": found["spec"],
    }
    api.create(path, copy)  # the server checks types once, when a policy is new
    try:
        checked = until(
            lambda: (
                api.get(f"{path}/{policy}-checked").get("status", {}).get("observedGeneration")
                and api.get(f"{path}/{policy}-checked")
            ),
            what="types are checked",
        )
    finally:
        api.delete(f"{path}/{policy}-checked")

    assert checked["status"]["typeChecking"] == {}
