"""The wire models: what is read leniently is written exactly."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from porch.api.lifecycle import Lifecycle
from porch.api.meta import ObjectMeta, manifest, read
from porch.api.package import PorchPackage, PorchPackageSpec
from porch.api.packagerevision import PackageRevision, PackageRevisionSpec, RenderPhase
from porch.api.packagerevisionresources import PackageRevisionResources
from porch.api.repository import Inline, Repository

REVISION: dict[str, Any] = {
    "apiVersion": "porch.kpt.dev/v1alpha2",
    "kind": "PackageRevision",
    "metadata": {
        "name": "edge-1.upf.v2",
        "namespace": "demo",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"porch.kpt.dev/latest-revision": "false"},
        "finalizers": ["porch.kpt.dev/packagerevisions"],
    },
    "spec": {
        "packageName": "upf",
        "repository": "edge-1",
        "workspaceName": "v2",
        "lifecycle": "Draft",
        "source": {"cloneFrom": {"type": "git", "git": {"repo": "u", "ref": "r", "directory": ""}}},
        "readinessGates": [{"conditionType": "net.example/Checked"}],
        "packageMetadata": {"labels": {"tier": "core"}},
    },
    "status": {
        "observedGeneration": 3,
        "lifecycle": "Draft",
        "contentDigest": "tree:" + "a" * 40,
        "creationSource": "clone",
        "render": {
            "inputDigest": "tree:" + "b" * 40,
            "outputDigest": "tree:" + "a" * 40,
            "phase": "Succeeded",
            "inputs": {"a.yaml": "c" * 40},
            "generated": ["b.yaml"],
            "functions": [{"image": "set-namespace:v0.4", "milliseconds": 3}],
            "resourcesGeneration": 4,
        },
        "git": {"branch": "drafts/upf/v2", "pushedDigest": "tree:" + "a" * 40},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Ready",
                "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
                "observedGeneration": 3,
            }
        ],
    },
}


def test_a_revision_survives_reading_and_writing() -> None:
    """Nothing of what the operator reads is lost or renamed when it writes."""
    assert manifest(read(REVISION, PackageRevision)) == REVISION


def test_what_is_not_known_is_not_an_error() -> None:
    """Managed fields, and fields of a later version, must not stop the operator."""
    later = REVISION | {"spec": REVISION["spec"] | {"approvals": [{"user": "x"}]}}

    assert read(later, PackageRevision) == read(REVISION, PackageRevision)


def test_the_wish_is_always_written() -> None:
    """A Draft left out as the default would be no wish in a server-side apply."""
    spec = PackageRevisionSpec(
        package_name="p", repository="r", workspace_name="w", lifecycle=Lifecycle.DRAFT
    )

    assert msgspec.to_builtins(spec)["lifecycle"] == "Draft"


def test_a_revision_without_status_is_readable() -> None:
    """It has none until the operator has seen it."""
    revision = read({k: v for k, v in REVISION.items() if k != "status"}, PackageRevision)

    assert revision.status.lifecycle is None
    assert revision.status.render is None
    assert revision.metadata.creation_timestamp == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_state_that_does_not_exist_is_told_with_its_place() -> None:
    """The schema refuses it; an object from elsewhere must not be half read."""
    wrong = REVISION | {"spec": REVISION["spec"] | {"lifecycle": "Final"}}

    with pytest.raises(msgspec.ValidationError, match=r"Final.*\$\.spec\.lifecycle"):
        read(wrong, PackageRevision)


def test_a_pushed_resources_object_has_only_its_files() -> None:
    """What the existing command line sends keeps nothing else, status included."""
    pushed = read(
        {
            "metadata": {"name": "edge-1.upf.v2", "resourceVersion": "7"},
            "spec": {"resources": {"Kptfile": "x"}},
            "status": {"renderStatus": {"result": {"exitCode": 0, "metadata": {}}, "error": ""}},
        },
        PackageRevisionResources,
    )

    assert pushed.spec.resources == {"Kptfile": "x"}
    assert pushed.spec.package_name == ""
    assert pushed.status.lifecycle is None


def test_content_that_is_not_inline_differs_from_no_files() -> None:
    """An absent map is content kept elsewhere, an empty map is a package without files."""
    absent = read({"metadata": {}, "spec": {}}, PackageRevisionResources)
    empty = read({"metadata": {}, "spec": {"resources": {}}}, PackageRevisionResources)

    assert absent.spec.resources is None
    assert manifest(empty)["spec"] == {"resources": {}}


def test_a_repository_is_inline_and_on_main_unless_it_says_otherwise() -> None:
    """The defaults of the schema hold for objects read from elsewhere too."""
    repository = read(
        {"metadata": {"name": "r"}, "spec": {"type": "git", "git": {"repo": "http://x/y.git"}}},
        Repository,
    )

    assert repository.spec.inline is Inline.ALL
    assert repository.spec.git is not None
    assert repository.spec.git.branch == "main"


def test_a_manifest_says_what_it_is() -> None:
    """Server-side apply refuses objects without apiVersion and kind."""
    package = PorchPackage(
        metadata=ObjectMeta(name="r.p", namespace="n"),
        spec=PorchPackageSpec(package_name="p", repository="r"),
    )

    assert manifest(package) == {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PorchPackage",
        "metadata": {"name": "r.p", "namespace": "n"},
        "spec": {"packageName": "p", "repository": "r"},
        "status": {},
    }


def test_the_phase_of_a_render_is_one_of_two() -> None:
    """A render that is not finished has no record."""
    assert [*RenderPhase] == ["Succeeded", "Failed"]
