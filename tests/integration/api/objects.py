"""Builders of API objects: each takes only what a test is about."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_PLURALS = {
    "FunctionConfig": "functionconfigs",
    "PackageRevision": "packagerevisions",
    "PackageRevisionResources": "packagerevisionresources",
    "PorchPackage": "packages",
    "Repository": "repositories",
}


def path_of(body: Object, namespace: str, *, collection: bool = False, sub: str = "") -> str:
    """Where an object, its collection or its subresource is."""
    root = f"/apis/{body['apiVersion']}/namespaces/{namespace}/{_PLURALS[body['kind']]}"
    if collection:
        return root
    return f"{root}/{body['metadata']['name']}" + (f"/{sub}" if sub else "")


def revision(
    *,
    repository: str = "repo",
    package: str = "app",
    workspace: str = "v1",
    name: str | None = None,
    **spec: Any,
) -> Object:
    """A PackageRevision; a member of the spec that is None is left out."""
    name = name or f"{repository}.{package.replace('/', '.')}.{workspace}"
    members: Object = {
        "repository": repository,
        "packageName": package,
        "workspaceName": workspace,
        "source": {"init": {}},
    }
    members |= spec
    return {
        "apiVersion": "porch.kpt.dev/v1alpha2",
        "kind": "PackageRevision",
        "metadata": {"name": name},
        "spec": {key: value for key, value in members.items() if value is not None},
    }


def resources(files: dict[str, str] | None, *, name: str = "repo.app.v1", **more: Any) -> Object:
    """PackageRevisionResources; `None` is content that is not inline."""
    spec = {} if files is None else {"resources": files}
    return {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PackageRevisionResources",
        "metadata": {"name": name},
        "spec": spec | more.pop("spec", {}),
    } | more


def package(*, name: str = "repo.net.vpc") -> Object:
    """The PorchPackage of net/vpc."""
    return {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PorchPackage",
        "metadata": {"name": name},
        "spec": {"repository": "repo", "packageName": "net/vpc"},
    }


def repository(*, name: str = "repo", **spec: Any) -> Object:
    """A Repository in git."""
    members: Object = {"type": "git", "git": {"repo": "https://git.example.org/repo.git"}}
    members |= spec
    return {
        "apiVersion": "config.porch.kpt.dev/v1alpha1",
        "kind": "Repository",
        "metadata": {"name": name},
        "spec": {key: value for key, value in members.items() if value is not None},
    }


def function_config(**spec: Any) -> Object:
    """The FunctionConfig of set-namespace."""
    members: Object = {"image": "set-namespace"} | spec
    return {
        "apiVersion": "config.porch.kpt.dev/v1alpha1",
        "kind": "FunctionConfig",
        "metadata": {"name": "set-namespace"},
        "spec": {key: value for key, value in members.items() if value is not None},
    }


def wish(lifecycle: str) -> Object:
    """A patch that changes what is wanted."""
    return {"spec": {"lifecycle": lifecycle}}


def fact(lifecycle: str, **more: Any) -> Object:
    """A patch that changes what was established."""
    return {"status": {"lifecycle": lifecycle} | more}
