"""The settings of the pod evaluator, as its parts take them."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from porch.functions.images import DEFAULT_PREFIX
from porch.functions.wire.service import DEFAULT_MESSAGE_BYTES
from porch.runtime.lease import LeaseSettings
from porch_function_runner.pods.pool import Limits


class Address(StrEnum):
    """How a pod is called."""

    SERVICE = "service"  # by the DNS name of its Service, as service meshes want it
    POD_IP = "pod-ip"  # directly; no Services are made


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEvaluatorSettings:
    """Where pods live, what they are made from, and how they are called."""

    namespace: str
    runner: str  # whose pods these are: the same after a restart of this replica, as a label value
    wrapper_image: str
    default_prefix: str = DEFAULT_PREFIX
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES
    limits: Limits = field(default_factory=Limits)  # where no FunctionConfig says otherwise
    pull_secrets: tuple[str, ...] = ()
    address: Address = Address.SERVICE
    is_headless: bool = False  # Services without a virtual IP
    is_warming: bool = True  # start a pod for the first tag of each FunctionConfig
    connect_within: timedelta = timedelta(seconds=20)  # from ready to connected
    stuck_for: timedelta = timedelta(seconds=15)  # a node, or a registry's answer, may come
    lease: LeaseSettings = LeaseSettings(
        duration=timedelta(seconds=30),  # the pods of a dead runner are taken over after it
        renew_deadline=timedelta(seconds=20),
        retry=timedelta(seconds=5),
    )
