"""The cluster that tests get: its users have the rights that RBAC gives them, and no others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from porch_devcluster import provider
from porch_devcluster.api import Api, wait_for, wait_until_gone
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus
from tests.integration.conftest import Kubectl
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SOON = timedelta(seconds=15)


def config_map(name: str) -> dict[str, object]:
    """The smallest object that can be created."""
    return {"metadata": {"name": name}, "data": {"key": "value"}}


def test_a_user_has_no_right_until_one_is_granted(cluster: Cluster, namespace: str) -> None:
    """RBAC is on: a certificate alone opens nothing."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with pytest.raises(ApiStatus, match="Forbidden") as refused:
        cluster.api("viewer").get(path)
    cluster.grant("viewer", role="view", namespace=namespace)
    wait_for_right(cluster.api("viewer"), path)

    assert refused.value.code == 403
    with pytest.raises(ApiStatus, match='User "viewer" cannot create'):
        cluster.api("viewer").create(path, config_map("forbidden"))


def wait_for_right(api: Api, path: str) -> None:
    """RBAC is eventually consistent: a granted right needs a moment to be seen."""

    def allowed() -> bool:
        try:
            api.get(path)
        except ApiStatus:
            return False
        return True

    until(allowed, within=SOON)


def test_a_service_account_acts_by_its_token(cluster: Cluster, namespace: str) -> None:
    """Our processes run with the rights of their own ServiceAccounts, never with the admin's."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.api().create(accounts, {"metadata": {"name": "operator"}})
    api = Api(cluster.service_account_kubeconfig("operator", namespace=namespace))
    me = api.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})

    username = me["status"]["userInfo"]["username"]
    assert username == f"system:serviceaccount:{namespace}:operator"


def test_kubectl_speaks_as_the_chosen_user(kubectl: Kubectl) -> None:
    """Stories are told by kubectl alone, by several people."""
    who = kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", user="author")

    assert who == "author"
    assert "forbidden" in kubectl.refused("get", "secrets", user="author")


def test_a_namespace_goes_with_what_is_in_it(cluster: Cluster) -> None:
    """The namespace controller runs; without it a namespace stays Terminating for ever."""
    api = cluster.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": "short-lived"}})
    api.create("/api/v1/namespaces/short-lived/configmaps", config_map("inside"))
    api.delete("/api/v1/namespaces/short-lived")
    wait_until_gone(api, "/api/v1/namespaces/short-lived", within=SOON)

    with pytest.raises(ApiStatus, match="NotFound"):
        api.get("/api/v1/namespaces/short-lived/configmaps/inside")


def test_dependents_are_collected_with_their_owner(cluster: Cluster, namespace: str) -> None:
    """The garbage collector runs: what it would destroy in production, it destroys here."""
    api, path = cluster.api(), f"/api/v1/namespaces/{namespace}/configmaps"
    owner = api.create(path, config_map("owner"))["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
    owned = config_map("owned")
    owned["metadata"] = {"name": "owned", "ownerReferences": [reference]}
    api.create(path, owned)
    api.delete(f"{path}/owner")

    wait_until_gone(api, f"{path}/owned", within=SOON)


def test_a_watch_sees_a_change_that_comes_later(cluster: Cluster, namespace: str) -> None:
    """Waiting is by events: the object is handed over as it was when the condition held."""
    api, path = cluster.api(), f"/api/v1/namespaces/{namespace}"
    found = wait_for(
        api,
        f"{path}/configmaps/kube-root-ca.crt",  # published by a controller after the namespace
        lambda it: "ca.crt" in it["data"],
        within=SOON,
    )

    assert found["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE")


def test_a_given_cluster_has_the_same_users(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster that is not ours they are impersonated, by kubectl and by the API alike."""
    monkeypatch.setenv("PORCH_TEST_CLUSTER", str(cluster.kubeconfig))
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    with provider.cluster() as given:
        by_kubectl = given.kubectl(
            "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", user="author"
        )
        by_api = given.api("author").create(reviews, {})["status"]["userInfo"]
        me = given.api().create(reviews, {})["status"]["userInfo"]

    assert given.control_plane is None
    assert (by_kubectl, by_api["username"], me["username"]) == ("author", "author", "admin")
    assert "porch:authors" in by_api["groups"]
