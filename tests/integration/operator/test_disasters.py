"""What happens to clusters: servers that restart, leaders that sleep, backups that come back.

Whatever it is, git keeps every publication once, and the objects come to agree with it by
themselves. The control plane is these tests' own, as they break it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from porch_devcluster import provider
from porch_devcluster.api import Object, wait_for
from porch_devcluster.cluster import Cluster
from porch_devcluster.controlplane import ControlPlane
from porch_devcluster.errors import ApiStatus
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import ROOT, install
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import (
    CONFIG,
    CONFIG_MAP,
    RESOURCES,
    REVISIONS,
    People,
    condition,
    has_lifecycle,
    is_pushed,
    is_ready,
)
from tests.integration.operator.running import LONG_LEASE, WORKS, RunningOperator
from tests.integration.somebody import Somebody
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

PATIENCE = timedelta(seconds=60)
NAME = "packages.web.v1"
FILES: dict[str, str | None] = {"Kptfile": KPTFILE, "cm.yaml": CONFIG_MAP}
KINDS = (
    (CONFIG, "repositories"),
    (REVISIONS, "packagerevisions"),
    (RESOURCES, "packagerevisionresources"),
    (RESOURCES, "packages"),
)


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A control plane that may be broken, with everything of ours installed."""
    with provider.bundled_cluster() as cluster:
        install(cluster)
        yield cluster


@dataclass(frozen=True, slots=True)
class Town:
    """People, their operator and their repository, on that control plane."""

    people: People
    operator: RunningOperator
    repository: Repository
    url: str  # of the repository

    @property
    def control_plane(self) -> ControlPlane:
        """What may be broken."""
        assert self.people.cluster.control_plane is not None
        return self.people.cluster.control_plane

    def register(self) -> None:
        """Register the repository, and wait until it is listed."""
        self.people.register("packages", self.url)
        self.people.repository("packages", is_ready)

    def draft(self, package: str = "web") -> str:
        """A rendered draft that git has; its name."""
        name = f"packages.{package}.v1"
        self.people.ready_draft(name)
        self.people.rendered(name, self.people.edit(name, FILES))
        self.people.wait(name, is_pushed)
        return name

    def publish(self, name: str) -> None:
        """Approve it, and wait for the tag."""
        self.people.wish(name, "Published", user="approver")
        self.wait(name, has_lifecycle("Published"))

    def wait(self, name: str, holds: Callable[[Object], bool]) -> Object:
        """Wait with the patience that a disaster asks for."""
        path = self.people.revision_path(name)
        return wait_for(self.people.api("admin"), path, holds, within=PATIENCE)

    def tags(self) -> list[str]:
        """What is published."""
        return sorted(ref for ref in self.repository.refs() if ref.startswith("refs/tags/"))

    def approvals(self) -> list[str]:
        """The publications that the branch's history tells, in alphabetical order."""
        return sorted(self.repository.git("log", "--merges", "--format=%s", "main").splitlines())


@pytest.fixture
def town(
    *,
    own_cluster: Cluster,
    git_server: GitServer,
    git_repository: Repository,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Town]:
    """A namespace of its own, with an operator that watches all."""
    namespace = f"town-{abs(hash(request.node.name)) % 10**8}"
    own_cluster.api().create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for user, role in (("author", "editor"), ("approver", "approver"), ("viewer", "viewer")):
        own_cluster.grant(user, role=f"porch-{role}", namespace=namespace)
    operator = RunningOperator(own_cluster, tmp_path / "operator")
    operator.environment |= {"PORCH_IDENTITY": "first"} | getattr(request, "param", {})
    operator.start()
    people = People(own_cluster, namespace)
    made = Town(people, operator, git_repository, git_server.url_of(git_repository))
    made.register()
    try:
        yield made
    finally:
        operator.kill()


@pytest.mark.parametrize("town", [LONG_LEASE], indirect=True, ids=["long lease"])
def test_an_api_server_that_restarts_in_the_middle_of_the_work_delays_it_and_no_more(
    town: Town,
) -> None:
    """Ten lives in one breath; each write is repeated or recognised."""
    names = [f"packages.p{number}.v1" for number in range(10)]
    for name in names:
        town.people.draft(name, lifecycle="Published", source={"init": {}}, user="admin")
    town.control_plane.restart_apiserver()
    for name in names:
        town.wait(name, has_lifecycle("Published"))

    assert town.tags() == [f"refs/tags/p{number}/v1" for number in range(10)]
    assert town.approvals() == [f"Approving package revision p{number}/1" for number in range(10)]


