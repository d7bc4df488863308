"""The samples work as they are, but for the addresses in them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.people import CONFIG, REVISIONS, People, has_lifecycle, is_ready
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"
ADDRESS = "https://git.example.org"
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: dns\n"


def apply(people: People, sample: str, url: str) -> str:
    """Create the object of a sample, with the test's server in place of the address; its name."""
    body = yaml.safe_load((SAMPLES / f"{sample}.yaml").read_text().replace(ADDRESS, url))
    is_revision = body["kind"] == "PackageRevision"
    group, plural = (REVISIONS, "packagerevisions") if is_revision else (CONFIG, "repositories")
    path = f"{group}/namespaces/{people.namespace}/{plural}"
    people.api("author" if is_revision else "admin").create(path, body)
    return str(body["metadata"]["name"])


def publish(people: People, name: str) -> None:
    """Wait for a draft, and approve it."""
    people.ready(name)
    people.wish(name, "Published", user="approver")
    people.wait(name, has_lifecycle("Published"))


def test_a_blueprint_is_drafted_cloned_copied_and_upgraded_by_the_samples(
    people: People, operator: RunningOperator, own_git_server: GitServer
) -> None:
    """In the order in which the how-to names them."""
    for name in ("blueprints", "edge"):
        own_git_server.create_repository(name, files={"README.md": "#\n"})
    own_git_server.create_repository("catalogue", files={"dns/Kptfile": KPTFILE})
    url = own_git_server.url
    for sample in ("repository", "repository-deployment"):
        people.repository(apply(people, sample, url), is_ready)

    publish(people, apply(people, "packagerevision-init", url))
    publish(people, apply(people, "packagerevision-clone", url))
    publish(people, apply(people, "packagerevision-copy", url))
    upgraded = apply(people, "packagerevision-upgrade", url)
    publish(people, upgraded)
    from_git = people.ready(apply(people, "packagerevision-clone-git", url))

    status = people.api("admin").get(people.revision_path(upgraded))["status"]
    assert (status["revision"], status["creationSource"]) == (2, "upgrade")
    assert status["upstreamLock"]["git"]["ref"] == "packages/net/vpc/v2"
    assert from_git["status"]["upstreamLock"]["git"]["directory"] == "dns"
