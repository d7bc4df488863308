"""Every way to start a draft, on a real API server with git over HTTP."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials, GitServer
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    condition,
    has_lifecycle,
    is_pushed,
    is_ready,
)
from tests.integration.operator.running import NAMESPACE as OPERATOR_NAMESPACE
from tests.integration.operator.running import SERVICE_ACCOUNT, RunningOperator

pytestmark = pytest.mark.cluster

WEB_HERE = "packages.web.v1"
BASE, BASE_2, WEB, WEB_2 = "packages.base.v1", "packages.base.v2", "edge.web.v1", "edge.web.v2"
FROM_BASE = {"cloneFrom": {"upstreamRef": {"name": BASE}}}
UPGRADE = {
    "upgrade": {
        "oldUpstream": {"name": BASE},
        "newUpstream": {"name": BASE_2},
        "currentPackage": {"name": WEB},
    }
}
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: vpc\n"


@pytest.fixture
def edge(
    operator: RunningOperator, people: People, git_server: GitServer, registered: Repository
) -> Repository:
    """A second, deployment repository in the same namespace."""
    repository = git_server.create_repository(f"{registered.name}-edge", files={"README.md": "#\n"})
    people.register("edge", git_server.url_of(repository))
    path = "/apis/config.porch.kpt.dev/v1alpha1"
    people.api("admin").merge(
        f"{path}/namespaces/{people.namespace}/repositories/edge", {"spec": {"deployment": True}}
    )
    people.repository("edge", is_ready)
    return repository


def published(people: People, name: str, files: dict[str, str | None]) -> Object:
    """A revision of the blueprint with these files."""
    repository, package, workspace = name.split(".")
    before = f"{repository}.{package}.v{int(workspace[1:]) - 1}"
    source = {"init": {}} if workspace == "v1" else {"copyFrom": {"name": before}}
    people.draft(name, source=source)
    people.ready(name)
    people.rendered(name, people.edit(name, files))
    people.wish(name, "Published", user="approver")
    return people.wait(name, has_lifecycle("Published"))


def git(url: str, ref: str = "main", directory: str = "vpc", **more: object) -> Object:
    """The source of a clone from a git URL."""
    return {"cloneFrom": {"git": {"repo": url, "ref": ref, "directory": directory, **more}}}


def stands(reason: str, *, stalled: bool) -> Callable[[Object], bool]:
    """Not ready for this reason, for good or for now."""
    type_ = "Stalled" if stalled else "Reconciling"
    return lambda obj: (
        condition(obj, "Ready").get("reason") == reason and condition(obj, type_) != {}
    )


def test_a_clone_of_a_registered_revision_is_a_package_of_its_own(
    people: People, registered: Repository, edge: Repository
) -> None:
    """Its Kptfile, its status and its first commit say where it comes from."""
    upstream = published(people, BASE, {"cm.yaml": CONFIG_MAP})
    people.draft(WEB, source=FROM_BASE)
    people.ready(WEB)
    clone = people.wait(WEB, is_pushed)
    files, status = people.files(WEB), clone["status"]

    assert "name: web\n" in files["Kptfile"]
    assert "metadata: # kpt-merge: /settings\n" in files["cm.yaml"]
    assert "package-path: web" in files["package-context.yaml"]
    lock = upstream["status"]["selfLock"]
    assert (status["upstreamLock"], status["creationSource"]) == (lock, "clone")
    assert status["deployment"] is True
    assert status["selfLock"]["git"]["ref"] == "drafts/web/v1"
    message = edge.git("log", "-1", "--format=%B", "drafts/web/v1")
    assert message.startswith("Creating new revision by cloning\n\n\nkpt:")
    assert json.loads(message.partition("kpt:")[2])["task"] == {
        "type": "clone",
        "clone": {"upstreamRef": {"upstreamRef": {"name": BASE}}},
    }
    people.wish(WEB, "Published", user="approver")
    people.wait(WEB, has_lifecycle("Published"))
    assert edge.read("web/v1", "web/Kptfile") == files["Kptfile"]


def test_a_clone_waits_for_its_source_and_begins_when_that_is_published(
    people: People, registered: Repository, edge: Repository
) -> None:
    """First the revision does not exist, then it is a draft."""
    people.draft(WEB, source=FROM_BASE)
    waiting = people.wait(WEB, stands("WaitingForSource", stalled=False))
    assert f"'{BASE}'" in condition(waiting, "Ready")["message"]

    published(people, BASE, {"cm.yaml": CONFIG_MAP})
    people.ready(WEB)
    assert "cm.yaml" in people.files(WEB)


def test_a_clone_waits_for_its_own_repository_and_for_that_of_its_source(
    people: People, operator: RunningOperator, git_server: GitServer, git_repository: Repository
) -> None:
    """GitOps tools apply everything at once, in any order."""
    people.draft(WEB, source=FROM_BASE)
    people.wait(WEB, stands("RepositoryNotFound", stalled=False))
    url = git_server.url_of(git_repository)
    people.register("edge", url, directory="edge")
    people.wait(WEB, stands("WaitingForSource", stalled=False))
    people.register("packages", url, directory="packages")
    published(people, BASE, {})
    clone = people.ready(WEB)

    assert clone["status"]["upstreamLock"]["git"]["directory"] == "packages/base"


def test_a_clone_comes_from_any_git_repository_by_branch_tag_or_commit(
    people: People, registered: Repository, git_server: GitServer
) -> None:
    """The repository need not be registered; the lock names the very commit."""
    foreign = git_server.create_repository(f"{registered.name}-foreign", files={"a": "b"})
    first = foreign.commit({"net/vpc/Kptfile": KPTFILE, "net/vpc/cm.yaml": CONFIG_MAP})
    foreign.git("tag", "net/vpc/v1", first)
    second = foreign.commit({"net/vpc/cm.yaml": CONFIG_MAP.replace("k: v", "k: w")})
    url = git_server.url_of(foreign)
    commits = {"by-branch": second, "by-tag": first, "by-commit": first}
    refs = {"by-branch": "main", "by-tag": "v1", "by-commit": first}
    for package, ref in refs.items():
        source = git(url, ref, "/net/vpc/")
        people.draft(f"packages.{package}.v1", source=source)
    found = {
        package: people.ready(f"packages.{package}.v1")["status"]["upstreamLock"]["git"]
        for package in refs
    }

    assert found == {
        package: {"repo": url, "directory": "net/vpc", "ref": refs[package], "commit": commit}
        for package, commit in commits.items()
    }
    assert "k: w" in people.files("packages.by-branch.v1")["cm.yaml"]
    assert "name: by-tag\n" in people.files("packages.by-tag.v1")["Kptfile"]


def test_a_clone_heals_when_its_credentials_and_its_ref_come(
    people: People, registered: Repository, own_git_server: GitServer
) -> None:
    """No Secret, a wrong password, a missing branch: each is told, and none is for ever."""
    foreign = own_git_server.create_repository("foreign", files={"README.md": "#\n"})
    own_git_server.require(Credentials("robot", "s3cr3t"))
    url = own_git_server.url_of(foreign)
    people.draft(WEB_HERE, source=git(url, "next", "vpc", secretRef={"name": "login"}))
    people.wait(WEB_HERE, stands("AccessDenied", stalled=False))
    _let_the_operator_read_secrets(people)
    _secret(people, "wrong")
    people.wait(WEB_HERE, lambda obj: "refused" in condition(obj, "Ready").get("message", ""))
    _secret(people, "s3cr3t")
    people.wait(WEB_HERE, stands("WaitingForSource", stalled=False))
    foreign.commit({"vpc/Kptfile": KPTFILE}, branch="next")
    people.ready(WEB_HERE)

    assert "s3cr3t" not in json.dumps(people.api("admin").get(people.revision_path(WEB_HERE)))


def _let_the_operator_read_secrets(people: People) -> None:
    body = {
        "metadata": {"name": "porch-repository-secrets"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "porch-repository-secrets",
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": OPERATOR_NAMESPACE}
        ],
    }
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{people.namespace}/rolebindings"
    people.api("admin").create(path, body)


def _secret(people: People, password: str) -> None:
    fields = {"username": "robot", "password": password}
    body = {
        "metadata": {"name": "login"},
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in fields.items()},
    }
    path = f"/api/v1/namespaces/{people.namespace}/secrets"
    if password == "wrong":  # noqa: S105 - the first of two
        people.api("admin").create(path, body)
    else:
        people.api("admin").merge(f"{path}/login", body)


BAD = {
    "missing directory": (git("URL", directory="nowhere"), "must have the directory 'nowhere'"),
    "no Kptfile": (git("URL", directory="docs"), "has no Kptfile"),
    "Kptfile is no YAML": (git("URL", directory="broken"), "must be a package"),
    "directory leaves": (git("URL", directory="../vpc"), "must be relative"),
    "no address": (git("file:///etc"), "must be an address"),
    "other package": ({"copyFrom": {"name": BASE}}, "must name a revision of package 'web'"),
    "placeholder": (
        {"cloneFrom": {"upstreamRef": {"name": "packages.base.main"}}},
        "placeholder package revision",
    ),
    "itself": ({"copyFrom": {"name": "packages.web.v1"}}, "must name another revision"),
    "subpackage leaves": ({"init": {"subpackage": "../db"}}, "must be relative"),
}


def test_each_source_that_cannot_come_true_stalls_with_words_and_an_event(
    people: People, registered: Repository, git_server: GitServer
) -> None:
    """It hinders nobody else, and another revision with a right source is the way out."""
    files = {"vpc/Kptfile": KPTFILE, "docs/index.md": "# x\n", "broken/Kptfile": "a: [\n"}
    foreign = git_server.create_repository(f"{registered.name}-bad", files=files)
    published(people, BASE, {})
    people.wait("packages.base.main", has_lifecycle("Published"))
    names = {}
    for number, (case, (source, _)) in enumerate(BAD.items()):
        names[case] = "packages.web.v1" if case == "itself" else f"packages.web.bad-{number}"
        text = json.dumps(source).replace("URL", git_server.url_of(foreign))
        people.draft(names[case], source=json.loads(text))
    for case, (_, words) in BAD.items():
        bad = people.wait(names[case], stands("SourceInvalid", stalled=True))

        assert words in condition(bad, "Ready")["message"], case
        assert "create another PackageRevision" in condition(bad, "Ready")["message"], case
        assert people.event(names[case], "SourceInvalid")["type"] == "Warning"

    people.draft("packages.good.v1", source=git(git_server.url_of(foreign)))
    people.ready("packages.good.v1")
    people.delete(names["itself"])
    people.gone(names["itself"])


def test_a_second_clone_into_a_package_is_refused_and_copy_is_named(
    people: People, registered: Repository
) -> None:
    published(people, BASE, {})
    people.draft("packages.base.v2", source=FROM_BASE)
    refused = people.wait("packages.base.v2", stands("AlreadyExists", stalled=True))

    assert "copyFrom" in condition(refused, "Ready")["message"]


def test_an_upgrade_takes_the_new_upstream_and_tells_what_both_sides_changed(
    people: People, registered: Repository, edge: Repository
) -> None:
    """Blueprint, deployment, a new blueprint: the package keeps what is its own."""
    published(people, BASE, {"cm.yaml": CONFIG_MAP + "  size: small\n"})
    people.draft(WEB, source=FROM_BASE)
    people.ready(WEB)
    ours = people.files(WEB)["cm.yaml"].replace("k: v", "k: v\n  own: kept")
    ours = ours.replace("small", "medium")
    people.rendered(WEB, people.edit(WEB, {"cm.yaml": ours}))
    people.wish(WEB, "Published", user="approver")
    people.wait(WEB, has_lifecycle("Published"))
    people.draft(WEB_2, source=UPGRADE)
    people.wait(WEB_2, stands("WaitingForSource", stalled=False))
    newer = published(people, BASE_2, {"cm.yaml": CONFIG_MAP + "  size: large\n  new: theirs\n"})
    people.ready(WEB_2)
    upgraded = people.wait(WEB_2, is_pushed)
    status, text = upgraded["status"], people.files(WEB_2)["cm.yaml"]

    assert "new: theirs" in text
    assert "own: kept" in text
    assert status["upstreamLock"] == newer["status"]["selfLock"]
    assert status["creationSource"] == "upgrade"
    assert status["merge"]["total"] == 1
    (conflict,) = status["merge"]["conflicts"]
    assert (conflict["path"], conflict["field"]) == ("cm.yaml", "data.size")
    told = condition(upgraded, "MergeConflicts")
    assert (told["status"], "data.size" in told["message"]) == ("True", True)
    assert "data.size" in people.event(WEB_2, "MergeConflicts")["note"]
    assert edge.git("log", "-1", "--format=%s", "drafts/web/v2").strip() == "Upgrading revision"

    people.wish(WEB_2, "Published", user="approver")
    done = people.wait(WEB_2, has_lifecycle("Published"))
    assert condition(done, "MergeConflicts") == {}


def test_labels_and_gates_go_both_ways_between_spec_and_kptfile(
    people: People, registered: Repository
) -> None:
    """And the condition of the gates follows the Kptfile."""
    people.ready_draft(WEB_HERE)
    body = {
        "spec": {
            "packageMetadata": {"labels": {"team": "ran"}},
            "readinessGates": [{"conditionType": "Checked"}],
        }
    }
    people.api("author").merge(people.revision_path(WEB_HERE), body)
    unready = people.wait(
        WEB_HERE, lambda obj: is_ready(obj) and condition(obj, "ReadinessGatesMet") != {}
    )
    kptfile = people.files(WEB_HERE)["Kptfile"]

    assert condition(unready, "ReadinessGatesMet")["status"] == "False"
    assert "team: ran" in kptfile
    assert "conditionType: Checked" in kptfile

    passed = r'\1- type: Checked\n\1  status: "True"\n\1- type: Rendered'
    text = re.sub(r"( *)- type: Rendered", passed, kptfile).replace("team: ran", "team: core")
    people.rendered(WEB_HERE, people.edit(WEB_HERE, {"Kptfile": text}))
    ready = people.wait(
        WEB_HERE, lambda obj: condition(obj, "ReadinessGatesMet").get("status") == "True"
    )

    assert ready["spec"]["packageMetadata"]["labels"] == {"team": "core"}
