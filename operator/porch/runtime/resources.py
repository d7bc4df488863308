"""Kinds of the Kubernetes API and the paths of their objects.

Pure: no I/O.
Values    namespace "" means cluster-scoped for an object and "all namespaces" for a collection.
Source    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from porch.api.meta import Kind


class ObjectKey(NamedTuple):
    """Which object of a kind; the key of queues and stores."""

    namespace: str  # "" for a cluster-scoped object
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind at one version, as the API server serves it."""

    group: str  # "" is the core group
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @classmethod
    def of(cls, kind: Kind) -> "Resource":
        """A kind of ours; all of them are namespaced."""
        return cls(kind.group, kind.version, kind.plural, kind.kind)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def collection_path(self, namespace: str = "") -> str:
        """Where the objects of one namespace, or of all, are listed and created."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespaced and namespace:
            return f"{root}/namespaces/{quote(namespace, safe='')}/{self.plural}"
        return f"{root}/{self.plural}"

    def object_path(self, key: ObjectKey, *, subresource: str = "") -> str:
        """Where one object, or one of its subresources, is read and written."""
        if self.namespaced != bool(key.namespace):
            raise ValueError(f"{self} is namespaced={self.namespaced}, found key {str(key)!r}")
        if not key.name:
            raise ValueError(f"{self} must be named, found an empty name")
        path = f"{self.collection_path(key.namespace)}/{quote(key.name, safe='')}"
        return f"{path}/{subresource}" if subresource else path


EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
CRDS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SECRETS = Resource("", "v1", "secrets", "Secret")
