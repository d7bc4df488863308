"""Repositories as people have them: schedules, push events, rotated Secrets, broken contents."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from porch_devcluster.api import Object, wait_for, wait_until_gone
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials, GitServer
from tests.integration.operator.people import (
    CONFIG,
    RESOURCES,
    People,
    condition,
    has_lifecycle,
    is_ready,
)
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: web\n"


def publish(repository: Repository, package: str, number: int = 1) -> None:
    """A publication by other hands."""
    commit = repository.commit({f"{package}/Kptfile": KPTFILE, f"{package}/n": str(number)})
    repository.git("update-ref", f"refs/tags/{package}/v{number}", commit)


def is_unready(reason: str) -> Callable[[Object], bool]:
    """Not ready, for that reason."""
    return lambda obj: condition(obj, "Ready").get("reason") == reason


@pytest.fixture
def slow(own_operator: RunningOperator) -> RunningOperator:
    """An operator that polls once a minute, so that what is seen sooner was not polled."""
    own_operator.environment["PORCH_REPOSITORY_POLL"] = "60s"
    return own_operator


@pytest.fixture
def receiving(slow: RunningOperator, tmp_path: Path) -> str:
    """Such an operator with a receiver for push events; the receiver's address."""
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    slow.environment |= {
        "PORCH_PUSH_EVENTS_PORT": "0",
        "PORCH_PUSH_EVENTS_SECRET_FILE": str(secret),
    }
    slow.start()
    port = re.findall(r"push events are received.*?port=(\d+)", slow.log.read_text())[-1]
    return f"http://127.0.0.1:{port}/"


def send(receiver: str, url: str, token: str = "sesame") -> tuple[int, str]:  # noqa: S107
    """A push event; status and text of the answer."""
    body = f'{{"url": "{url}"}}'.encode()
    headers = {"Authorization": f"Bearer {token}"}
    request = Request(receiver, data=body, headers=headers)  # noqa: S310 - our own address
    try:
        with urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as err:
        return err.code, err.read().decode()


