"""The templates that pods and Services of functions are made from.

Pure. `base-pod-template` (a core PodTemplate) and `base-service-template` (a ServiceTemplate) in
the namespace of the pods may replace what is written here. What a pod template must have: a
container named `function` whose command starts the wrapper (its image and its arguments are ours),
and an init container that places the wrapper.
Errors  BadTemplate, at the time of the edit; pods go on to be made from the last good template.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from porch.errors import Permanent
from porch_function_runner.pods.wire import FUNCTION_CONTAINER, WRAPPER_PORT, Template, TemplateMeta

POD_TEMPLATE = "base-pod-template"
SERVICE_TEMPLATE = "base-service-template"
WRAPPER_CONTAINER = "copy-wrapper-server"
TOOLS = "wrapper-server-tools"

_MOUNT = {"name": TOOLS, "mountPath": f"/{TOOLS}"}
_PROBE = {"grpc": {"port": WRAPPER_PORT}}

DEFAULT_POD = Template(
    metadata=TemplateMeta(
        annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"},
    ),
    spec={
        "initContainers": [
            {
                "name": WRAPPER_CONTAINER,
                "image": "",  # the wrapper's
                "imagePullPolicy": "IfNotPresent",
                "command": ["cp", "-a", "/home/nonroot/wrapper-server/.", f"/{TOOLS}"],
                "volumeMounts": [_MOUNT],
            }
        ],
        "containers": [
            {
                "name": FUNCTION_CONTAINER,
                "image": "",  # the function's
                "imagePullPolicy": "IfNotPresent",
                "command": [f"/{TOOLS}/wrapper-server"],
                "env": [
                    {"name": "OTEL_METRICS_EXPORTER", "value": "prometheus"},
                    {"name": "OTEL_TRACES_EXPORTER", "value": "none"},
                    {"name": "OTEL_EXPORTER_PROMETHEUS_HOST", "value": "0.0.0.0"},  # noqa: S104
                ],
                "ports": [{"name": "grpc", "containerPort": WRAPPER_PORT}],
                # The first tells a start within a second; the second tells a pod that hangs.
                "startupProbe": {**_PROBE, "periodSeconds": 1, "failureThreshold": 60},
                "readinessProbe": {**_PROBE, "periodSeconds": 10, "timeoutSeconds": 5},
                "volumeMounts": [_MOUNT],
            }
        ],
        "volumes": [{"name": TOOLS, "emptyDir": {}}],
        "terminationGracePeriodSeconds": 30,
    },
)
DEFAULT_SERVICE = Template(spec={"type": "ClusterIP"})


class BadTemplate(Permanent):
    """A template lacks what the pods of functions need."""

    reason = "BadTemplate"


@dataclass(frozen=True, slots=True)
class Templates:
    """What pods and Services are made from."""

    pod: Template = field(default_factory=lambda: DEFAULT_POD)
    service: Template = field(default_factory=lambda: DEFAULT_SERVICE)


def check_pod_template(template: Template) -> Template:
    """The template, or BadTemplate."""
    functions = [each for each in _list(template, "containers") if _is_function(each)]
    if len(functions) != 1:
        raise BadTemplate(
            f"PodTemplate {POD_TEMPLATE!r} must have one container named {FUNCTION_CONTAINER!r} in"
            f" `template.spec.containers`, found {len(functions)}"
        )
    if not functions[0].get("command"):
        raise BadTemplate(
            f"container {FUNCTION_CONTAINER!r} of PodTemplate {POD_TEMPLATE!r} must have a"
            f" `command` that starts the wrapper, such as [/{TOOLS}/wrapper-server]; found none"
        )
    if not _list(template, "initContainers"):
        raise BadTemplate(
            f"PodTemplate {POD_TEMPLATE!r} must have an init container that places the wrapper,"
            " found none in `template.spec.initContainers`"
        )
    return template


def _is_function(container: Mapping[str, Any]) -> bool:
    return container.get("name") == FUNCTION_CONTAINER


def _list(template: Template, name: str) -> list[dict[str, Any]]:
    found = template.spec.get(name)
    return found if isinstance(found, list) else []
