"""Content that is cloned: from a revision of another package, or from a place in git."""

from dataclasses import replace
from pathlib import Path

import pytest

from porch.api.conditions import Reason
from porch.engine.sources import CloneGit, CloneRevision
from porch.kpt.content import Content
from porch.kpt.kptfile import GitRef, parse_kptfile
from porch.kpt.yaml.parse import parse
from porch.storage.adapter import Lock
from porch.storage.upstream import Fetched
from tests.unit.engine.building import ID, KEY
from tests.unit.engine.fakes import rendered
from tests.unit.engine.living import World
from tests.unit.engine.sourcing import (
    BASE,
    CONFIG,
    KPTFILE,
    LOCK,
    PLACE,
    base,
    halt_of,
    knowing,
    origin,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "sources"


def directory(path: Path) -> Content:
    """The files of a golden case."""
    return Content.from_texts(
        {
            str(each.relative_to(path)): each.read_text()
            for each in path.rglob("*")
            if each.is_file()
        }
    )


def test_a_clone_is_named_after_its_package_and_knows_its_upstream() -> None:
    found = knowing(CloneRevision("base.v1"), base())
    found.settle()
    kptfile = parse_kptfile(found.shown.content.texts["Kptfile"])

    assert kptfile.name == ID.package
    assert kptfile.upstream is not None
    assert kptfile.upstream.git == GitRef(LOCK.repo, "base", "base/v1")
    assert kptfile.upstream_lock is not None
    assert kptfile.upstream_lock.git == GitRef(LOCK.repo, "base", "base/v1", "c0ffee")
    assert "# who it is" in found.shown.content.texts["Kptfile"]


def test_a_clone_marks_its_resources_so_that_upgrades_find_them() -> None:
    found = knowing(CloneRevision("base.v1"), base())
    found.settle()

    assert "metadata: # kpt-merge: /settings" in found.shown.content.texts["settings.yaml"]


def test_a_clone_is_written_as_the_predecessor_writes_it() -> None:
    """The recorded tree of a clone, byte for byte."""
    upstream = directory(GOLDEN / "clone" / "upstream")
    lock = Lock(
        "http://10.99.0.2:3000/demo-cr.git",
        "demo",
        "demo/v1",
        "62a40d8071b3e93c409b982442fdb2ca07a56544",
    )
    known = origin(upstream)
    assert known.stored is not None
    known = replace(known, stored=replace(known.stored, lock=lock))
    found = knowing(CloneRevision("base.v1"), {"base.v1": (known, upstream)})
    id_ = replace(ID, package="demo-clone")
    found.revisions.put(KEY, replace(found.revisions.objects[KEY], id=id_))
    found.settle()
    expected = directory(GOLDEN / "clone" / "expected")

    assert rendered(expected) == found.shown.content


def test_a_clone_into_a_deployment_repository_gets_a_context_of_its_own() -> None:
    """Functions ask it for the name; those of the upstream and of its parts would mislead them."""
    inner = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kptfile.kpt.dev\ndata:\n  name: x\n"
    )
    files = BASE.texts | {
        "package-context.yaml": inner,
        "db/package-context.yaml": inner,
        "both.yaml": f"{CONFIG}---\n{inner}",
        "notes.yaml": "kptfile.kpt.dev: [",
    }
    content = Content.from_texts(files)
    found = knowing(CloneRevision("base.v1"), base(content))
    found.elsewhere.is_deployment = True
    found.settle()
    texts = found.shown.content.texts
    (context,) = parse(texts["package-context.yaml"])

    assert context.root.at("data") is not None
    assert context.root.text("data", "name") == ID.package
    assert context.root.text("data", "package-path") == ID.package
    assert "db/package-context.yaml" not in texts
    assert len(parse(texts["both.yaml"])) == 1
    assert texts["notes.yaml"].startswith("kptfile.kpt.dev: [")


def test_a_clone_elsewhere_keeps_the_context_that_it_got() -> None:
    content = Content.from_texts(BASE.texts | {"package-context.yaml": CONFIG})
    found = knowing(CloneRevision("base.v1"), base(content))
    found.settle()

    assert parse(found.shown.content.texts["package-context.yaml"])[0].root.text("data", "k") == "v"


def test_a_file_that_is_no_yaml_is_cloned_and_left_to_the_render() -> None:
    content = Content.from_texts(BASE.texts | {"bad.yaml": "a: [FAIL"})
    found = knowing(CloneRevision("base.v1"), base(content))
    end = found.settle()

    assert found.shown.content.texts["bad.yaml"] == "a: [FAIL"
    assert end.fact.record is not None
    assert not end.fact.record.succeeded


def test_a_clone_of_a_git_place_knows_the_commit_and_never_a_password() -> None:
    found = World(CloneGit(PLACE))
    found.elsewhere.upstreams.packages[PLACE] = Fetched(BASE, LOCK)
    found.settle()
    kptfile = parse_kptfile(found.shown.content.texts["Kptfile"])

    assert kptfile.upstream_lock is not None
    assert kptfile.upstream_lock.git == GitRef(LOCK.repo, "base", "base/v1", "c0ffee")
    assert "s3cr3t" not in str(CloneGit(PLACE).task)


def test_the_lock_names_the_repository_as_kptfiles_do() -> None:
    found = World(CloneGit(PLACE))
    lock = replace(LOCK, repo="https://example.org/base", directory="/base/")
    found.elsewhere.upstreams.packages[PLACE] = Fetched(BASE, lock)
    found.settle()
    upstream = parse_kptfile(found.shown.content.texts["Kptfile"]).upstream

    assert upstream is not None
    assert upstream.git == GitRef("https://example.org/base.git", "base", "base/v1")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="empty"),
        pytest.param({"settings.yaml": CONFIG}, id="no Kptfile"),
        pytest.param({"Kptfile": "a: ["}, id="no YAML"),
        pytest.param({"Kptfile": CONFIG}, id="another kind"),
        pytest.param({"Kptfile": KPTFILE + "infos: {}\n"}, id="unknown field"),
    ],
)
def test_what_is_no_package_cannot_be_cloned(files: dict[str, str]) -> None:
    content = Content.from_texts(files)
    halt = halt_of(knowing(CloneRevision("base.v1"), base(content)).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "'base.v1' must be a package" in halt.message


@pytest.mark.parametrize("directory", ["../base", "a/../../b", "a//b", ".git"])
def test_a_directory_that_leaves_the_repository_is_never_asked_for(directory: str) -> None:
    halt = halt_of(World(CloneGit(replace(PLACE, directory=directory))).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)


def test_a_place_that_is_not_there_is_waited_for_and_found_when_it_comes() -> None:
    found = World(CloneGit(PLACE))
    halt = halt_of(found.settle())

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_SOURCE, False)
    assert "s3cr3t" not in halt.message
    found.elsewhere.upstreams.packages[PLACE] = Fetched(BASE, LOCK)
    assert found.settle().halt is None
