"""`pkg get`, from real git repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from porch.kpt.kptfile import GitRef, parse_kptfile
from porch.kpt.packagecontext import FILE, context_of
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Data
from porch_devcluster.gitserver.repositories import environment
from porch_devcluster.gitserver.server import Credentials, GitServer
from tests.integration.cli.packages import (
    Blueprints,
    deployment,
    local_repository,
    package,
    remote,
)
from tests.integration.cli.program import porchctl as as_process
from tests.unit.cli.commandline import Porchctl, snapshot, write_tree

pytestmark = pytest.mark.process


def test_a_package_is_there_with_its_provenance(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """Named after its directory, marked for later merges; its pipeline came along."""
    ended = porchctl("pkg", "get", f"{blueprints.url}/web@v1", "shop")
    kptfile = parse_kptfile((workplace / "shop/Kptfile").read_text())

    assert ended.code == 0
    assert kptfile.name == "shop"
    assert [each.image for each in kptfile.pipeline.mutators] == ["set-labels:v0.2.0"]
    assert kptfile.upstream is not None
    assert kptfile.upstream.git == GitRef(blueprints.url, "/web", "v1")
    assert kptfile.upstream.update_strategy == "resource-merge"
    assert kptfile.upstream_lock is not None
    assert kptfile.upstream_lock.git == GitRef(
        blueprints.url,
        "/web",
        "v1",
        blueprints.repository.git("rev-parse", "web/v1").strip(),
    )
    assert "metadata: # kpt-merge: /web" in (workplace / "shop/deploy.yaml").read_text()
    assert (workplace / "shop/logo.png").read_bytes() == b"\0"


def test_what_was_got_does_not_differ_from_its_upstream(
    porchctl: Porchctl, blueprints: Blueprints
) -> None:
    """The marks of merges and the provenance are no changes of people."""
    porchctl("pkg", "get", f"{blueprints.url}/web@v1", "shop")

    assert porchctl("pkg", "diff", "shop", "--exit-code").code == 0


@pytest.mark.parametrize("ref", ["web/v2", "main", "", "COMMIT", "COMMI"])
def test_any_reference_will_do(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path, ref: str
) -> None:
    """A full tag, a branch, the default branch, a commit, the start of one."""
    commit = blueprints.repository.git("rev-parse", "web/v2").strip()
    wanted = ref.replace("COMMIT", commit).replace("COMMI", commit[:10])
    ended = porchctl("pkg", "get", f"{blueprints.url}/web" + (f"@{wanted}" if wanted else ""))

    assert ended.code == 0
    assert "nginx:2" in (workplace / "web/deploy.yaml").read_text()
    assert commit in (workplace / "web/Kptfile").read_text()


def test_the_repository_is_found_without_git_in_its_address(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """The server is asked for each part of the path."""
    address = blueprints.url.removesuffix(".git")
    assert porchctl("pkg", "get", f"{address}/web@v1").code == 0
    assert (workplace / "web/deploy.yaml").exists()


def test_a_repository_on_disk_is_one_too(porchctl: Porchctl, workplace: Path) -> None:
    """By a relative path, with a work tree; the whole of it is the package here."""
    local_repository(workplace / "repo", {"Kptfile": package(), "d/deploy.yaml": deployment()})

    assert porchctl("pkg", "get", "repo@v1", "whole").code == 0
    assert porchctl("pkg", "get", f"file://{workplace}/repo/d@v1", "part").code == 0
    assert (workplace / "whole/d/deploy.yaml").exists()
    assert "name: part" in (workplace / "part/Kptfile").read_text()


def test_a_package_for_deployment_gets_its_own_context(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """One, at its root, with its name: what upstream and packages below had is about others."""
    blueprints.publish(
        "v6",
        {
            "app/Kptfile": package("app"),
            "app/package-context.yaml": context("example"),
            "app/db/Kptfile": package("db"),
            "app/db/package-context.yaml": context("example"),
        },
    )
    ended = porchctl("pkg", "get", f"{blueprints.url}/app@v6", "shop", "--for-deployment")

    assert "for deployment: package-context.yaml tells functions the package's name" in ended.stdout
    assert contexts(workplace / "shop") == {"package-context.yaml": {"name": "shop"}}


def test_an_update_keeps_the_context_of_a_deployment(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """It is a change of ours: the blueprint's own still has the name of an example."""
    blueprints.publish("v6", {"web/package-context.yaml": context("example")})
    porchctl("pkg", "get", f"{blueprints.url}/web@v6", "shop", "--for-deployment")
    blueprints.publish("v7", {"web/deploy.yaml": deployment(image="nginx:7")})
    ended = porchctl("pkg", "update", "shop@v7")

    assert "conflict" not in ended.stdout
    assert "nginx:7" in (workplace / "shop/deploy.yaml").read_text()
    assert contexts(workplace / "shop") == {"package-context.yaml": {"name": "shop"}}