def test_a_leader_that_sleeps_past_its_lease_changes_nothing_when_it_wakes(
    town: Town, tmp_path: Path
) -> None:
    """SIGSTOP, another takes over and publishes, SIGCONT: the sleeper sees that and ends."""
    second = RunningOperator(town.people.cluster, tmp_path / "second")
    second.environment["PORCH_IDENTITY"] = "second"
    second.launch()
    try:
        town.draft()
        first = town.operator.process
        assert first is not None
        town.people.edit(NAME, {"asleep.yaml": CONFIG_MAP.replace("settings", "asleep")})
        os.killpg(first.pid, signal.SIGSTOP)
        until(lambda: WORKS in second.log.read_text(), within=PATIENCE, what="the second leads")
        town.publish(NAME)
        published = town.people.ready(NAME)["status"]
        refs = town.repository.refs()
        os.killpg(first.pid, signal.SIGCONT)
        first.wait(PATIENCE.total_seconds())

        assert first.returncode == 1
        assert town.people.ready(NAME)["status"] == published
        assert town.repository.refs() == refs
        assert "namespace: web" in town.repository.read("refs/tags/web/v1", "web/asleep.yaml")
        assert town.approvals() == ["Approving package revision web/1"]
    finally:
        second.kill()


def test_a_restored_backup_of_etcd_comes_to_agree_with_git(town: Town, tmp_path: Path) -> None:
    """Git is newer: what was published since stays published, what was drafted since is back."""
    name = town.draft()
    deleted = town.draft("deleted")
    town.control_plane.save_etcd(tmp_path / "backup")
    town.people.rendered(
        name, town.people.edit(name, {"since.yaml": CONFIG_MAP.replace("settings", "since")})
    )
    town.publish(name)
    late = town.draft("late")
    town.people.delete(deleted)
    town.people.gone(deleted)
    before = town.repository.refs()
    town.operator.kill()
    town.control_plane.restore_etcd(tmp_path / "backup")
    town.operator.start()
    town.wait(name, has_lifecycle("Published"))
    town.wait(late, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))

    assert "since.yaml" in town.people.files(name)
    assert town.people.files(late)["cm.yaml"] == town.repository.read(
        "refs/heads/drafts/late/v1", "late/cm.yaml"
    )
    kept = town.repository.refs()
    assert {ref: kept.get(ref) for ref in before} == before


def test_objects_restored_under_other_uids_keep_every_edit(town: Town) -> None:
    """No garbage collector takes a restored draft for an orphan; what git lacks is not lost."""
    published, pushed = town.draft("done"), town.draft("pushed")
    town.publish(published)
    refs = town.repository.refs()
    town.operator.kill()
    town.people.edit(pushed, {"unpushed.yaml": CONFIG_MAP.replace("settings", "unpushed")})
    for path, body in _taken_away(town.people):
        town.people.api("admin").create(path, body)
    town.operator.start()
    town.wait(published, has_lifecycle("Published"))
    told = town.wait(pushed, lambda obj: condition(obj, "DraftDiverged").get("status") == "True")

    assert "namespace: web" in town.people.files(pushed)["unpushed.yaml"]
    assert told["status"]["git"]["divergedDigest"] != told["status"]["contentDigest"]
    assert town.repository.refs() == refs


def test_kinds_that_are_installed_again_show_what_git_has(town: Town) -> None:
    """Deleting the CRDs deletes every object and not one ref; an unpushed edit goes to git."""
    published, drafted = town.draft("done"), town.draft("open")
    town.publish(published)
    town.people.rendered(
        drafted, town.people.edit(drafted, {"last.yaml": CONFIG_MAP.replace("settings", "last")})
    )
    tags = town.tags()
    cluster = town.people.cluster
    cluster.kubectl("delete", "-k", str(ROOT / "crds"), "--timeout=60s")

    assert town.tags() == tags
    assert "open/last.yaml" in town.repository.files("drafts/open/v1")

    install(cluster)
    until(partial(_registered, town), within=PATIENCE, what="the repository is registered")
    town.people.repository("packages", is_ready)
    api = town.people.api("admin")
    for name, lifecycle in ((published, "Published"), (drafted, "Draft")):
        until(partial(_exists, town.people, name), within=PATIENCE, what=f"{name} is discovered")
        wait_for(api, town.people.revision_path(name), has_lifecycle(lifecycle), within=PATIENCE)

    assert "namespace: web" in town.people.files(drafted)["last.yaml"]


