"""Which lists of the built-in kinds merge element by element.

Pure; shapes are made on first use and shared. Made from the OpenAPI document of Kubernetes 1.21.2
(its `x-kubernetes-patch-strategy: merge`), the one that kpt carries; a test holds each path of each
kind against the recording of it. Newer versions of a kind are unknown here, as they are to kpt.
Notation  `field:Type`; `field[key,key]:Type` for a list with merge keys, `field[]` for a set.
"""

import re
from functools import cache
from typing import Final

from porch.kpt.merge.shapes import MergeKeys, Shape

_TYPES: Final = {
    "ObjectMeta": "finalizers[] ownerReferences[uid]",
    "Conditions": "conditions[type]",
    "Resource": "metadata:ObjectMeta",
    "ResourceWithStatus": "metadata:ObjectMeta status:Conditions",
    "Workload": "metadata:ObjectMeta spec:WorkloadSpec status:Conditions",
    "WorkloadSpec": "template:PodTemplateSpec",
    "PodTemplateSpec": "metadata:ObjectMeta spec:PodSpec",
    "PodSpec": (
        "containers[name]:Container initContainers[name]:Container"
        " ephemeralContainers[name]:EphemeralContainer volumes[name]:Volume"
        " imagePullSecrets[name] hostAliases[ip]"
        " topologySpreadConstraints[topologyKey,whenUnsatisfiable]"
    ),
    "Container": (
        "env[name] ports[containerPort,protocol] volumeMounts[mountPath] volumeDevices[devicePath]"
    ),
    "EphemeralContainer": "env[name] volumeMounts[mountPath] volumeDevices[devicePath]",
    "Volume": "ephemeral:EphemeralVolumeSource",
    "EphemeralVolumeSource": "volumeClaimTemplate:Resource",
    "Pod": "metadata:ObjectMeta spec:PodSpec status:PodStatus",
    "PodStatus": "conditions[type] podIPs[ip]",
    "PodTemplate": "metadata:ObjectMeta template:PodTemplateSpec",
    "CronJob": "metadata:ObjectMeta spec:CronJobSpec",
    "CronJobSpec": "jobTemplate:JobTemplateSpec",
    "JobTemplateSpec": "metadata:ObjectMeta spec:WorkloadSpec",
    "Service": "metadata:ObjectMeta spec:ServiceSpec status:Conditions",
    "ServiceSpec": "ports[port,protocol]",
    "ServiceAccount": "metadata:ObjectMeta secrets[name]",
    "WebhookConfiguration": "metadata:ObjectMeta webhooks[name]",
    "CSINode": "metadata:ObjectMeta spec:CSINodeSpec",
    "CSINodeSpec": "drivers[name]",
    "ComponentStatus": "metadata:ObjectMeta conditions[type]",
    "Node": "metadata:ObjectMeta spec:NodeSpec status:NodeStatus",
    "NodeSpec": "podCIDRs[]",
    "NodeStatus": "conditions[type] addresses[type]",
}
_TYPE_OF_KIND: Final = {  # every other kind is a Resource
    "APIService": "ResourceWithStatus",
    "CSINode": "CSINode",
    "ComponentStatus": "ComponentStatus",
    "CronJob": "CronJob",
    "DaemonSet": "Workload",
    "Deployment": "Workload",
    "Job": "Workload",
    "MutatingWebhookConfiguration": "WebhookConfiguration",
    "Namespace": "ResourceWithStatus",
    "Node": "Node",
    "PersistentVolumeClaim": "ResourceWithStatus",
    "Pod": "Pod",
    "PodDisruptionBudget": "ResourceWithStatus",
    "PodTemplate": "PodTemplate",
    "ReplicaSet": "Workload",
    "ReplicationController": "Workload",
    "Service": "Service",
    "ServiceAccount": "ServiceAccount",
    "StatefulSet": "Workload",
    "ValidatingWebhookConfiguration": "WebhookConfiguration",
}
_KINDS: Final = """
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration ValidatingWebhookConfiguration
admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration ValidatingWebhookConfiguration
apiextensions.k8s.io/v1 CustomResourceDefinition
apiextensions.k8s.io/v1beta1 CustomResourceDefinition
apiregistration.k8s.io/v1 APIService
apiregistration.k8s.io/v1beta1 APIService
apps/v1 ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
authentication.k8s.io/v1 TokenRequest TokenReview
authentication.k8s.io/v1beta1 TokenReview
authorization.k8s.io/v1 LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview
authorization.k8s.io/v1 SubjectAccessReview
authorization.k8s.io/v1beta1 LocalSubjectAccessReview SelfSubjectAccessReview
authorization.k8s.io/v1beta1 SelfSubjectRulesReview SubjectAccessReview
autoscaling/v1 HorizontalPodAutoscaler Scale
autoscaling/v2beta1 HorizontalPodAutoscaler
autoscaling/v2beta2 HorizontalPodAutoscaler
batch/v1 CronJob Job
batch/v1beta1 CronJob
certificates.k8s.io/v1 CertificateSigningRequest
certificates.k8s.io/v1beta1 CertificateSigningRequest
coordination.k8s.io/v1 Lease
coordination.k8s.io/v1beta1 Lease
discovery.k8s.io/v1 EndpointSlice
discovery.k8s.io/v1beta1 EndpointSlice
events.k8s.io/v1 Event
events.k8s.io/v1beta1 Event
extensions/v1beta1 Ingress
flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema PriorityLevelConfiguration
networking.k8s.io/v1 Ingress IngressClass NetworkPolicy
networking.k8s.io/v1beta1 Ingress IngressClass
node.k8s.io/v1 RuntimeClass
node.k8s.io/v1beta1 RuntimeClass
policy/v1 PodDisruptionBudget
policy/v1beta1 Eviction PodDisruptionBudget PodSecurityPolicy
rbac.authorization.k8s.io/v1 ClusterRole ClusterRoleBinding Role RoleBinding
rbac.authorization.k8s.io/v1beta1 ClusterRole ClusterRoleBinding Role RoleBinding
scheduling.k8s.io/v1 PriorityClass
scheduling.k8s.io/v1beta1 PriorityClass
storage.k8s.io/v1 CSIDriver CSINode StorageClass VolumeAttachment
storage.k8s.io/v1beta1 CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment
v1 Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume
v1 PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service
v1 ServiceAccount
"""
_PROTOCOL: Final = {"protocol": "TCP"}  # what the API server fills in

