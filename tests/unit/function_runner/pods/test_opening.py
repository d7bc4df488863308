"""The settings of the pod evaluator, from flags and environment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from porch_function_runner.pods.opening import BadEnvironment, evaluator_settings
from porch_function_runner.pods.settings import Address
from porch_function_runner.settings import PodSettings, RegistrySettings, RunnerSettings

ENV = {"WRAPPER_SERVER_IMAGE": "wrapper:v1", "POD_NAME": "function-runner-abc"}


def test_flags_become_limits() -> None:
    """Zero and less mean the default, as existing installations have them."""
    pods = PodSettings(
        max_waitlist_length=0,
        max_parallel_pods_per_function=-1,
        pod_ttl=timedelta(minutes=3),
        pod_address=Address.POD_IP,
    )
    made = evaluator_settings(RunnerSettings(pods=pods), ENV)

    assert (made.limits.queue_length, made.limits.max_pods) == (2, 1)
    assert made.limits.idle == timedelta(minutes=3)
    assert made.address is Address.POD_IP
    assert made.runner == "function-runner-abc"


def test_pods_pull_with_the_runners_secret_where_private_registries_are_enabled() -> None:
    """Elsewhere the node's own credentials are used."""
    private = RunnerSettings(registry=RegistrySettings(enable_private_registries=True))

    assert evaluator_settings(private, ENV).pull_secrets == ("auth-secret",)
    assert evaluator_settings(RunnerSettings(), ENV).pull_secrets == ()


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"POD_NAME": "a"}, "WRAPPER_SERVER_IMAGE must name the image"),
        (ENV | {"POD_NAME": "Not_A_Name"}, "POD_NAME must be a name"),
    ],
)
def test_what_is_missing_is_told_at_the_start(env: dict[str, str], message: str) -> None:
    """Not at the first call."""
    with pytest.raises(BadEnvironment, match=message):
        evaluator_settings(RunnerSettings(), env)
