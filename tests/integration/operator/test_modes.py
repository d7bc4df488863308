"""What text cannot hold: executable bits, symlinks and binary files."""

from __future__ import annotations

import pytest

from porch_devcluster.gitserver.repositories import Repository
from tests.integration.operator.people import (
    CONFIG_MAP,
    PIPELINE,
    People,
    has_lifecycle,
    is_pushed,
)

pytestmark = pytest.mark.cluster

NAME = "packages.tools.v1"
SECOND = "packages.tools.v2"
KPTFILE = f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: tools\n{PIPELINE}"
BINARY = bytes(range(256))
DRAFT = "refs/heads/drafts/tools/v1"
MESSAGE = 'A package\n\nkpt:{"package":"tools","workspaceName":"v1"}\n'


def put_package(repository: Repository) -> None:
    """Push a draft past the server, with all that text cannot hold."""
    files: dict[str, str | bytes] = {
        "tools/Kptfile": KPTFILE,
        "tools/cm.yaml": CONFIG_MAP,
        "tools/logo.png": BINARY,
        "tools/run.sh": "#!/bin/sh\necho hello\n",
        "tools/latest.yaml": "cm.yaml",
    }
    repository.commit(files, branch="drafts/tools/v1", message=MESSAGE)
    blobs = {path: repository.git("rev-parse", f"{DRAFT}:{path}").strip() for path in files}
    rows = [
        f"{_mode(path)} blob {blob}\t{path.removeprefix('tools/')}\n"
        for path, blob in blobs.items()
    ]
    package = repository.git("mktree", stdin="".join(rows).encode()).strip()
    root = repository.git("mktree", stdin=f"040000 tree {package}\ttools\n".encode()).strip()
    author = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    commit = repository.git(
        *author, "commit-tree", root, "-p", "refs/heads/main", "-m", MESSAGE
    ).strip()
    repository.git("update-ref", DRAFT, commit)


def modes(repository: Repository, revision: str) -> dict[str, tuple[str, str]]:
    """Mode and blob of each file of the package."""
    lines = repository.git("ls-tree", "-r", revision, "tools/").splitlines()
    rows = [line.replace("\t", " ").split() for line in lines]
    return {path.removeprefix("tools/"): (mode, blob) for mode, _, blob, path in rows}


def test_modes_symlinks_and_binary_files_survive_a_whole_life_cycle(
    people: People, registered: Repository
) -> None:
    """Discovered, rendered, edited, published, copied, edited again, published again."""
    put_package(registered)
    carried = {path: entry for path, entry in modes(registered, DRAFT).items() if path in _CARRIED}
    assert {path: mode for path, (mode, _) in carried.items()} == _CARRIED
    people.wait(NAME, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))
    shown = people.resources(NAME)

    assert {each["path"]: each["mode"] for each in shown["status"]["omitted"]} == _CARRIED
    assert shown["spec"]["resources"].keys() == {"Kptfile", "cm.yaml", "run.sh"}

    people.rendered(NAME, people.edit(NAME, {"second.yaml": CONFIG_MAP.replace("set", "Set")}))
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    first = modes(registered, "refs/tags/tools/v1")

    assert carried.items() <= first.items()
    assert "namespace: web" in registered.read("refs/tags/tools/v1", "tools/cm.yaml")

    people.draft(SECOND, source={"copyFrom": {"name": NAME}})
    people.ready(SECOND)
    people.rendered(SECOND, people.edit(SECOND, {"second.yaml": None}))
    people.wish(SECOND, "Published", user="approver")
    published = people.wait(SECOND, has_lifecycle("Published"))

    second = modes(registered, "refs/tags/tools/v2")
    assert second.keys() == first.keys() - {"second.yaml"}
    assert carried.items() <= second.items()
    tree = registered.git("rev-parse", "refs/tags/tools/v2:tools").strip()
    assert published["status"]["contentDigest"] == f"tree:{tree}"


def test_an_edited_script_stays_executable_and_a_removed_one_is_gone(
    people: People, registered: Repository
) -> None:
    """The mode belongs to the path; who removes the text of a script removes the script."""
    put_package(registered)
    people.wait(NAME, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))

    people.rendered(NAME, people.edit(NAME, {"run.sh": "#!/bin/sh\necho goodbye\n"}))
    people.wait(NAME, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))

    assert modes(registered, DRAFT)["run.sh"][0] == "100755"
    assert "goodbye" in registered.read(DRAFT, "tools/run.sh")

    people.rendered(NAME, people.edit(NAME, {"run.sh": None}))
    people.wait(NAME, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))

    assert modes(registered, DRAFT).keys() == {"Kptfile", "cm.yaml", "logo.png", "latest.yaml"}


_CARRIED = {"logo.png": "100644", "run.sh": "100755", "latest.yaml": "120000"}


def _mode(path: str) -> str:
    return _CARRIED.get(path.removeprefix("tools/"), "100644")
