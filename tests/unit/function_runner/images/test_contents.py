"""Which image of an index is meant, and which content is taken for what it says it is."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from porch_function_runner.images.contents import (
    Config,
    Descriptor,
    Index,
    Manifest,
    Platform,
    check_digest,
    check_platform,
    choose,
    decode,
    decode_config,
)
from porch_function_runner.images.failures import UnreadableImage, WrongDigest, WrongPlatform
from porch_function_runner.images.recent import Recent
from porch_function_runner.images.registry import retry_after

AMD, ARM = Platform(architecture="amd64"), Platform(architecture="arm64")
OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def index(*platforms: str) -> Index:
    """An index with one image a platform; its digest is named after it."""
    entries = [
        {
            "digest": name,
            "platform": dict(zip(("os", "architecture"), name.split("/"), strict=True)),
        }
        for name in platforms
    ]
    found = decode(json.dumps({"manifests": entries}).encode(), DOCKER_LIST, image="it")
    assert isinstance(found, Index)
    return found


def test_the_image_for_the_nodes_is_chosen() -> None:
    """On ARM the entrypoint of another machine's image may be another."""
    there = index("linux/amd64", "unknown/unknown", "linux/arm64")

    assert choose(there, [ARM], image="it").digest == "linux/arm64"
    assert (
        choose(there, [Platform(architecture="riscv64"), AMD], image="it").digest == "linux/amd64"
    )


def test_an_index_without_the_platform_says_what_it_has() -> None:
    """Attestations, which builders add as images of no platform, are no answer."""
    with pytest.raises(WrongPlatform, match=r"linux/arm64, found linux/amd64, linux/s390x:"):
        choose(index("linux/s390x", "linux/amd64", "unknown/unknown"), [ARM], image="it")


def test_an_image_of_another_platform_is_refused_before_it_fails_in_a_pod() -> None:
    """`exec format error` in a crash loop would be all that one sees."""
    with pytest.raises(WrongPlatform, match="--node-platforms"):
        check_platform(Config(os="linux", architecture="amd64"), [ARM], image="it")
    check_platform(Config(os="linux", architecture="arm64"), [AMD, ARM], image="it")
    check_platform(Config(), [ARM], image="it")  # says nothing of itself


def test_a_manifest_is_known_by_its_media_type() -> None:
    """Parameters after it do not matter; other kinds are named."""
    body = b'{"config": {"digest": "sha256:1"}}'

    assert decode(body, f"{OCI}; charset=utf-8", image="it") == Manifest(Descriptor("sha256:1"))
    with pytest.raises(UnreadableImage, match="prettyjws"):
        decode(body, "application/vnd.docker.distribution.manifest.v1+prettyjws", image="it")
    with pytest.raises(UnreadableImage, match="does not decode"):
        decode(b"{}", OCI, image="it")


def test_a_configuration_may_leave_everything_out() -> None:
    """Null is what several builders write for nothing."""
    found = decode_config(b'{"config": {"Entrypoint": null, "Cmd": ["/fn"]}}', image="it")

    assert (found.run.entrypoint, found.run.cmd) == (None, ["/fn"])
    assert decode_config(b'{"config": null}', image="it").run.cmd is None


def test_content_is_checked_against_its_digest() -> None:
    """A proxy on the way, or a broken disk, must not choose what runs."""
    right = f"sha256:{hashlib.sha256(b'it').hexdigest()}"
    check_digest(b"it", right, image="it")

    with pytest.raises(WrongDigest, match=right):
        check_digest(b"other", right, image="it")
    with pytest.raises(UnreadableImage, match="unknown kind 'md5'"):
        check_digest(b"it", "md5:1", image="it")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("", 30),
        ("soon", 30),
        ("0", 1),
        ("999999999999", 600),
        ("Thu, 01 Jan 2026 00:00:09 GMT", 9),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 1),
    ],
)
def test_how_long_a_busy_registry_is_left_alone(text: str, seconds: int) -> None:
    """As it says, within bounds: it can neither stop us for a day nor make us hammer it."""
    assert retry_after(text, now=NOW) == timedelta(seconds=seconds)


def test_what_was_used_least_recently_is_forgotten_first() -> None:
    """Caches are bounded, whatever images people name."""
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)

    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    assert len(recent) == 2
