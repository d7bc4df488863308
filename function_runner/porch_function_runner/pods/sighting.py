"""What a pod's status says about its use: ready, on its way, in trouble, or over.

Pure. The words of the kubelet and of the scheduler are kept: they are what a user can act on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from porch_function_runner.pods.wire import ContainerStatus, Pod, Waiting

# Reasons of a waiting container that do not pass by waiting a little.
_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ImageInspectError",
        "InvalidImageName",
        "RunContainerError",
    }
)
# A pull may fail for a moment (a registry, a network) or for good, as its message tells.
_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_FOR_GOOD = re.compile(
    r"not found|manifest unknown|name unknown|denied|unauthori[sz]ed|forbidden"
    r"|no match for platform|invalid reference",
    re.IGNORECASE,
)
_KUBELET_WAITS = "pull QPS exceeded"  # its own limit: many pods were started at once


class State(StrEnum):
    """What can be said of a pod."""

    COMING = "coming"  # on its way, nothing is wrong
    STUCK = "stuck"  # waits for what may come: a node with room, a registry that answers
    HOPELESS = "hopeless"  # will not start by waiting
    READY = "ready"
    ENDED = "ended"  # its containers have ended for good
    LEAVING = "leaving"  # it is being deleted


class Milestone(StrEnum):
    """How far the start of a pod has come, in order."""

    CREATED = "created"
    SCHEDULED = "scheduled"
    RUNNING = "running"  # the function's container runs
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Sighting:
    """The use of a pod at one instant."""

    state: State
    why: str = ""  # "" when nothing is wrong


def sighted(pod: Pod) -> Sighting:
    """What the status of a pod says."""
    status = pod.status
    name = pod.metadata.name
    if pod.metadata.deletion_timestamp is not None:
        return Sighting(State.LEAVING, f"pod {name} is being deleted")
    if status.phase in ("Failed", "Succeeded"):
        said = " ".join(filter(None, (status.reason, status.message, *_endings(pod))))
        return Sighting(
            State.ENDED, f"pod {name} has ended ({status.phase}): {said or 'no reason'}"
        )
    if status.condition("Ready").status == "True":
        return Sighting(State.READY)
    if (trouble := next(_troubles(pod), None)) is not None:
        return Sighting(trouble.state, f"pod {name} cannot start: {trouble.why}")
    scheduled = status.condition("PodScheduled")
    if scheduled.status == "False":
        return Sighting(
            State.STUCK, f"pod {name} cannot be scheduled: {scheduled.reason}: {scheduled.message}"
        )
    return Sighting(State.COMING)


def milestone(pod: Pod) -> Milestone:
    """How far a pod has come."""
    if pod.status.condition("Ready").status == "True":
        return Milestone.READY
    if any(each.state.running is not None for each in pod.status.container_statuses):
        return Milestone.RUNNING
    if pod.status.condition("PodScheduled").status == "True":
        return Milestone.SCHEDULED
    return Milestone.CREATED


def _troubles(pod: Pod) -> Iterator[Sighting]:
    for each in _containers(pod):
        waiting = each.state.waiting
        if waiting is None or (state := _state_of(waiting)) is State.COMING:
            continue
        said = "; ".join(filter(None, (waiting.message, _ending(each)))) or "no message"
        yield Sighting(state, f"container {each.name}: {waiting.reason}: {said}")


def _state_of(waiting: Waiting) -> State:
    if waiting.reason in _HOPELESS:
        return State.HOPELESS
    if waiting.reason not in _PULL or _KUBELET_WAITS in waiting.message:
        return State.COMING
    return State.HOPELESS if _FOR_GOOD.search(waiting.message) else State.STUCK


def _endings(pod: Pod) -> Iterator[str]:
    for each in _containers(pod):
        if said := _ending(each):
            yield f"container {each.name} {said}"


def _ending(container: ContainerStatus) -> str:
    """How a container ended, now or the last time; "" when it never did, or well."""
    ended = container.state.terminated or container.last_state.terminated
    if ended is None or ended.exit_code == 0:
        return ""
    said = " ".join(filter(None, (ended.reason, ended.message.strip())))
    return f"ended with exit code {ended.exit_code}: {said or 'no message'}"


def _containers(pod: Pod) -> list[ContainerStatus]:
    return [*pod.status.init_container_statuses, *pod.status.container_statuses]
