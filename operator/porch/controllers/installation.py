"""Whether the kinds that we serve are served by somebody else here.

Another installation's aggregated API would shadow our PackageRevisionResources, and its CRD has
other fields: two systems share git, not a cluster. Looked at before anything is written.
I/O       two reads of the API server, which the shipped role allows.
"""

import msgspec

from porch.api.packagerevision import PackageRevision
from porch.api.wellknown import INSTALLATION, INSTALLATION_LABEL
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client
from porch.runtime.resources import CRDS, ObjectKey, Resource

API_SERVICES = Resource(
    "apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False
)
AGGREGATED = "v1alpha1.porch.kpt.dev"


class _Service(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _ApiServiceSpec(msgspec.Struct):
    service: _Service | None = None


class _ApiService(msgspec.Struct):
    spec: _ApiServiceSpec = msgspec.field(default_factory=_ApiServiceSpec)


class _CrdMeta(msgspec.Struct):
    labels: dict[str, str] = {}


class _Crd(msgspec.Struct):
    metadata: _CrdMeta


async def foreign_installation(client: Client) -> str:
    """Who else serves our kinds and how to go on; "" for nobody."""
    try:
        found = await client.get(API_SERVICES, ObjectKey("", AGGREGATED), into=_ApiService)
    except NotFound:
        found = _ApiService()
    service = found.spec.service
    if service is not None:
        return (
            f"APIService {AGGREGATED!r} must not point to a service, found "
            f"{service.namespace}/{service.name}: another installation serves these kinds. Remove "
            f"it (kubectl delete apiservice {AGGREGATED}) or use another cluster; nothing is "
            "written before"
        )
    name = PackageRevision.KIND.crd_name
    try:
        crd = await client.get(CRDS, ObjectKey("", name), into=_Crd)
    except NotFound:
        return ""
    if crd.metadata.labels.get(INSTALLATION_LABEL) == INSTALLATION:
        return ""
    return (
        f"CustomResourceDefinition {name!r} must be ours, with label {INSTALLATION_LABEL}="
        f"{INSTALLATION}, and is another installation's. Remove that installation and apply "
        "`crds/`, or use another cluster; nothing is written before"
    )
