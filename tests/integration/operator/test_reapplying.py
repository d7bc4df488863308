"""Applying a manifest of un-rendered files again, as a GitOps tool does for ever."""

from __future__ import annotations

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.conftest import Kubectl
from tests.integration.operator.manifests import Manifest, web_manifest
from tests.integration.operator.people import CONFIG_MAP, People, condition, is_pushed, is_ready
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
BRANCH = "refs/heads/drafts/web/v1"
GENERATED = "package-context.yaml"
CLIENT_SIDE = ("apply",)
SERVER_SIDE = ("apply", "--server-side", "--force-conflicts")

both_ways = pytest.mark.parametrize(
    "way", [CLIENT_SIDE, SERVER_SIDE], ids=["client-side", "server-side"]
)


def apply(
    kubectl: Kubectl, people: People, manifest: Manifest, way: tuple[str, ...]
) -> tuple[Object, Object]:
    """Apply as the author, until git has what came of it: the revision and its resources."""
    kubectl(*way, "-f", "-", user="author", stdin=manifest.json())
    generation = people.resources(manifest.name)["metadata"]["generation"]
    people.rendered(manifest.name, generation)
    revision = people.wait(manifest.name, lambda obj: is_ready(obj) and is_pushed(obj))
    return revision, people.resources(manifest.name)


@both_ways
def test_applying_the_same_input_again_ends_in_the_same_digest_with_no_new_commit(
    way: tuple[str, ...], kubectl: Kubectl, people: People, registered: Repository
) -> None:
    """A render changes files and adds others; a manifest that knows of neither undoes neither."""
    manifest = web_manifest(NAME)
    first, shown = apply(kubectl, people, manifest, way)
    commit = registered.refs()[BRANCH]
    files = shown["spec"]["resources"]
    for _ in range(3):
        again, shown = apply(kubectl, people, manifest, way)

        assert again["status"]["contentDigest"] == first["status"]["contentDigest"]
        assert shown["spec"]["resources"] == files
    assert "namespace: web" in files["cm.yaml"]
    assert GENERATED in files
    assert registered.refs()[BRANCH] == commit


@both_ways
def test_applying_the_same_input_after_a_restart_ends_in_the_same_digest(
    *,
    way: tuple[str, ...],
    kubectl: Kubectl,
    people: People,
    registered: Repository,
    operator: RunningOperator,
) -> None:
    """What was rendered from what is known from the objects, not from a memory."""
    manifest = web_manifest(NAME)
    first, _ = apply(kubectl, people, manifest, way)
    commit = registered.refs()[BRANCH]
    operator.stop()
    operator.start()

    again, shown = apply(kubectl, people, manifest, way)

    assert again["status"]["contentDigest"] == first["status"]["contentDigest"]
    assert GENERATED in shown["spec"]["resources"]
    assert registered.refs()[BRANCH] == commit


@both_ways
def test_a_file_removed_from_the_manifest_is_removed_from_the_package(
    way: tuple[str, ...], kubectl: Kubectl, people: People, registered: Repository
) -> None:
    """What a user wrote and writes no more is a deletion; what a function wrote is not theirs."""
    manifest = web_manifest(NAME)
    apply(kubectl, people, manifest, way)

    _, shown = apply(kubectl, people, manifest.without("service.yaml"), way)

    assert shown["spec"]["resources"].keys() == {"Kptfile", "cm.yaml", GENERATED}
    assert "web/service.yaml" not in registered.files(BRANCH)
    assert f"web/{GENERATED}" in registered.files(BRANCH)


@both_ways
def test_a_file_changed_in_the_manifest_changes_that_file_alone(
    way: tuple[str, ...], kubectl: Kubectl, people: People, registered: Repository
) -> None:
    """The new value is an edit, the others are still the inputs of what was rendered."""
    manifest = web_manifest(NAME)
    _, before = apply(kubectl, people, manifest, way)
    changed = manifest.with_file("cm.yaml", CONFIG_MAP.replace("k: v", "k: w"))

    _, shown = apply(kubectl, people, changed, way)

    files = shown["spec"]["resources"]
    assert "k: w" in files["cm.yaml"]
    assert "namespace: web" in files["cm.yaml"]
    assert files == before["spec"]["resources"] | {"cm.yaml": files["cm.yaml"]}


def test_a_manifest_that_fails_to_render_is_kept_and_heals_when_it_is_mended(
    kubectl: Kubectl, people: People, registered: Repository
) -> None:
    """Re-applying a broken manifest renders nothing and loses nothing."""
    manifest = web_manifest(NAME)
    kptfile = manifest.files["Kptfile"]
    broken = manifest.with_file("Kptfile", kptfile.replace("set-namespace", "set-namespce"))
    kubectl(*SERVER_SIDE, "-f", "-", user="author", stdin=broken.json())
    people.wait(NAME, lambda obj: condition(obj, "Ready").get("reason") == "RenderFailed")

    assert people.files(NAME) == broken.files

    _, shown = apply(kubectl, people, manifest, SERVER_SIDE)

    assert "namespace: web" in shown["spec"]["resources"]["service.yaml"]
