"""ServiceTemplate: what the Services of function pods are made from.

Pure wire model of `servicetemplates.config.porch.kpt.dev/v1alpha1`. The one that the function
runner reads is named `base-service-template`, in the namespace of the pods. Parts of a Service that
are only handed on to Kubernetes stay plain data.
"""

from typing import Any, ClassVar

from msgspec import field

from porch.api.meta import Kind, ObjectMeta, Wire
from porch.api.wellknown import CONFIG_GROUP

ServiceData = dict[str, Any]  # Any: a part of Kubernetes' Service API, handed on as it is


class ServiceTemplateMeta(Wire, frozen=True, kw_only=True):
    """Metadata that every Service gets."""

    labels: dict[str, str] = field(default_factory=dict)
    """Labels of the Services."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Annotations of the Services."""


class ServiceTemplateBody(Wire, frozen=True, kw_only=True):
    """The Service without its name, selector and port."""

    metadata: ServiceTemplateMeta = field(default_factory=ServiceTemplateMeta)
    """Labels and annotations."""
    spec: ServiceData = field(default_factory=dict)
    """A ServiceSpec; `selector` and `ports` are the runner's."""


class ServiceTemplate(Wire, frozen=True, kw_only=True):
    """What the Services of function pods are made from."""

    KIND: ClassVar[Kind] = Kind(
        group=CONFIG_GROUP,
        version="v1alpha1",
        kind="ServiceTemplate",
        plural="servicetemplates",
        singular="servicetemplate",
        has_status=False,
    )

    metadata: ObjectMeta
    template: ServiceTemplateBody
    """The Service without its name, selector and port."""