_ENTRY: Final = re.compile(r"(\w+)(?:\[([\w,]*)\])?(?::(\w+))?\Z")


def builtin_shape(api_version: str, kind: str) -> Shape | None:
    """The shape of a resource of this type; None when it is not built in."""
    if kind not in _kinds().get(api_version, ()):
        return None
    return _shape(_TYPE_OF_KIND.get(kind, "Resource"))


def resource_shape() -> Shape:
    """The shape of a resource of which nothing but its metadata is known."""
    return _shape("Resource")


@cache
def _kinds() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in _KINDS.split("\n"):
        api_version, *kinds = line.split() or [""]
        found.setdefault(api_version, set()).update(kinds)
    return found


@cache
def _shape(name: str) -> Shape:
    return Shape(dict(_field(entry) for entry in _TYPES[name].split()))


def _field(entry: str) -> tuple[str, Shape]:
    found = _ENTRY.match(entry)
    assert found is not None, entry  # noqa: S101 - the tables above are ours
    field, keys, type_name = found.groups()
    below = _shape(type_name) if type_name else None
    if keys is None:
        assert below is not None, entry  # noqa: S101 - the tables above are ours
        return field, below
    return field, Shape(each=below, keys=_merge_keys(keys))


def _merge_keys(keys: str) -> MergeKeys:
    names = tuple(filter(None, keys.split(",")))
    return MergeKeys(names, {name: _PROTOCOL[name] for name in names if name in _PROTOCOL})