def test_a_rejection_that_meets_an_approval_ends_in_one_of_the_two(town: Town) -> None:
    """Never a tag that the objects do not show, and never a draft that is published as well."""
    names = [town.draft(f"p{number}") for number in range(8)]
    for name in names:
        town.people.wish(name, "Proposed")
    for name in names:
        town.wait(name, has_lifecycle("Proposed"))
    with ThreadPoolExecutor(2 * len(names)) as everybody:
        for name in names:
            everybody.submit(town.people.wish, name, "Published", user="approver")
            everybody.submit(_rejected, town.people, name)
    for name in names:
        end = town.wait(name, lambda obj: is_ready(obj) and _is_settled(obj))
        package, lifecycle = end["spec"]["packageName"], end["status"]["lifecycle"]

        assert end["spec"]["lifecycle"] == lifecycle
        assert (f"refs/tags/{package}/v1" in town.tags()) is (lifecycle == "Published")


def publish_beside_somebody(town: Town, count: int, work: Path) -> None:
    """Publish at once while plain git pushes to the same branch without a pause."""
    names = [f"packages.p{number}.v1" for number in range(count)]
    somebody = Somebody(town.url, work)
    with ThreadPoolExecutor(1) as beside:
        pushing = beside.submit(somebody.push_on)
        try:
            for name in names:
                town.people.draft(name, lifecycle="Published", source={"init": {}}, user="admin")
            for name in names:
                town.wait(name, has_lifecycle("Published"))
        finally:
            somebody.stopped = True
        pushing.result()
    files = set(town.repository.files("main"))

    assert somebody.pushed
    assert files >= {f"file-{number}" for number in range(somebody.pushed)}
    assert files >= {f"p{number}/Kptfile" for number in range(count)}
    assert len(town.tags()) == len(town.approvals()) == count


def test_publications_beside_somebody_who_never_pauses_lose_nothing(
    town: Town, tmp_path: Path
) -> None:
    """A slice of fifty."""
    publish_beside_somebody(town, 12, tmp_path / "work")


@pytest.mark.soak
def test_fifty_publications_beside_somebody_who_never_pauses_lose_nothing(
    town: Town, tmp_path: Path
) -> None:
    """Numbers are unique, and both sides' files are all there."""
    publish_beside_somebody(town, 50, tmp_path / "work")


def _taken_away(people: People) -> list[tuple[str, Object]]:
    """Every object of the namespace as a backup tool keeps it; afterwards none is left anywhere."""
    api, saved = people.api("admin"), []
    for root, plural in KINDS:
        for obj in api.get(f"{root}/{plural}")["items"]:
            namespace = obj["metadata"]["namespace"]
            path = f"{root}/namespaces/{namespace}/{plural}"
            metadata = {key: obj["metadata"].get(key) for key in ("name", "labels", "annotations")}
            kind = {"apiVersion": root.removeprefix("/apis/"), "kind": obj["kind"]}
            if namespace == people.namespace:
                saved.append((path, kind | {"metadata": metadata, "spec": obj["spec"]}))
            api.merge(f"{path}/{metadata['name']}", {"metadata": {"finalizers": None}})
    people.cluster.kubectl("delete", "-k", str(ROOT / "crds"), "--timeout=60s")
    install(people.cluster)
    return saved


def _registered(town: Town) -> bool:
    """Registered again, once the API server serves the kind again."""
    try:
        town.people.register("packages", town.url)
    except ApiStatus as refusal:
        if refusal.code != HTTPStatus.CONFLICT:
            raise AssertionError(str(refusal)) from refusal
    return True


def _exists(people: People, name: str) -> bool:
    try:
        return bool(people.api("admin").get(people.revision_path(name)))
    except ApiStatus as refusal:
        raise AssertionError(str(refusal)) from refusal


def _rejected(people: People, name: str) -> None:
    with suppress(ApiStatus):  # what git has published already is not wished back
        people.wish(name, "Draft", user="approver")


def _is_settled(obj: Object) -> bool:
    return bool(obj["status"].get("lifecycle") == obj["spec"]["lifecycle"])
