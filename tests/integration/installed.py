"""A cluster with everything of ours but the operator's Deployment: kinds, policies and roles.

What is installed is what is shipped, by the commands that the documentation gives.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from porch_devcluster.api import Api
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus
from tests.integration.waiting import until

ROOT = Path(__file__).resolve().parent.parent.parent
ENFORCED_WITHIN = timedelta(seconds=30)

# Each must be refused by one policy, so that a refusal shows that the policy holds.
_PROBES: dict[str, tuple[str, dict[str, Any]]] = {
    "porch-packagerevisions": (
        "/apis/porch.kpt.dev/v1alpha2/namespaces/default/packagerevisions",
        {
            "apiVersion": "porch.kpt.dev/v1alpha2",
            "kind": "PackageRevision",
            "metadata": {"name": "probe.probe.probe"},
            "spec": {
                "repository": "probe",
                "packageName": "probe",
                "workspaceName": "probe",
                "lifecycle": "DeletionProposed",
            },
        },
    ),
    "porch-packagerevisionresources": (
        "/apis/porch.kpt.dev/v1alpha1/namespaces/default/packagerevisionresources",
        {
            "apiVersion": "porch.kpt.dev/v1alpha1",
            "kind": "PackageRevisionResources",
            "metadata": {"name": "probe.probe.probe"},
            "spec": {"resources": {}},
            "status": {"lifecycle": "Proposed"},
        },
    ),
}


def install(cluster: Cluster) -> None:
    """Apply kinds, policies and roles, and wait until they hold."""
    for folder in ("crds", "manifests/rbac"):
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(ROOT / folder))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *_our_crds(cluster))
    for policy, (path, body) in _PROBES.items():
        until(
            partial(_is_refused, cluster.api(), path, body),
            within=ENFORCED_WITHIN,
            what=f"policy {policy} is enforced",
        )


def _our_crds(cluster: Cluster) -> list[str]:
    listed = cluster.kubectl(
        "get", "crd", "-l", "porch.kpt.dev/installation=operator", "-o", "name"
    )
    return listed.split()


def _is_refused(api: Api, path: str, body: dict[str, Any]) -> bool:
    """Whether a policy refuses the object, and not because of an error of its own (422)."""
    try:
        api.create(f"{path}?dryRun=All", body)
    except ApiStatus as refusal:
        denied = refusal.code == HTTPStatus.FORBIDDEN and "denied request" in refusal.message
        if denied or refusal.code != HTTPStatus.UNPROCESSABLE_ENTITY:
            return denied
        raise
    return False


@pytest.fixture(scope="session")
def installed_cluster(cluster: Cluster) -> Cluster:
    """The session's cluster with kinds, policies and roles in force."""
    install(cluster)
    return cluster
