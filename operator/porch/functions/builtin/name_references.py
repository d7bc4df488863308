"""Which fields of built-in kinds name another object, and so follow when that is renamed.

Pure. Values: a path is a tuple of keys; `*` enters the elements of a sequence. A field that can
name objects of several kinds says the kind beside the name.
Source: the API of Kubernetes.
"""

from collections.abc import Callable, Iterator

from porch.functions.builtin import krm
from porch.kpt.yaml.node import Node

Path = tuple[str, ...]
Renames = dict[tuple[str, str, str], str]  # kind, namespace, old name -> new name
Renamed = Callable[[str, str, str], str | None]  # kind, namespace, old name -> new name

_CONTAINER_FIELDS = ("containers", "initContainers", "ephemeralContainers")
_POD_PATHS: dict[str, Path] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_IN_POD: tuple[tuple[str, Path], ...] = (
    ("ConfigMap", ("volumes", "*", "configMap", "name")),
    ("ConfigMap", ("volumes", "*", "projected", "sources", "*", "configMap", "name")),
    ("Secret", ("volumes", "*", "secret", "secretName")),
    ("Secret", ("volumes", "*", "projected", "sources", "*", "secret", "name")),
    ("Secret", ("imagePullSecrets", "*", "name")),
    ("PersistentVolumeClaim", ("volumes", "*", "persistentVolumeClaim", "claimName")),
    ("ServiceAccount", ("serviceAccountName",)),
    ("PriorityClass", ("priorityClassName",)),
    *(
        (kind, (containers, "*", *rest))
        for containers in _CONTAINER_FIELDS
        for kind, rest in (
            ("ConfigMap", ("env", "*", "valueFrom", "configMapKeyRef", "name")),
            ("ConfigMap", ("envFrom", "*", "configMapRef", "name")),
            ("Secret", ("env", "*", "valueFrom", "secretKeyRef", "name")),
            ("Secret", ("envFrom", "*", "secretRef", "name")),
        )
    ),
)
_WEBHOOK: tuple[tuple[str, Path], ...] = (
    ("Service", ("webhooks", "*", "clientConfig", "service", "name")),
)
_IN_KIND: dict[str, tuple[tuple[str, Path], ...]] = {
    "StatefulSet": (
        ("Service", ("spec", "serviceName")),
        ("StorageClass", ("spec", "volumeClaimTemplates", "*", "spec", "storageClassName")),
    ),
    "Ingress": (
        ("Service", ("spec", "rules", "*", "http", "paths", "*", "backend", "serviceName")),
        ("Service", ("spec", "rules", "*", "http", "paths", "*", "backend", "service", "name")),
        ("Service", ("spec", "backend", "serviceName")),
        ("Service", ("spec", "defaultBackend", "service", "name")),
        ("Secret", ("spec", "tls", "*", "secretName")),
        ("IngressClass", ("spec", "ingressClassName")),
    ),
    "ServiceAccount": (
        ("Secret", ("imagePullSecrets", "*", "name")),
        ("Secret", ("secrets", "*", "name")),
    ),
    "PersistentVolumeClaim": (
        ("PersistentVolume", ("spec", "volumeName")),
        ("StorageClass", ("spec", "storageClassName")),
    ),
    "PersistentVolume": (("StorageClass", ("spec", "storageClassName")),),
    "APIService": (("Service", ("spec", "service", "name")),),
    "CustomResourceDefinition": (
        ("Service", ("spec", "conversion", "webhook", "clientConfig", "service", "name")),
    ),
    "MutatingWebhookConfiguration": _WEBHOOK,
    "ValidatingWebhookConfiguration": _WEBHOOK,
}
_WITH_KIND: dict[str, tuple[Path, ...]] = {
    "HorizontalPodAutoscaler": (("spec", "scaleTargetRef"),),
    "RoleBinding": (("roleRef",), ("subjects", "*")),
    "ClusterRoleBinding": (("roleRef",), ("subjects", "*")),
}


def finder(renames: Renames) -> Renamed:
    """Looks renames up; a reference without a namespace of its own may be to a cluster's object."""

    def renamed(kind: str, namespace: str, name: str) -> str | None:
        for where in (namespace, krm.NO_NAMESPACE):
            if (kind, where, name) in renames:
                return renames[kind, where, name]
        return None

    return renamed


def update_references(item: Node, namespace: str, renamed: Renamed) -> None:
    """Rename what the item refers to."""
    for target, parent, field in _references(item):
        where = parent.text("namespace") or namespace
        _rename(parent.get(field), target or parent.text("kind"), where, renamed)


def _references(item: Node) -> Iterator[tuple[str, Node, str]]:
    """Kind ("" where the reference says it), mapping and field of each reference."""
    kind = item.text("kind")
    for target, path in _IN_KIND.get(kind, ()):
        yield from ((target, parent, path[-1]) for parent in _at(item, path[:-1]))
    spec = item.at(*_POD_PATHS[kind]) if kind in _POD_PATHS else None
    for target, path in _IN_POD:
        yield from ((target, parent, path[-1]) for parent in _at(spec, path[:-1]))
    for path in _WITH_KIND.get(kind, ()):
        yield from (("", reference, "name") for reference in _at(item, path))


def _rename(name: Node | None, kind: str, namespace: str, renamed: Renamed) -> None:
    new = renamed(kind, namespace, name.value) if name is not None else None
    if name is not None and new is not None:
        name.value = new


def _at(node: Node | None, path: Path) -> Iterator[Node]:
    if node is None:
        return
    if not path:
        yield node
    elif path[0] == "*":
        for element in node.content if node.is_sequence else ():
            yield from _at(element, path[1:])
    else:
        yield from _at(node.get(path[0]), path[1:])
