"""Makes the pod and the Service of a function from a blueprint.

Pure. A `Blueprint` is all that the pods of one function have in common; its version changes with
whatever would make a new pod different, and is written on each pod, so that a pod made from another
one is known after a restart too.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from porch.api.functionconfig import ContainerOverrides, TemplateOverrides
from porch_function_runner.pods.isolation import Data, isolated
from porch_function_runner.pods.templates import WRAPPER_CONTAINER, Templates
from porch_function_runner.pods.wire import (
    FUNCTION_CONTAINER,
    IMAGE_LABEL,
    NETWORK_LABEL,
    POOL_LABEL,
    RUNNER_LABEL,
    TEMPLATE_ANNOTATION,
    WRAPPER_PORT,
)

_VERSION_CHARS = 16
_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What the pods of one function are made from."""

    namespace: str
    wrapper_image: str  # of the init container
    max_message_bytes: int
    templates: Templates = field(default_factory=Templates)
    overrides: TemplateOverrides | None = None
    pull_secrets: tuple[str, ...] = ()
    is_headless: bool = False  # Services without a virtual IP
    allows_network: bool = False

    @property
    def version(self) -> str:
        """Differs when a pod made now would differ."""
        facts = (self.wrapper_image, self.max_message_bytes, self.templates, self.overrides)
        more = (self.pull_secrets, self.is_headless, self.allows_network)
        text = _encoder.encode((*facts, *more))
        return hashlib.sha256(text).hexdigest()[:_VERSION_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What one pod does not have in common with others."""

    name: str
    image: str  # as the kubelet shall pull it
    pool: str
    runner: str  # whose pod it is


def build_pod(
    blueprint: Blueprint, identity: Identity, *, command: Sequence[str], version: str
) -> Data:
    """The body of a new pod; `command` is what its wrapper runs for each call."""
    template = blueprint.templates.pod
    spec: Data = copy.deepcopy(template.spec)
    _place_images(spec, blueprint, identity)
    _function(spec).setdefault("args", []).extend(_arguments(blueprint, command))
    _override(spec, blueprint.overrides)
    if blueprint.pull_secrets:
        given = spec.get("imagePullSecrets") or []
        wanted = [{"name": name} for name in blueprint.pull_secrets]
        spec["imagePullSecrets"] = [*given, *(each for each in wanted if each not in given)]
    metadata = {
        "name": identity.name,
        "namespace": blueprint.namespace,
        "labels": template.metadata.labels | _labels(blueprint, identity),
        "annotations": template.metadata.annotations | {TEMPLATE_ANNOTATION: version},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": isolated(spec)}


def build_service(blueprint: Blueprint, *, name: str, pod_uid: str) -> Data:
    """The body of the Service of a pod, which goes with the pod."""
    template = blueprint.templates.service
    spec: Data = copy.deepcopy(template.spec)
    if blueprint.is_headless:
        spec["clusterIP"] = "None"
    spec["selector"] = {IMAGE_LABEL: name}
    # The names tell service meshes what is spoken.
    spec["ports"] = [
        {
            "name": "grpc",
            "port": WRAPPER_PORT,
            "targetPort": WRAPPER_PORT,
            "protocol": "TCP",
            "appProtocol": "kubernetes.io/h2c",
        }
    ]
    metadata = {
        "name": name,
        "namespace": blueprint.namespace,
        "labels": template.metadata.labels | {IMAGE_LABEL: name},
        "annotations": template.metadata.annotations,
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod_uid}],
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _labels(blueprint: Blueprint, identity: Identity) -> dict[str, str]:
    labels = {
        IMAGE_LABEL: identity.name,
        POOL_LABEL: identity.pool,
        RUNNER_LABEL: identity.runner,
    }
    return labels | ({NETWORK_LABEL: "allowed"} if blueprint.allows_network else {})


def _place_images(spec: Data, blueprint: Blueprint, identity: Identity) -> None:
    _wrapper(spec)["image"] = blueprint.wrapper_image
    function = _function(spec)
    function["image"] = identity.image
    others = [each for each in spec["containers"] if each is not function]
    spec["containers"] = [function, *others]  # tools look for the function in the first


def _arguments(blueprint: Blueprint, command: Sequence[str]) -> list[str]:
    size = str(blueprint.max_message_bytes)
    return ["--port", str(WRAPPER_PORT), "--max-request-body-size", size, "--", *command]


def _override(spec: Data, overrides: TemplateOverrides | None) -> None:
    if overrides is None:
        return
    if overrides.service_account_name:
        spec["serviceAccountName"] = overrides.service_account_name
    if overrides.security_context is not None:
        spec["securityContext"] = overrides.security_context
    _override_container(_wrapper(spec), overrides.init_container)
    _override_container(_function(spec), overrides.container)


def _override_container(container: Data, overrides: ContainerOverrides | None) -> None:
    if overrides is None:
        return
    if overrides.resources is not None:
        amounts = {"requests": overrides.resources.requests, "limits": overrides.resources.limits}
        given = {name: each for name, each in amounts.items() if each is not None}
        container["resources"] = (container.get("resources") or {}) | given
    if overrides.env_from is not None:
        container["envFrom"] = overrides.env_from
    if overrides.env is not None:
        container["env"] = overrides.env
    if overrides.security_context is not None:
        container["securityContext"] = overrides.security_context


def _function(spec: Data) -> Data:
    containers: list[Data] = spec["containers"]  # as check_pod_template found it
    return next(each for each in containers if each.get("name") == FUNCTION_CONTAINER)


def _wrapper(spec: Data) -> Data:
    containers: list[Data] = spec["initContainers"]
    named = (each for each in containers if each.get("name") == WRAPPER_CONTAINER)
    return next(named, containers[0])
