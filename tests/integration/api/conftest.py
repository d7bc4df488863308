"""A cluster with our kinds, users with the shipped roles, and objects to try rules on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import pytest

from porch_devcluster.api import Api
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus
from tests.integration.api.objects import Object, path_of
from tests.integration.installed import installed_cluster
from tests.integration.waiting import until

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


@pytest.fixture(scope="module")
def apis(installed_cluster: Cluster) -> Iterator[dict[str, Api]]:
    """The API as everybody, with the shipped roles in all namespaces while the module runs."""
    for user, role in ROLES.items():
        installed_cluster.grant(user, role=role)
    token = installed_cluster.service_account_kubeconfig(OPERATOR, namespace="porch-system")
    people = {user: installed_cluster.api(user) for user in ROLES}
    for api in people.values():
        until(partial(_may_read, api), what="the grants are in force")
    yield {"admin": installed_cluster.api(), "operator": Api(token), **people}
    for user, role in ROLES.items():
        installed_cluster.kubectl("delete", "clusterrolebinding", f"{user}-{role}")


def _may_read(api: Api) -> bool:
    try:
        api.get("/apis/porch.kpt.dev/v1alpha2/packagerevisions")
    except ApiStatus:
        return False
    return True


@pytest.fixture
def people(apis: dict[str, Api], namespace: str) -> People:
    """Everybody in the test's namespace."""
    return People(**{name: Person(api, namespace) for name, api in apis.items()})
