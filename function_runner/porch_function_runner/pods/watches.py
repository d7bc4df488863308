"""What is watched in the namespace of the pods, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from porch.api.servicetemplate import ServiceTemplate
from porch.runtime.client import Client, Selection
from porch.runtime.reflector import HasName, Reflector
from porch.runtime.resources import LEASES, ObjectKey, Resource
from porch_function_runner.pods.runners import RunnerLease, Runners
from porch_function_runner.pods.settings import Address, PodEvaluatorSettings
from porch_function_runner.pods.templateboard import TemplateBoard
from porch_function_runner.pods.wire import (
    ENDPOINT_SLICES,
    IMAGE_LABEL,
    POD_TEMPLATES,
    PODS,
    SERVICES,
    EndpointSlice,
    Pod,
    Service,
    TemplateObject,
)
from porch_function_runner.pods.world import World

T = TypeVar("T", bound=HasName)

_LABELLED = (PODS, SERVICES, ENDPOINT_SLICES)  # the others of the namespace are not ours

SERVICE_TEMPLATES = Resource.of(ServiceTemplate.KIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told."""

    world: World
    board: TemplateBoard
    runners: Runners
    pod_seen: Callable[[Pod], None]
    pod_gone: Callable[[ObjectKey], None]
    templates_changed: Callable[[], None]
    look: Callable[[str], None]  # at a pod or a Lease, by its name

    def pod_template_seen(self, found: TemplateObject) -> None:
        self.board.pod_template_seen(found)
        self.templates_changed()

    def pod_template_gone(self, key: ObjectKey) -> None:
        self.board.pod_template_gone(key.name)
        self.templates_changed()

    def service_template_seen(self, found: TemplateObject) -> None:
        self.board.service_template_seen(found)
        self.templates_changed()

    def service_template_gone(self, key: ObjectKey) -> None:
        self.board.service_template_gone(key.name)
        self.templates_changed()

    def lease_seen(self, lease: RunnerLease) -> None:
        self.runners.seen(lease)
        self.look(lease.metadata.name)

    def lease_gone(self, key: ObjectKey) -> None:
        self.runners.gone(key.name)


def reflectors(
    client: Client, settings: PodEvaluatorSettings, told: Listeners
) -> dict[str, Reflector[Any]]:  # Any: each of its own kind
    """One a kind, by its name, for the caller to run."""
    found: dict[str, Reflector[Any]] = {}

    def add(
        resource: Resource,
        into: type[T],
        seen: Callable[[T], None],
        gone: Callable[[ObjectKey], None],
    ) -> None:
        labels = IMAGE_LABEL if resource in _LABELLED else ""
        selection = Selection(namespace=settings.namespace, labels=labels)
        found[str(resource)] = Reflector(
            client, resource, into=into, selection=selection, changed=seen, gone=gone
        )

    add(PODS, Pod, told.pod_seen, told.pod_gone)
    add(LEASES, RunnerLease, told.lease_seen, told.lease_gone)
    add(POD_TEMPLATES, TemplateObject, told.pod_template_seen, told.pod_template_gone)
    add(SERVICE_TEMPLATES, TemplateObject, told.service_template_seen, told.service_template_gone)
    if settings.address is Address.SERVICE:
        world = told.world
        add(SERVICES, Service, world.service_seen, world.service_gone)
        add(ENDPOINT_SLICES, EndpointSlice, world.slice_seen, world.slice_gone)
    return found
