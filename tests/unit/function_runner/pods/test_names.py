"""Names of pods and Services, whatever the image is called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies

from porch.functions.images import Image
from porch_function_runner.pods.names import LONGEST, pod_prefix, pool_id

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")  # DNS-1035, as names of Services are


@pytest.mark.parametrize(
    "reference",
    [
        "ghcr.io/kptdev/krm-functions-catalog/set-labels:v0.2.0",
        "ghcr.io/kptdev/krm-functions-catalog/set-labels@sha256:" + "a" * 64,
        "localhost:5000/fn:V1_Beta.2",
        "registry.example/7zip:1.0",
        "registry.example/" + "n" * 200 + ":" + "t" * 128,
        "registry.example/a__b---c:-",
        "registry.example/_:_",
    ],
)
def test_every_reference_makes_a_name_that_a_service_may_have(reference: str) -> None:
    """Digests, capitals, underscores, digits first and long tags included."""
    name = f"{pod_prefix(Image.parse(reference), b'token')}{999_999_999}"

    assert _LABEL.fullmatch(name), name
    assert len(name) <= LONGEST


_PARTS = strategies.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True)


@given(repositories=strategies.lists(_PARTS, min_size=2, max_size=2), name=_PARTS, tag=_PARTS)
def test_different_images_never_share_a_pool(repositories: list[str], name: str, tag: str) -> None:
    """Nor do equal names in two registries."""
    one, other = (Image.parse(f"{each}.example/{name}:{tag}") for each in repositories)

    assert (pool_id(one) == pool_id(other)) == (one == other)


def test_the_name_of_the_function_can_be_read_in_the_name_of_its_pod() -> None:
    """People list pods."""
    assert pool_id(Image.parse("ghcr.io/x/set-labels:v0.2.0")).startswith("set-labels-v0-2-0-")
