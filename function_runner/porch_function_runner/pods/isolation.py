"""What a function may do in its pod, where the template does not say otherwise.

Pure. Only what is absent is filled in, so the owner of the template has the last word. No token of
a service account, an unprivileged user, no gain of privileges, no capabilities, the runtime's
seccomp profile, a root file system that cannot be written (with an emptyDir at /tmp), bounded CPU
and memory. The network is closed by a NetworkPolicy in the manifests, which looks at our label.
"""

from collections.abc import Mapping
from typing import Any

Data = dict[str, Any]  # Any: Kubernetes' own API, handed on as it is

USER = 65532  # "nonroot" of the usual minimal images; any number but 0 would do
_TMP = "tmp"

_CONTAINER_CONTEXT: Data = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_RESOURCES: Data = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"cpu": "2", "memory": "1Gi"},
}


def isolated(spec: Data) -> Data:
    """The specification of a pod with what it leaves open closed."""
    closed: Data = {"automountServiceAccountToken": False, "enableServiceLinks": False}
    spec = closed | spec
    spec["securityContext"] = _pod_context(spec.get("securityContext") or {})
    for name in ("initContainers", "containers"):
        spec[name] = [_container(each) for each in spec.get(name) or []]
    if any(_has_tmp_of_ours(each) for each in spec["containers"]):
        volumes = spec.get("volumes") or []
        spec["volumes"] = [*volumes, {"name": _TMP, "emptyDir": {"sizeLimit": "256Mi"}}]
    return spec


def _pod_context(given: Mapping[str, Any]) -> Data:
    context: Data = {"seccompProfile": {"type": "RuntimeDefault"}} | dict(given)
    if context.setdefault("runAsUser", USER) != 0:
        context.setdefault("runAsNonRoot", True)
    return context


def _container(given: Mapping[str, Any]) -> Data:
    container = dict(given)
    container["securityContext"] = _CONTAINER_CONTEXT | (given.get("securityContext") or {})
    # NB: not merged: a limit of theirs below a request of ours would be refused.
    container["resources"] = given.get("resources") or _RESOURCES
    mounts = list(given.get("volumeMounts") or [])
    read_only = container["securityContext"]["readOnlyRootFilesystem"]
    if read_only and not any(each.get("mountPath") == "/tmp" for each in mounts):  # noqa: S108
        mounts.append({"name": _TMP, "mountPath": "/tmp"})  # noqa: S108 (in the container)
    if mounts:
        container["volumeMounts"] = mounts
    return container


def _has_tmp_of_ours(container: Mapping[str, Any]) -> bool:
    return any(each["name"] == _TMP for each in container.get("volumeMounts") or [])
