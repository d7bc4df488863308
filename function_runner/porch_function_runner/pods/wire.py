"""What is read of pods, Services, EndpointSlices and templates; labels and annotations of ours.

Pure. Wire models that decode leniently; writes are built as plain data in `build`.
"""

from datetime import datetime
from typing import Any

import msgspec

from porch.api.meta import ObjectMeta, Wire
from porch.runtime.resources import Resource

PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
POD_TEMPLATES = Resource("", "v1", "podtemplates", "PodTemplate")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")

IMAGE_LABEL = "fn.kpt.dev/image"  # on pods: their own name, which their Service selects
POOL_LABEL = "fn.kpt.dev/pool"  # what the pods of one image have in common
RUNNER_LABEL = "fn.kpt.dev/runner"  # the runner that a pod belongs to
NETWORK_LABEL = "fn.kpt.dev/network"  # "allowed": the network policy lets it out
TEMPLATE_ANNOTATION = "fn.kpt.dev/template-version"
SERVICE_OF_SLICE_LABEL = "kubernetes.io/service-name"

FUNCTION_CONTAINER = "function"
WRAPPER_PORT = 9446
MANAGER = "krm-function-runner"  # field manager of what we create


class PodMeta(ObjectMeta, frozen=True, kw_only=True):
    """Metadata of a pod."""

    deletion_grace_period_seconds: int = 30


class Waiting(Wire, frozen=True):
    """A container that does not run."""

    reason: str = ""
    message: str = ""


class Running(Wire, frozen=True):
    """A container that runs."""

    started_at: datetime | None = None


class Terminated(Wire, frozen=True):
    """A container that has ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""


class ContainerState(Wire, frozen=True):
    """One of three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    """How a container is."""

    name: str = ""
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    image_id: str = msgspec.field(default="", name="imageID")


class PodCondition(Wire, frozen=True):
    """One condition of a pod."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class PodStatus(Wire, frozen=True):
    """How a pod is."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: tuple[PodCondition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()

    def condition(self, kind: str) -> PodCondition:
        """The condition of that type; an empty one when there is none."""
        return next((each for each in self.conditions if each.type == kind), PodCondition())


class Container(Wire, frozen=True):
    """What is read of a container's specification."""

    name: str = ""
    image: str = ""


class PodSpec(Wire, frozen=True):
    """What is read of a pod's specification."""

    containers: tuple[Container, ...] = ()


class Pod(Wire, frozen=True):
    """A pod of ours."""

    metadata: PodMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def image(self) -> str:
        """The function's image, as it was asked for."""
        names = {each.name: each.image for each in self.spec.containers}
        return names.get(FUNCTION_CONTAINER, "")

    @property
    def digest(self) -> str:
        """`sha256:…` of the image that runs; "" while it is not known."""
        for each in self.status.container_statuses:
            if each.name == FUNCTION_CONTAINER:
                return each.image_id.rpartition("@")[2] if "@" in each.image_id else ""
        return ""


class Service(Wire, frozen=True):
    """A Service of ours."""

    metadata: ObjectMeta


class EndpointConditions(Wire, frozen=True):
    """Whether an address takes connections; absent means yes."""

    ready: bool | None = None


class Endpoint(Wire, frozen=True):
    """The addresses of one pod."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()


class EndpointSlice(Wire, frozen=True):
    """Addresses behind a Service."""

    metadata: ObjectMeta
    endpoints: tuple[Endpoint, ...] | None = None

    @property
    def service(self) -> str:
        return self.metadata.labels.get(SERVICE_OF_SLICE_LABEL, "")

    @property
    def ready_addresses(self) -> list[str]:
        ready = [each for each in self.endpoints or () if each.conditions.ready is not False]
        return [address for each in ready for address in each.addresses]


class TemplateMeta(Wire, frozen=True):
    """Labels and annotations that a template hands on."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Template(Wire, frozen=True):
    """The `template` of a PodTemplate or a ServiceTemplate."""

    metadata: TemplateMeta = TemplateMeta()
    spec: dict[str, Any] = msgspec.field(
        default_factory=dict
    )  # Any: Kubernetes' own API, handed on as it is


class TemplateObject(Wire, frozen=True):
    """A PodTemplate or a ServiceTemplate."""

    metadata: ObjectMeta
    template: Template = Template()
