"""What people do with packages, by the calls that kubectl makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from porch_devcluster.api import Api, Object, wait_for, wait_until_gone
from porch_devcluster.cluster import Cluster
from tests.integration.waiting import until

PATIENCE = timedelta(seconds=20)
LONG_PATIENCE = timedelta(seconds=120)  # with hundreds of packages
REVISIONS = "/apis/porch.kpt.dev/v1alpha2"
RESOURCES = "/apis/porch.kpt.dev/v1alpha1"
CONFIG = "/apis/config.porch.kpt.dev/v1alpha1"

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  k: v\n"
PIPELINE = """\
pipeline:
  mutators:
  - image: set-namespace:v0.4.1
    configMap:
      namespace: web
"""


@dataclass(frozen=True, slots=True)
class People:
    """Users of one namespace; `author` may not approve."""

    cluster: Cluster
    namespace: str

    def api(self, user: str) -> Api:
        """The API as that user."""
        return self.cluster.api(user)

    def revision_path(self, name: str) -> str:
        """Where a PackageRevision is."""
        return f"{REVISIONS}/namespaces/{self.namespace}/packagerevisions/{name}"

    def resources_path(self, name: str) -> str:
        """Where its resources are."""
        return f"{RESOURCES}/namespaces/{self.namespace}/packagerevisionresources/{name}"

    def register(self, name: str, url: str, **git: Any) -> None:
        """Register a repository, as the administrator."""
        path = f"{CONFIG}/namespaces/{self.namespace}/repositories"
        body = {
            "apiVersion": "config.porch.kpt.dev/v1alpha1",
            "kind": "Repository",
            "metadata": {"name": name},
            "spec": {"type": "git", "git": {"repo": url, "branch": "main", **git}},
        }
        self.api("admin").create(path, body)

    def unregister(self, name: str) -> None:
        """Delete a repository, and wait until nothing of it is left."""
        path = f"{CONFIG}/namespaces/{self.namespace}/repositories/{name}"
        self.api("admin").delete(path)
        wait_until_gone(self.api("admin"), path, within=LONG_PATIENCE)
        all_of_them = f"{REVISIONS}/namespaces/{self.namespace}/packagerevisions"
        until(
            lambda: not self.api("admin").get(all_of_them)["items"],
            within=LONG_PATIENCE,
            what="every revision is gone",
        )

    def repository(self, name: str, condition: Callable[[Object], bool]) -> Object:
        """Wait for a Repository."""
        path = f"{CONFIG}/namespaces/{self.namespace}/repositories/{name}"
        return wait_for(self.api("admin"), path, condition, within=PATIENCE)

    def draft(
        self,
        name: str,
        *,
        lifecycle: str = "Draft",
        source: Object | None = None,
        user: str = "author",
    ) -> Object:
        """Ask for a draft; `name` is repository.package.workspace."""
        repository, package, workspace = name.split(".")
        spec: Object = {
            "repository": repository,
            "packageName": package,
            "workspaceName": workspace,
            "lifecycle": lifecycle,
        }
        if source is not None:
            spec["source"] = source
        body = {
            "apiVersion": "porch.kpt.dev/v1alpha2",
            "kind": "PackageRevision",
            "metadata": {"name": name},
            "spec": spec,
        }
        path = f"{REVISIONS}/namespaces/{self.namespace}/packagerevisions"
        return self.api(user).create(path, body)

    def ready_draft(self, name: str) -> Object:
        """A new draft, when it is there."""
        self.draft(name, source={"init": {"description": "A test"}})
        return self.ready(name)

    def ready(self, name: str) -> Object:
        """Wait until the object is as wanted."""
        return self.wait(name, is_ready)

    def wait(self, name: str, condition: Callable[[Object], bool]) -> Object:
        """Wait for a PackageRevision."""
        return wait_for(self.api("admin"), self.revision_path(name), condition, within=PATIENCE)

    def exists(self, name: str) -> bool:
        """There is a PackageRevision of this name."""
        path, _, last = self.revision_path(name).rpartition("/")
        return any(
            each["metadata"]["name"] == last for each in self.api("admin").get(path)["items"]
        )

    def wish(self, name: str, lifecycle: str, *, user: str = "author") -> Object:
        """Set `spec.lifecycle`."""
        body = {"spec": {"lifecycle": lifecycle}}
        return self.api(user).merge(self.revision_path(name), body)

    def files(self, name: str) -> dict[str, str]:
        """The files as they are shown now."""
        found: dict[str, str] = self.resources(name)["spec"].get("resources", {})
        return found

    def resources(self, name: str) -> Object:
        """The resources object as it is now."""
        return self.api("admin").get(self.resources_path(name))

    def edit(self, name: str, files: dict[str, str | None], *, user: str = "author") -> int:
        """Change some files (None removes one); the generation that the write answered."""
        body = {"spec": {"resources": files}}
        answer = self.api(user).merge(self.resources_path(name), body)
        return int(answer["metadata"]["generation"])

    def rendered(self, name: str, generation: int) -> Object:
        """Wait until an edit has been rendered, or found not to render."""

        def covered(obj: Object) -> bool:
            render = obj.get("status", {}).get("render", {})
            return bool(render.get("resourcesGeneration", 0) >= generation)

        return self.wait(name, covered)

    def delete(self, name: str, *, user: str = "author") -> None:
        """Delete a PackageRevision."""
        self.api(user).delete(self.revision_path(name))

    def events(self, name: str) -> list[Object]:
        """What has been told of an object so far, oldest first."""
        path = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"
        every = self.api("viewer").get(path)["items"]
        told = [each for each in every if each["regarding"]["name"] == name]
        return sorted(told, key=lambda each: str(each["eventTime"]))

    def event(self, name: str, reason: str) -> Object:
        """Wait until something has been told of an object."""

        def told() -> Object | None:
            found = [each for each in self.events(name) if each["reason"] == reason]
            return found[-1] if found else None

        event = until(told, within=PATIENCE, what=f"an Event {reason} of {name}")
        assert event is not None
        return event

    def gone(self, name: str) -> None:
        """Wait until a PackageRevision and its resources are gone."""
        wait_until_gone(self.api("admin"), self.revision_path(name), within=PATIENCE)
        wait_until_gone(self.api("admin"), self.resources_path(name), within=PATIENCE)


def condition(obj: Object, type_: str) -> Object:
    """A condition of an object; empty when it has none of that type."""
    conditions = obj.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == type_), {})


def is_ready(obj: Object) -> bool:
    """Ready, for the object as it is now."""
    ready = condition(obj, "Ready")
    same = ready.get("observedGeneration") == obj["metadata"]["generation"]
    return same and ready.get("status") == "True"


def has_lifecycle(lifecycle: str) -> Callable[[Object], bool]:
    """The fact is established and nothing is left to do."""
    return lambda obj: obj.get("status", {}).get("lifecycle") == lifecycle and is_ready(obj)


def is_pushed(obj: Object) -> bool:
    """Git holds the content as the status says it."""
    status = obj.get("status", {})
    pushed = status.get("git", {}).get("pushedDigest")
    return bool(pushed) and pushed == status.get("contentDigest")


def with_pipeline(files: dict[str, str]) -> str:
    """The Kptfile with a pipeline that sets the namespace."""
    return files["Kptfile"] + PIPELINE