def test_a_push_event_shows_a_push_at_once(
    receiving: str, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """Long before the next poll; a stranger is refused."""
    url = git_server.url_of(git_repository)
    people.register("packages", url)
    people.repository("packages", is_ready)
    publish(git_repository, "web")

    assert send(receiving, url, "wrong")[0] == HTTPStatus.UNAUTHORIZED
    status, text = send(receiving, url)
    assert (status, text) == (202, f"listing now: {people.namespace}/packages\n")
    assert people.wait("packages.web.v1", has_lifecycle("Published"))["status"]["revision"] == 1


def test_one_more_listing_runs_at_its_time_and_its_wish_goes(
    slow: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """As `porchctl repo sync` asks for it."""
    slow.start()
    people.register("packages", git_server.url_of(git_repository))
    people.repository("packages", is_ready)
    publish(git_repository, "web")
    once = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"
    people.api("admin").merge(path, {"spec": {"sync": {"runOnceAt": once}}})
    done = people.repository("packages", lambda obj: obj["status"].get("observedRunOnceAt") == once)

    assert people.wait("packages.web.v1", has_lifecycle("Published"))["status"]["revision"] == 1
    assert done["status"]["nextFullSyncTime"] > done["status"]["lastFullSyncTime"]
    people.repository("packages", lambda obj: "runOnceAt" not in obj["spec"].get("sync", {}))


def test_a_schedule_that_cannot_be_read_is_a_warning(
    registered: Repository, people: People
) -> None:
    """Nothing stops for a typing error."""
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"
    people.api("admin").merge(path, {"spec": {"sync": {"schedule": "hourly"}}})
    told = people.repository("packages", lambda obj: bool(obj["status"].get("warnings")))

    assert is_ready(told)
    assert told["status"]["warnings"][0]["reason"] == "ScheduleInvalid"
    people.api("admin").merge(path, {"spec": {"sync": {"schedule": "@hourly"}}})
    people.repository("packages", lambda obj: not obj["status"].get("warnings"))


def secret(people: People, password: str) -> None:
    """Write the Secret with joe's password."""
    path = f"/api/v1/namespaces/{people.namespace}/secrets"
    body: Object = {
        "metadata": {"name": "access"},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"username": "joe", "password": password},
    }
    if password == "first":  # noqa: S105
        people.api("admin").create(path, body)
    else:
        people.api("admin").merge(f"{path}/access", body)


def test_credentials_are_mended_and_rotated_without_a_restart(
    operator: RunningOperator, people: People, own_git_server: GitServer
) -> None:
    """Each cause has its own words, and goes with its cause."""
    repository = own_git_server.create_repository("locked", files={"README.md": "x"})
    publish(repository, "web")
    own_git_server.require(Credentials("joe", "second"))
    people.register("packages", own_git_server.url_of(repository), secretRef={"name": "access"})
    missing = people.repository("packages", is_unready("AccessDenied"))
    assert "porch-repository-secrets" in condition(missing, "Ready")["message"]
    people.cluster.kubectl(
        "create", "rolebinding", "secrets", "--clusterrole=porch-repository-secrets",
        "--serviceaccount=porch-system:porch-operator", "-n", people.namespace,
    )  # fmt: skip
    secret(people, "first")
    wrong = people.repository(
        "packages", lambda obj: "HTTP 401" in condition(obj, "Ready").get("message", "")
    )
    assert "spec.git.secretRef" in condition(wrong, "Ready")["message"]
    assert people.event("packages", "AccessDenied")["type"] == "Warning"
    secret(people, "second")
    people.repository("packages", is_ready)
    assert people.wait("packages.web.v1", has_lifecycle("Published"))

    own_git_server.require(Credentials("joe", "third"))
    secret(people, "third")
    publish(repository, "web", 2)
    assert people.wait("packages.web.v2", has_lifecycle("Published"))


def test_a_branch_that_is_missing_is_told_and_found_when_it_is_made(
    operator: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """What must hold, what was found, and both ways out."""
    people.register("packages", git_server.url_of(git_repository), branch="release")
    failed = people.repository("packages", is_unready("RepositoryInvalid"))
    message = condition(failed, "Ready")["message"]
    assert "'release' does not exist; create it, or set `spec.git.createBranch`" in message
    assert people.event("packages", "RepositoryInvalid")["note"] == message
    git_repository.git("update-ref", "refs/heads/release", "refs/heads/main")

    people.repository("packages", is_ready)


def test_what_is_broken_inside_is_a_warning_and_hides_nothing(
    registered: Repository, people: People
) -> None:
    """And goes when it is mended."""
    main = registered.git("rev-parse", "main").strip()
    registered.git("update-ref", "refs/heads/drafts/stray", main)
    registered.git("update-ref", "refs/tags/nothing/v1", main)
    publish(registered, "web")
    odd = registered.commit({"odd/Kptfile": "{ no: [yaml", "odd/logo": b"\xff\xfe\x00"})
    registered.git("update-ref", "refs/tags/odd/v1", odd)
    assert people.wait("packages.web.v1", has_lifecycle("Published"))
    assert people.wait("packages.odd.v1", has_lifecycle("Published"))
    told = people.repository("packages", lambda obj: len(obj["status"].get("warnings", [])) == 2)

    assert {each["subject"] for each in told["status"]["warnings"]} == {
        "drafts/stray",
        "nothing/v1",
    }
    assert is_ready(told)
    broken = people.wait("packages.odd.v1", lambda obj: condition(obj, "KptfileBroken") != {})
    assert "Kptfile" in condition(broken, "KptfileBroken")["message"]
    assert people.event("packages.odd.v1", "BadKptfile")["type"] == "Warning"
    omitted = people.resources("packages.odd.v1")["status"]["omitted"]
    assert [(each["path"], each["why"]) for each in omitted] == [("logo", "Binary")]
    registered.git("update-ref", "-d", "refs/heads/drafts/stray")
    registered.git("update-ref", "-d", "refs/tags/nothing/v1")
    people.repository("packages", lambda obj: not obj["status"].get("warnings"))


def test_one_address_may_be_registered_more_than_once(
    operator: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """The whole and a part of it: the same tag has an object in each, and one goes alone."""
    publish(git_repository, "team/web")
    people.register("whole", git_server.url_of(git_repository))
    people.register("part", git_server.url_of(git_repository), directory="team")
    assert people.wait("whole.team.web.v1", has_lifecycle("Published"))
    assert people.wait("part.web.v1", has_lifecycle("Published"))
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/part"
    people.api("admin").delete(path)
    wait_until_gone(people.api("admin"), path, within=timedelta(seconds=20))
    people.gone("part.web.v1")

    assert people.wait("whole.team.web.v1", has_lifecycle("Published"))
    assert "refs/tags/team/web/v1" in git_repository.refs()


def test_a_repository_that_comes_back_with_another_address_shows_that_one(
    operator: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """Addresses are immutable; whoever moves deletes and registers again."""
    other = git_server.create_repository(f"{git_repository.name}-2", files={"README.md": "x"})
    publish(git_repository, "old")
    publish(other, "new")
    people.register("packages", git_server.url_of(git_repository))
    people.wait("packages.old.v1", has_lifecycle("Published"))
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"
    people.api("admin").delete(path)
    wait_until_gone(people.api("admin"), path, within=timedelta(seconds=20))
    people.register("packages", git_server.url_of(other))

    people.wait("packages.new.v1", has_lifecycle("Published"))
    people.gone("packages.old.v1")


def files_are(people: People, name: str, *, inline: bool) -> Object:
    """Wait until the files of a revision are in its object, or not."""
    return wait_for(
        people.api("admin"),
        people.resources_path(name),
        lambda obj: bool(obj["spec"].get("resources")) is inline,
        within=timedelta(seconds=20),
    )


def test_a_policy_takes_published_files_out_of_their_objects_and_back(
    registered: Repository, people: People
) -> None:
    """What is in etcd is the team's choice; a condition says where the files are."""
    publish(registered, "web")
    people.wait("packages.web.v1", has_lifecycle("Published"))
    files_are(people, "packages.web.v1", inline=True)
    people.ready_draft("packages.open.v1")
    path = f"{CONFIG}/namespaces/{people.namespace}/repositories/packages"
    people.api("admin").merge(path, {"spec": {"inline": "Drafts"}})
    hollow = files_are(people, "packages.web.v1", inline=False)

    told = condition(hollow, "Inline")
    assert (told["status"], told["reason"]) == ("False", "NotInline")
    assert "directory 'web' of 'web/v1'" in told["message"]
    assert people.files("packages.open.v1")
    people.api("admin").merge(path, {"spec": {"inline": "All"}})
    assert condition(files_are(people, "packages.web.v1", inline=True), "Inline") == {}
    assert people.wait("packages.web.v1", has_lifecycle("Published"))


def test_a_budget_keeps_the_newest_and_a_package_that_is_too_large_hurts_nothing(
    own_operator: RunningOperator, people: People, git_server: GitServer, git_repository: Repository
) -> None:
    """What has no room is told on the Repository, and on each revision."""
    own_operator.environment["PORCH_CONTENT_MAX_INLINE_BYTES"] = "10000"
    own_operator.environment["PORCH_CONTENT_REPOSITORY_BUDGET_BYTES"] = "40000"
    own_operator.start()
    for number, size in enumerate((20_000, 12_000, 9_000, 9_000), start=1):
        files = {"web/Kptfile": KPTFILE, "web/large.txt": str(number) * size}
        commit = git_repository.commit(files)
        git_repository.git("update-ref", f"refs/tags/web/v{number}", commit)
    people.register("packages", git_server.url_of(git_repository))
    for number in (1, 2, 3, 4):
        people.wait(f"packages.web.v{number}", has_lifecycle("Published"))
    told = people.repository("packages", lambda obj: bool(obj["status"].get("warnings")))

    assert told["status"]["warnings"][0]["subject"] == "spec.inline"
    for number, reason in ((1, "NotInline"), (2, "ContentTooLarge"), (3, None), (4, None)):
        shown = files_are(people, f"packages.web.v{number}", inline=reason is None)
        assert condition(shown, "Inline").get("reason") == reason


def test_a_package_tells_of_a_newer_upstream(registered: Repository, people: People) -> None:
    """As soon as it is published, without anybody asking."""
    publish(registered, "web")
    url = people.wait("packages.web.v1", has_lifecycle("Published"))["status"]["selfLock"]["git"]
    lock = f"    repo: {url['repo']}\n    directory: web\n    ref: web/v1\n"
    kptfile = (
        f"{KPTFILE}upstream:\n  type: git\n  git:\n{lock}"
        f"upstreamLock:\n  type: git\n  git:\n{lock}    commit: {url['commit']}\n"
    )
    commit = registered.commit({"shop/Kptfile": kptfile})
    registered.git("update-ref", "refs/tags/shop/v1", commit)
    path = f"{RESOURCES}/namespaces/{people.namespace}/packages/packages.shop"
    people.wait("packages.shop.v1", has_lifecycle("Published"))
    within = timedelta(seconds=20)
    made = wait_for(
        people.api("admin"), path, lambda obj: "upstream" in obj.get("status", {}), within=within
    )
    assert (made["status"]["latest"], made["status"]["lifecycle"]) == (
        "packages.shop.v1",
        "Published",
    )
    assert "newer" not in made["status"]["upstream"]
    publish(registered, "web", 2)
    told = wait_for(
        people.api("admin"), path, lambda obj: "newer" in obj["status"]["upstream"], within=within
    )

    assert told["status"]["upstream"]["newer"] == {"name": "packages.web.v2", "revision": 2}
    assert told["status"]["revisions"] == {"published": 1}
