"""A cluster with our kinds, users with the shipped roles, and objects to try rules on."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import pytest
from tests.integration.api.objects import Object, path_of
from tests.integration.installed import installed_cluster

from porch_devcluster.api import Api
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus

__all__ = ["installed_cluster"]

OPERATOR = "porch-operator"
ROLES = {"author": "porch-editor", "approver": "porch-approver", "viewer": "porch-viewer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The API server's answer to one write."""

    code: int
    message: str  # of a refusal, "" otherwise
    body: Object

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes objects in one namespace and looks at the answers."""

    api: Api
    namespace: str

    def creates(self, body: Object, *, dry: bool = False) -> Asked:
        return self._asks("POST", path_of(body, self.namespace, collection=True), body, dry=dry)

    def updates(self, body: Object, *, sub: str = "", dry: bool = False) -> Asked:
        """Replace the object, whatever its version."""
        return self._asks("PUT", path_of(body, self.namespace, sub=sub), body, dry=dry)

    def patches(self, body: Object, patch: Object, *, sub: str = "", dry: bool = False) -> Asked:
        """Merge the patch into the object that `body` names."""
        return self._asks("PATCH", path_of(body, self.namespace, sub=sub), patch, dry=dry)

    def deletes(self, body: Object, *, dry: bool = False) -> Asked:
        return self._asks("DELETE", path_of(body, self.namespace), None, dry=dry)

    def reads(self, body: Object) -> Object:
        return self.api.get(path_of(body, self.namespace))

    def _asks(self, method: str, path: str, body: Object | None, *, dry: bool) -> Asked:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        path += "?dryRun=All" if dry else ""
        try:
            found = self.api.request(method, path, body, content_type=kind)
        except ApiStatus as refusal:
            return Asked(refusal.code, refusal.message, {})
        return Asked(HTTPStatus.OK, "", found)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, each with the shipped role in the test's namespace, the operator with its own."""

    admin: Person
    author: Person
    approver: Person
    viewer: Person
    operator: Person


@pytest.fixture(scope="session")
def operator_api(installed_cluster: Cluster) -> Api:
    """The API with the token of the operator's ServiceAccount."""
    return Api(
        installed_cluster.service_account_kubeconfig("porch-operator", namespace="porch-system")
    )


@pytest.fixture
def people(installed_cluster: Cluster, operator_api: Api, namespace: str) -> People:
    """Everybody in the test's namespace."""
    for user, role in ROLES.items():
        installed_cluster.grant(user, role=role, namespace=namespace)
    return People(
        admin=Person(installed_cluster.api(), namespace),
        operator=Person(operator_api, namespace),
        **{user: Person(installed_cluster.api(user), namespace) for user in ROLES},
    )