def context(name: str) -> str:
    """The text of a package context."""
    return emit_document(context_of(name))


def contexts(directory: Path) -> dict[str, Data]:
    """The data of the package contexts in a directory, by path."""
    found = sorted(directory.rglob(FILE))
    documents = [(path, read_data(path.read_text())[0]) for path in found]
    return {
        path.relative_to(directory).as_posix(): document["data"]
        for path, document in documents
        if isinstance(document, Mapping)
    }


def test_an_empty_directory_is_filled(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """It stays the same directory: it may be where the shell is."""
    (workplace / "here").mkdir()
    before = (workplace / "here").stat().st_ino
    ended = porchctl("pkg", "get", f"{blueprints.url}/web@v1", "here")

    assert ended.code == 0
    assert (workplace / "here").stat().st_ino == before
    assert (workplace / "here/Kptfile").exists()


def test_what_is_there_is_not_written_over(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """The error says what to do; the server was not even asked."""
    write_tree(workplace / "web", {"mine": "m"})
    before = snapshot(workplace)
    ended = porchctl("pkg", "get", f"{blueprints.url}/web@v1")

    assert ended.code == 1
    assert "'web' must not exist, or be an empty directory" in ended.stderr
    assert snapshot(workplace) == before


def test_remote_sub_packages_come_along(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """Those that upstream only names, and those that these name in turn."""
    blueprints.publish(
        "v5",
        {
            "db/Kptfile": package("db"),
            "db/store/Kptfile": remote(blueprints.url, "web", "v2", name="store"),
            "app/Kptfile": package("app"),
            "app/data/Kptfile": remote(blueprints.url, "/db", "v5", name="data"),
        },
    )
    ended = porchctl("pkg", "get", f"{blueprints.url}/app@v5", "-o", "json")
    data = json.loads(ended.stdout)
    kptfile = parse_kptfile((workplace / "app/data/Kptfile").read_text())

    assert data["packages"] == [".", "data", "data/store"]
    assert [each["ref"] for each in data["fetched"]] == ["v5", "v5", "v2"]
    assert kptfile.name == "data"
    assert kptfile.upstream_lock is not None
    assert "nginx:2" in (workplace / "app/data/store/deploy.yaml").read_text()
    assert porchctl("pkg", "diff", "app", "--exit-code").code == 0


def test_a_package_must_not_hold_itself(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """It would never end."""
    blueprints.publish(
        "v5",
        {"a/Kptfile": package(), "a/b/Kptfile": remote(blueprints.url, "/a", "v5", name="b")},
    )
    ended = porchctl("pkg", "get", f"{blueprints.url}/a@v5")

    assert "must not come from the package that it is in" in ended.stderr
    assert list(workplace.iterdir()) == []


def test_a_package_of_another_machine_does_not_make_us_read_this_one(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """Its author does not choose which of our files go into packages."""
    local_repository(workplace / "private", {"Kptfile": package()})
    inner = remote(str(workplace / "private"), "/", "v1", name="b")
    blueprints.publish("v5", {"a/Kptfile": package(), "a/b/Kptfile": inner})
    ended = porchctl("pkg", "get", f"{blueprints.url}/a@v5")

    assert "must not come from this machine" in ended.stderr


def test_links_that_lead_out_are_left_out_and_told(porchctl: Porchctl, workplace: Path) -> None:
    """Those that stay inside stay links."""
    repo = workplace / "repo"
    write_tree(repo, {"Kptfile": package(), "a.sh": "x"})
    (repo / "in").symlink_to("a.sh")
    (repo / "out").symlink_to("../secret")
    (repo / "a.sh").chmod(0o755)
    local_repository(repo, {})
    ended = porchctl("pkg", "get", "./repo@v1", "got")

    assert "left out out: a link that leads out of its package" in ended.stdout
    assert (workplace / "got/in").readlink() == Path("a.sh")
    assert not (workplace / "got/out").is_symlink()
    assert (workplace / "got/a.sh").stat().st_mode & 0o111


def test_a_name_that_is_no_text_is_told(porchctl: Porchctl, workplace: Path) -> None:
    """It is so upstream: fetching it again would not help."""
    write_tree(workplace / "repo", {"Kptfile": package()})
    Path(os.fsdecode(os.fsencode(workplace / "repo") + b"/a\xff.yaml")).touch()
    local_repository(workplace / "repo", {})
    ended = porchctl("pkg", "get", "./repo@v1", "got")

    assert "must be UTF-8 to be read" in ended.stderr
    assert "damaged" not in ended.stderr


@pytest.mark.parametrize(
    ("package_url", "says"),
    [
        ("{url}/web@v9", "tags of the package: v2, v1; branches: main"),
        ("{url}/wob@v1", "'v1' is a tag of the packages web"),
        ("{url}/wob@main", "packages there: web"),
        ("{url}/web@0123abc", "must be a tag, branch or commit"),
        ("{server}/none.git/web@v1", "must be a git repository"),
        ("{server}/none/web@v1", "write `.git` where the repository's part"),
        ("./nowhere/web@v1", "must be a git repository"),
        ("http://127.0.0.1:1/r.git/web@v1", "must be reachable"),
        ("http://127.0.0.1:1/r/web@v1", "must be reachable"),
    ],
)
def test_what_cannot_be_got_is_told_with_what_could(
    porchctl: Porchctl, blueprints: Blueprints, package_url: str, says: str
) -> None:
    """And nothing is left on disk."""
    server = blueprints.url.rpartition("/")[0]
    ended = porchctl("pkg", "get", package_url.format(url=blueprints.url, server=server))

    assert ended.code == 1
    assert says in ended.stderr.splitlines()[-1]
    assert list(Path().iterdir()) == []


def test_a_server_that_wants_a_password_makes_nothing_wait(
    porchctl: Porchctl, own_git_server: GitServer
) -> None:
    """The error says how to give git the password; in an address it is used, and not kept."""
    repository = own_git_server.create_repository("r", files={"web/Kptfile": package()})
    url = own_git_server.url_of(repository)
    own_git_server.require(Credentials("ann", "secret-1"))
    ended = porchctl("pkg", "get", f"{url}/web@main")
    given = porchctl("pkg", "get", f"{url.replace('//', '//ann:secret-1@')}/web@main")

    assert ended.code == 1
    assert f"check that `git ls-remote {url}` works" in ended.stderr
    assert given.code == 0
    assert "secret-1" not in Path("web/Kptfile").read_text() + given.stdout + given.stderr


def test_gits_own_settings_count(
    porchctl: Porchctl,
    own_git_server: GitServer,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A credential helper, above all."""
    repository = own_git_server.create_repository("r", files={"web/Kptfile": package()})
    own_git_server.require(Credentials("ann", "secret-1"))
    helper = "!f() { echo username=ann; echo password=secret-1; }; f"
    config = workplace.parent / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    subprocess.run(
        ["git", "config", "--file", str(config), "credential.helper", helper],
        env=environment(),
        check=True,
    )

    assert porchctl("pkg", "get", f"{own_git_server.url_of(repository)}/web@main").code == 0


def test_a_second_package_of_a_repository_needs_no_second_fetch(
    porchctl: Porchctl, own_git_server: GitServer
) -> None:
    """The clone is kept; the server is only asked for its references."""
    files = {"a/Kptfile": package(), "b/Kptfile": package()}
    repository = own_git_server.create_repository("r", files=files)
    url = own_git_server.url_of(repository)
    porchctl("pkg", "get", f"{url}/a@main")
    before = len(own_git_server.served)
    porchctl("pkg", "get", f"{url}/b@main")
    later = [each.path for each in own_git_server.served[before:]]

    assert later
    assert sum(path.endswith("git-upload-pack") for path in later) <= 1  # ls-refs


def test_a_damaged_clone_is_told_and_made_anew(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """It is a cache."""
    porchctl("pkg", "get", f"{blueprints.url}/web@v1", "one")
    for pack in (workplace.parent / "cache").rglob("*.pack"):
        pack.unlink()  # not emptied: this process has it in its memory
        pack.write_bytes(b"")
    first = as_process("pkg", "get", f"{blueprints.url}/web@v1", "two")
    second = as_process("pkg", "get", f"{blueprints.url}/web@v1", "three")

    assert first.returncode == 1
    assert "run the command again" in first.stderr
    assert second.returncode == 0, second.stderr
