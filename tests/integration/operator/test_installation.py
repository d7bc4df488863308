"""Another installation in the same cluster: nothing is written beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.operator.people import CONFIG, People, condition
from tests.integration.operator.running import WORKS, RunningOperator
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
AGGREGATED = "v1alpha1.porch.kpt.dev"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/packagerevisions.porch.kpt.dev"
AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"
LABEL = "porch.kpt.dev/installation"
GOES_ON_WITHIN = timedelta(seconds=30)  # it looks again every ten


@contextmanager
def aggregated_api(people: People) -> Iterator[str]:
    """An APIService that points to somebody's server; the way out is what its removal is."""
    api, path = people.api("admin"), f"{API_SERVICES}/{AGGREGATED}"
    spec = {
        "group": "porch.kpt.dev",
        "version": "v1alpha1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 15,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "porch-system", "name": "api"},
    }
    api.merge(path, {"metadata": {"labels": {AUTOMANAGED: None}}, "spec": spec})
    yield AGGREGATED
    api.delete(path)
    served = f"/apis/porch.kpt.dev/v1alpha1/namespaces/{people.namespace}/packages"
    until(lambda: is_served(people, served), within=GOES_ON_WITHIN, what="our kinds are served")


@contextmanager
def other_crd(people: People) -> Iterator[str]:
    """A CRD without our mark."""
    api = people.api("admin")
    api.merge(CRD, {"metadata": {"labels": {LABEL: None}}})
    yield "packagerevisions.porch.kpt.dev"
    api.merge(CRD, {"metadata": {"labels": {LABEL: "operator"}}})


def is_served(people: People, path: str) -> bool:
    """The API server answers for it."""
    try:
        people.api("admin").get(path)
    except ApiStatus:
        return False
    return True


@pytest.mark.parametrize("foreign", [aggregated_api, other_crd])
def test_nothing_is_written_beside_another_installation(
    own_operator: RunningOperator,
    people: People,
    git_repository: Repository,
    *,
    foreign: Callable[[People], AbstractContextManager[str]],
) -> None:
    """Neither a finalizer nor a status; work begins when the other one is gone."""
    people.register("packages", f"http://127.0.0.1:9/{git_repository.name}.git")
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"
    with foreign(people) as name:
        begun = own_operator.launch()
        until(
            lambda: "ForeignInstallation" in own_operator.log.read_text()[begun:],
            within=GOES_ON_WITHIN,
            what="the other installation is told of",
        )
        assert name in own_operator.log.read_text()[begun:]
        seen = people.api("admin").get(path)
        assert "status" not in seen
        assert "finalizers" not in seen["metadata"]
    until(
        lambda: WORKS in own_operator.log.read_text()[begun:],
        within=GOES_ON_WITHIN,
        what="the operator works",
    )

    people.repository("packages", lambda obj: condition(obj, "Ready") != {})
