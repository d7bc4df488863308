"""FunctionConfig: how the functions of one image are run.

Pure wire model of `functionconfigs.config.porch.kpt.dev/v1alpha1`. Parts of a pod that are only
handed on to Kubernetes stay plain data.
"""

from typing import Annotated, Any, ClassVar

from msgspec import Meta, field

from porch.api.meta import Kind, ObjectMeta, Wire
from porch.api.wellknown import CONFIG_GROUP

_NOT_EMPTY = Meta(extra_json_schema={"minLength": 1})
_NOT_EMPTY_LIST = Meta(extra_json_schema={"minItems": 1})
_DURATION = Meta(extra_json_schema={"format": "duration", "default": "30m"})

PodData = dict[str, Any]  # Any: a part of Kubernetes' pod API, handed on as it is


class ResourceAmounts(Wire, frozen=True, kw_only=True):
    """Requests and limits of a container."""

    requests: dict[str, str] | None = None
    """Replaces the requests of the template."""
    limits: dict[str, str] | None = None
    """Replaces the limits of the template."""


class ContainerOverrides(Wire, frozen=True, kw_only=True):
    """What a container of the pod gets in place of what the template says."""

    resources: ResourceAmounts | None = None
    """Requests and limits."""
    env_from: list[PodData] | None = None
    """Replaces the sources of environment variables."""
    env: list[PodData] | None = None
    """Replaces the environment variables."""
    security_context: PodData | None = None
    """Replaces the security context of the container."""


class TemplateOverrides(Wire, frozen=True, kw_only=True):
    """What the function's pods get in place of what the template says."""

    service_account_name: str = ""
    """Service account of the pods."""
    security_context: PodData | None = None
    """Replaces the security context of the pod."""
    init_container: ContainerOverrides | None = None
    """The container that places the wrapper."""
    container: ContainerOverrides | None = None
    """The container that runs the function."""


class PodExecutor(Wire, frozen=True, kw_only=True):
    """The function runs in pods that are kept warm."""

    tags: list[str] = field(default_factory=list)
    """Tags of the image; the first is started ahead of its first use."""
    time_to_live: Annotated[str, _DURATION] = "30m"
    """How long an idle pod is kept."""
    max_parallel_executions: int = 0
    """Most pods for this function; 0 leaves it to the runner's setting."""
    preferred_max_queue_length: int = 0
    """Waiting calls from which on another pod is started; 0 leaves it to the runner's setting."""
    allow_network: bool = False
    """The pods may reach the network; without it only the function runner is let in."""
    template_overrides: TemplateOverrides | None = None
    """What the pods get in place of what the template says."""


class BinaryExecutor(Wire, frozen=True, kw_only=True):
    """The function is an executable in the runner's image."""

    tags: Annotated[list[str], _NOT_EMPTY_LIST]
    """Tags of the image that the executable stands for; digests, for images pinned by one."""
    path: Annotated[str, _NOT_EMPTY]
    """Path of the executable, which must be inside of the runner's folder of functions."""


class GoExecutor(Wire, frozen=True, kw_only=True):
    """The function is built in."""

    tags: Annotated[list[str], _NOT_EMPTY_LIST]
    """Tags of the image that the built-in function stands for, in place of those it ships with."""
    id: str = ""
    """Name of the built-in function; the image's name when absent."""


class FunctionConfigSpec(Wire, frozen=True, kw_only=True):
    """How the functions of one image are run; at least one executor."""

    image: Annotated[str, _NOT_EMPTY]
    """Name of the image, without registry and tag."""
    prefixes: list[str] = field(default_factory=list)
    """Registries that the image may come from; "" is the default prefix. All when absent."""
    pod_executor: PodExecutor | None = None
    """The function runs in pods that are kept warm."""
    binary_executor: BinaryExecutor | None = None
    """The function is an executable in the runner's image."""
    go_executor: GoExecutor | None = None
    """The function is built in."""


class FunctionConfigStatus(Wire, frozen=True, kw_only=True):
    """Which generation each process runs by."""

    api_server_observed_generation: int = 0
    """Generation that the API server uses."""
    function_runner_observed_generation: int = 0
    """Generation that the function runner uses."""
    controller_observed_generation: int = 0
    """Generation that the operator uses."""
    error: str = ""
    """What is wrong with the configuration."""


class FunctionConfig(Wire, frozen=True, kw_only=True):
    """How the functions of one image are run."""

    KIND: ClassVar[Kind] = Kind(
        group=CONFIG_GROUP,
        version="v1alpha1",
        kind="FunctionConfig",
        plural="functionconfigs",
        singular="functionconfig",
        has_status=True,
    )

    metadata: ObjectMeta
    spec: FunctionConfigSpec
    """How the functions of the image are run."""
    status: FunctionConfigStatus = field(default_factory=FunctionConfigStatus)
    """Which generation each process runs by."""
