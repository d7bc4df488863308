"""What FunctionConfigs say of the pods of an image."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from porch.api.functionconfig import FunctionConfig, FunctionConfigSpec, PodExecutor
from porch.api.meta import ObjectMeta
from porch_function_runner.pods.functions import PodFunctions, PodRules
from porch_function_runner.pods.pool import Limits

DEFAULTS = Limits(max_pods=2, queue_length=3, idle=timedelta(minutes=5))
PREFIX = "ghcr.io/kptdev/krm-functions-catalog"


def config(name: str, *, prefixes: tuple[str, ...] = (), **executor: Any) -> FunctionConfig:
    return FunctionConfig(
        metadata=ObjectMeta(name=f"{name}-{len(prefixes)}"),
        spec=FunctionConfigSpec(
            image=name, prefixes=list(prefixes), pod_executor=PodExecutor(**executor)
        ),
    )


def functions(*configs: FunctionConfig) -> PodFunctions:
    return PodFunctions.of(configs, defaults=DEFAULTS, default_prefix=f"{PREFIX}/")


def rules(found: PodFunctions, image: str) -> PodRules:
    return found.rules(found.resolve(image))


def test_an_image_of_which_nothing_is_said_has_the_runners_limits() -> None:
    """And no network."""
    assert rules(functions(), "set-image:v1") == PodRules(DEFAULTS)


def test_zero_and_absent_leave_a_limit_to_the_runner() -> None:
    """As the schema's defaults are."""
    some = functions(config("set-image", max_parallel_executions=7, time_to_live="90s"))

    assert rules(some, "set-image:v1").limits == replace(
        DEFAULTS, max_pods=7, idle=timedelta(seconds=90)
    )


@pytest.mark.parametrize("text", ["0s", "-1m", "soon", ""])
def test_a_time_to_live_that_is_none_counts_as_absent(text: str) -> None:
    """It must not delete a pod at once."""
    assert rules(functions(config("a", time_to_live=text)), "a").limits.idle == DEFAULTS.idle


def test_equal_names_in_two_registries_are_two_functions() -> None:
    """The one for the registry comes before the one for all."""
    some = functions(
        config("set-image", max_parallel_executions=1),
        config("set-image", prefixes=("evil.example/x",), max_parallel_executions=9),
    )

    assert rules(some, "evil.example/x/set-image:v1").limits.max_pods == 9
    assert rules(some, "evil.example/x-y/set-image:v1").limits.max_pods == 1


def test_an_empty_prefix_is_the_default_registry() -> None:
    """As the shipped FunctionConfigs have it."""
    some = functions(config("set-image", prefixes=("",), max_parallel_executions=9))

    assert rules(some, "set-image:v1").limits.max_pods == 9
    assert rules(some, "other.example/set-image:v1").limits.max_pods == 2


def test_the_first_tag_of_each_is_warm() -> None:
    """In the first of its registries; without tags, none."""
    some = functions(
        config("a", tags=["v2", "v1"]),
        config("b", prefixes=("r.example/fn",), tags=["v3"]),
        config("c"),
    )

    assert [str(each) for each in some.warm()] == [f"{PREFIX}/a:v2", "r.example/fn/b:v3"]
