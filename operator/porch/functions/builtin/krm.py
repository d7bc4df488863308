"""What built-ins ask about a KRM object: group, version, kind, scope, local config.

Pure. The questions are those of the Go SDK, with its answers: an empty group, version or kind
matches anything, on either side; a kind outside of the table of built-in kinds is namespaced if and
only if it says a namespace.
"""

from porch.kpt.annotations import LOCAL_CONFIG, annotation
from porch.kpt.yaml.node import Node

NO_NAMESPACE = "~C"  # namespace of a cluster-scoped object in an upstream identifier
DEFAULT_NAMESPACE = "default"

_CLUSTER_SCOPED: dict[str, tuple[str, ...]] = {
    "admissionregistration.k8s.io/v1": (
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ),
    "admissionregistration.k8s.io/v1beta1": (
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "apiextensions.k8s.io/v1beta1": ("CustomResourceDefinition",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "apiregistration.k8s.io/v1beta1": ("APIService",),
    "certificates.k8s.io/v1": ("CertificateSigningRequest",),
    "certificates.k8s.io/v1beta1": ("CertificateSigningRequest",),
    "flowcontrol.apiserver.k8s.io/v1beta1": ("FlowSchema", "PriorityLevelConfiguration"),
    "networking.k8s.io/v1": ("IngressClass",),
    "networking.k8s.io/v1beta1": ("IngressClass",),
    "node.k8s.io/v1": ("RuntimeClass",),
    "node.k8s.io/v1beta1": ("RuntimeClass",),
    "policy/v1beta1": ("PodSecurityPolicy",),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding"),
    "rbac.authorization.k8s.io/v1beta1": ("ClusterRole", "ClusterRoleBinding"),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "scheduling.k8s.io/v1beta1": ("PriorityClass",),
    "storage.k8s.io/v1": ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"),
    "storage.k8s.io/v1beta1": ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"),
    "v1": ("ComponentStatus", "Namespace", "Node", "PersistentVolume"),
}
_NAMESPACED: dict[str, tuple[str, ...]] = {
    "apps/v1": ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "autoscaling/v1": ("HorizontalPodAutoscaler",),
    "autoscaling/v2beta1": ("HorizontalPodAutoscaler",),
    "autoscaling/v2beta2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("CronJob", "Job"),
    "batch/v1beta1": ("CronJob",),
    "coordination.k8s.io/v1": ("Lease",),
    "coordination.k8s.io/v1beta1": ("Lease",),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "discovery.k8s.io/v1beta1": ("EndpointSlice",),
    "events.k8s.io/v1": ("Event",),
    "events.k8s.io/v1beta1": ("Event",),
    "extensions/v1beta1": ("Ingress",),
    "networking.k8s.io/v1": ("Ingress", "NetworkPolicy"),
    "networking.k8s.io/v1beta1": ("Ingress",),
    "policy/v1": ("PodDisruptionBudget",),
    "policy/v1beta1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding"),
    "rbac.authorization.k8s.io/v1beta1": ("Role", "RoleBinding"),
    "storage.k8s.io/v1beta1": ("CSIStorageCapacity",),
    "v1": (
        "ConfigMap",
        "Endpoints",
        "Event",
        "LimitRange",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "ResourceQuota",
        "Secret",
        "Service",
        "ServiceAccount",
    ),
}


def group_version(item: Node) -> tuple[str, str]:
    """Group ("" for core) and version of an item."""
    group, _, version = item.text("apiVersion").rpartition("/")
    return group, version


def is_gvk(item: Node, group: str, version: str, kind: str) -> bool:
    """Whether the item is of this group, version and kind; "" matches anything on either side."""
    found_group, found_version = group_version(item)
    return (
        (group in ("", found_group) or found_group == "")
        and (version in ("", found_version) or found_version == "")
        and kind in ("", item.text("kind"))
    )


def is_local_config(item: Node) -> bool:
    """Whether the item is for tools only and never applied to a cluster."""
    return annotation(item, LOCAL_CONFIG) not in (None, "", "false")


def is_kptfile(item: Node) -> bool:
    """Whether the item describes a package."""
    return item.text("kind") == "Kptfile" and group_version(item)[0] == "kpt.dev"


def name_of(item: Node) -> str:
    """`metadata.name`."""
    return item.text("metadata", "name")


def namespace_of(item: Node) -> str:
    """`metadata.namespace`; "" when absent."""
    return item.text("metadata", "namespace")


def is_namespaced(item: Node) -> bool:
    """Whether the item lives in a namespace."""
    api_version, kind = item.text("apiVersion"), item.text("kind")
    if kind in _NAMESPACED.get(api_version, ()):
        return True
    if kind in _CLUSTER_SCOPED.get(api_version, ()):
        return False
    return namespace_of(item) != ""


def effective_namespace(item: Node) -> str:
    """The namespace that the item lives in; "~C" for a cluster-scoped one."""
    return (namespace_of(item) or DEFAULT_NAMESPACE) if is_namespaced(item) else NO_NAMESPACE


def short_string(item: Node) -> str:
    """How the SDK names an item in messages."""
    api_version, kind = item.text("apiVersion"), item.text("kind")
    return (
        f"Resource(apiVersion={api_version}, kind={kind}, "
        f"namespace={namespace_of(item)}, name={name_of(item)})"
    )


def is_empty(config: Node | None) -> bool:
    """Whether a functionConfig says nothing."""
    return config is None or config.is_null or not config.content
