"""What a pod's status means, on statuses as kubelets write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from porch_function_runner.pods.sighting import Milestone, Sighting, State, milestone, sighted
from porch_function_runner.pods.wire import Pod

SCHEDULED = {"type": "PodScheduled", "status": "True"}
READY = {"type": "Ready", "status": "True"}


def pod(*, deleted: bool = False, **status: Any) -> Pod:
    metadata: dict[str, Any] = {"name": "p"}
    if deleted:
        metadata["deletionTimestamp"] = datetime(2026, 1, 1, tzinfo=UTC)
    return msgspec.convert({"metadata": metadata, "status": status}, Pod)


def container(**state: Any) -> dict[str, Any]:
    return {"name": "function", **state}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return container(state={"waiting": {"reason": reason, "message": message}}, **more)


def test_an_image_that_cannot_be_pulled_is_hopeless_in_the_words_of_the_kubelet() -> None:
    """They name the registry and what it answered."""
    seen = sighted(pod(containerStatuses=[waiting("ErrImagePull", "ghcr.io/x/y:v9: not found")]))

    assert seen == Sighting(
        State.HOPELESS,
        "pod p cannot start: container function: ErrImagePull: ghcr.io/x/y:v9: not found",
    )


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (
            "rpc error: code = NotFound desc = failed to pull: r.example/x:v1: not found",
            State.HOPELESS,
        ),
        ("pull access denied, repository does not exist", State.HOPELESS),
        ("unexpected status code 401 Unauthorized", State.HOPELESS),
        ("no match for platform in manifest", State.HOPELESS),
        ("dial tcp 10.0.0.1:443: i/o timeout", State.STUCK),
        ("unexpected status: 503 Service Unavailable", State.STUCK),
        ('Back-off pulling image "x"', State.STUCK),
        ("pull QPS exceeded", State.COMING),
    ],
)
def test_a_pull_that_may_succeed_yet_is_given_time(message: str, state: State) -> None:
    """A registry that is away for a moment, and the kubelet's own limit of pulls a second."""
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        assert sighted(pod(containerStatuses=[waiting(reason, message)])).state is state


def test_a_crash_loop_tells_how_the_container_ended() -> None:
    """`CrashLoopBackOff` alone helps nobody."""
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    seen = sighted(
        pod(
            containerStatuses=[
                waiting("CrashLoopBackOff", "back-off 10s restarting", lastState=ended)
            ]
        )
    )

    assert seen.state is State.HOPELESS
    assert "exit code 137: OOMKilled" in seen.why


def test_a_failing_init_container_is_seen_too() -> None:
    """It places the wrapper."""
    seen = sighted(pod(initContainerStatuses=[waiting("ErrImagePull", "not found")]))

    assert seen.state is State.HOPELESS


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_what_takes_its_time_is_on_its_way(reason: str) -> None:
    """Pulling a large image is no error."""
    assert sighted(pod(containerStatuses=[waiting(reason)])) == Sighting(State.COMING)


def test_a_pod_without_a_node_is_stuck_and_may_still_come() -> None:
    """An autoscaler may bring one."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available",
    }

    assert sighted(pod(conditions=[condition])) == Sighting(
        State.STUCK, "pod p cannot be scheduled: Unschedulable: 0/3 nodes are available"
    )


def test_a_pod_that_is_being_deleted_is_leaving_although_it_is_ready() -> None:
    """It stays `Running` and `Ready` until its containers have ended."""
    assert sighted(pod(deleted=True, conditions=[READY])).state is State.LEAVING


def test_an_evicted_pod_has_ended_with_the_reason() -> None:
    """`Failed` alone would not tell that the node had no memory left."""
    seen = sighted(pod(phase="Failed", reason="Evicted", message="node was low on memory"))

    assert seen == Sighting(State.ENDED, "pod p has ended (Failed): Evicted node was low on memory")


def test_the_milestones_of_a_start_are_told_apart() -> None:
    """The parts of a cold start are measured by them."""
    running = container(state={"running": {}})

    assert [
        milestone(pod()),
        milestone(pod(conditions=[SCHEDULED])),
        milestone(pod(conditions=[SCHEDULED], containerStatuses=[running])),
        milestone(pod(conditions=[SCHEDULED, READY], containerStatuses=[running])),
    ] == list(Milestone)
