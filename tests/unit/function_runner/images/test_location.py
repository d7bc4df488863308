"""Where an image is follows from its name, by the rules that everybody is used to."""

from __future__ import annotations

import pytest

from porch.functions.images import Image
from porch_function_runner.images.location import DOCKER_HUB, Location, may_be_plain

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "path", "reference"),
    [
        ("ghcr.io/org/set-labels:v1", "ghcr.io", "org/set-labels", "v1"),
        ("localhost:5000/fn:v1", "localhost:5000", "fn", "v1"),
        ("localhost/fn:v1", "localhost", "fn", "v1"),
        ("org/fn:v1", DOCKER_HUB, "org/fn", "v1"),
        ("docker.io/fn:v1", DOCKER_HUB, "library/fn", "v1"),
        ("registry.example/fn", "registry.example", "fn", "latest"),
        (f"ghcr.io/org/fn@{DIGEST}", "ghcr.io", "org/fn", DIGEST),
        (f"ghcr.io/org/fn:v1@{DIGEST}", "ghcr.io", "org/fn", DIGEST),
    ],
)
def test_a_reference_leads_to_a_registry(text: str, host: str, path: str, reference: str) -> None:
    """A digest counts before a tag: it is what was reviewed."""
    found = Location.of(Image.parse(text))

    assert (found.host, found.path, found.reference) == (host, path, reference)


def test_a_bare_name_with_no_default_prefix_is_an_image_of_docker_hub() -> None:
    """An empty `--default-image-prefix` leaves names as docker reads them."""
    found = Location.of(Image.parse("fn:v1", default_prefix=""))

    assert (found.server, found.path) == ("registry-1.docker.io", "library/fn")


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("localhost:5000", True),
        ("registry.local", True),
        ("127.0.0.1:5000", True),
        ("10.0.0.7", True),
        ("[::1]:5000", True),
        ("ghcr.io", False),
        ("203.0.114.7:5000", False),
        ("local.example", False),
    ],
)
def test_plain_http_is_for_private_hosts_only(host: str, plain: bool) -> None:
    """Nobody on the way may hand us another image."""
    assert may_be_plain(host) == plain
