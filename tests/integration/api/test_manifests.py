"""The shipped manifests: they apply, give the least rights, and the samples are accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from porch_devcluster.api import Object
from porch_devcluster.cluster import Cluster
from tests.integration.api.conftest import People
from tests.integration.conftest import Kubectl
from tests.integration.installed import ROOT
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SAMPLES = sorted((ROOT / "manifests" / "samples").glob("*.yaml"))
OPERATOR = "system:serviceaccount:porch-system:porch-operator"


@pytest.mark.parametrize("folder", ["base", "overlays/namespaced", "overlays/push-events"])
def test_the_installation_is_accepted(installed_cluster: Cluster, folder: str) -> None:
    """Every object of it, by the server's own validation."""
    said = installed_cluster.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-k",
        str(ROOT / "manifests" / folder),
    )

    assert "deployment.apps/porch-operator serverside-applied" in said


def test_a_namespace_is_opened_to_the_operator(kubectl: Kubectl, people: People) -> None:
    """The files name no namespace: they are for any."""
    kubectl("apply", "--server-side", "-k", str(ROOT / "manifests" / "namespace"))

    until(lambda: may(people, "get", "secrets"), what="the operator may read a Secret")
    assert not may(people, "list", "secrets")
    assert not may(people, "get", "secrets", namespace="kube-system")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.stem))
def test_a_sample_is_accepted(kubectl: Kubectl, sample: Path) -> None:
    """What the documentation shows works, and works again."""
    for _ in range(2):
        kubectl("apply", "--server-side", "--force-conflicts", "-f", str(sample))


def test_the_operator_has_the_rights_that_it_needs(people: People) -> None:
    """In all namespaces, with the base."""
    for resource in ("packagerevisions", "packagerevisionresources", "packages"):
        for verb in ("get", "list", "watch", "create", "update", "patch", "delete"):
            assert may(people, verb, resource, group="porch.kpt.dev"), f"{verb} {resource}"
    assert may(people, "update", "packagerevisions", group="porch.kpt.dev", sub="approval")
    assert may(people, "patch", "repositories", group="config.porch.kpt.dev", sub="status")
    assert may(people, "create", "events", group="events.k8s.io")
    assert may(people, "get", "namespaces")


@pytest.mark.parametrize(
    ("verb", "resource", "group"),
    [
        ("get", "secrets", ""),
        ("list", "secrets", ""),
        ("list", "namespaces", ""),
        ("create", "pods", ""),
        ("get", "configmaps", ""),
        ("create", "repositories", "config.porch.kpt.dev"),
        ("delete", "repositories", "config.porch.kpt.dev"),
        ("update", "customresourcedefinitions", "apiextensions.k8s.io"),
        ("list", "customresourcedefinitions", "apiextensions.k8s.io"),
        ("get", "leases", "coordination.k8s.io"),
    ],
)
def test_the_operator_has_no_other_rights(
    people: People, verb: str, resource: str, group: str
) -> None:
    """Secrets above all: they are opened namespace by namespace."""
    assert not may(people, verb, resource, group=group)


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        ("view get packagerevisionresources", True),
        ("view update packagerevisionresources", False),
        ("edit update packagerevisionresources", True),
        ("edit update packagerevisions/approval", False),
        ("edit update packagerevisions/status", False),
        ("edit update packagerevisionresources/status", False),
        ("edit create packages", False),
        ("admin update packagerevisions/approval", True),
        ("admin update packagerevisions/status", False),
    ],
)
def test_the_roles_of_the_cluster_include_ours(
    people: People, installed_cluster: Cluster, request_: str, allowed: bool
) -> None:
    """Who may view or edit a namespace may do so with packages."""
    role, verb, resource = request_.split()
    user = f"{role}-user"
    installed_cluster.grant(user, role=role, namespace=people.admin.namespace)
    until(
        lambda: may(people, "get", "packagerevisions", group="porch.kpt.dev", user=user),
        what="the grant is in force",
    )
    name, _, sub = resource.partition("/")

    assert may(people, verb, name, group="porch.kpt.dev", sub=sub, user=user) is allowed


def may(
    people: People,
    verb: str,
    resource: str,
    *,
    group: str = "",
    sub: str = "",
    namespace: str = "",
    user: str = OPERATOR,
) -> bool:
    """Whether RBAC lets the user do it in the namespace, the test's by default."""
    attributes: Object = {
        "verb": verb,
        "resource": resource,
        "group": group,
        "subresource": sub,
        "namespace": namespace or people.admin.namespace,
        "name": "",
    }
    review = people.admin.api.create(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        },
    )
    return bool(review["status"]["allowed"])
