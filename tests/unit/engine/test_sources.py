"""Where first content comes from: what is made, what is waited for, what stalls and why."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from porch.api.conditions import Reason
from porch.api.packagerevision import UpgradeStrategy
from porch.engine.ports import Origin
from porch.engine.seen import Halt, Seen
from porch.engine.sources import (
    CloneGit,
    CloneRevision,
    CopyFrom,
    GitPlace,
    Init,
    Source,
    Upgrade,
)
from porch.kpt.content import Content
from porch.kpt.kptfile import GitRef, parse_kptfile
from porch.kpt.yaml.parse import parse
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Task
from porch.storage.upstream import Fetched
from tests.unit.engine.building import DEL, ID, KEY, PUB, D, P, stored
from tests.unit.engine.fakes import rendered
from tests.unit.engine.living import World
from tests.unit.engine.operating import Killed

GOLDEN = Path(__file__).parents[2] / "golden" / "sources"

KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: base # who it is
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  k: v\n"
BASE = Content.from_texts({"Kptfile": KPTFILE, "settings.yaml": CONFIG})
LOCK = Lock("https://example.org/base.git", "base", "base/v1", "c0ffee")
PLACE = GitPlace("https://user:s3cr3t@example.org/base.git", "v1", "base", "login")
NAMES = ("base.v1", "base.v2", "repo.app.v0")
UPGRADE = Upgrade(*NAMES)


def origin(
    content: Content, *, package: str = "base", repository: str = "blueprints", number: int = 1
) -> Origin:
    """A published revision of another package in another repository."""
    id_ = RevisionId(package, f"v{number}")
    lock = replace(LOCK, ref=f"{package}/v{number}", directory=package)
    held = replace(stored(PUB, content), id=id_, revision=number, lock=lock)
    return Origin(repository, id_, PUB, held, is_placeholder=False)


def knowing(source: Source, revisions: Mapping[str, tuple[Origin, Content]]) -> World:
    """A new draft, and the revisions that there are."""
    found = World(source)
    found.elsewhere.library.revisions.update(revisions)
    return found


def base(content: Content = BASE) -> dict[str, tuple[Origin, Content]]:
    """The revision base.v1."""
    return {"base.v1": (origin(content), content)}


def upgrading(updated: str, local: str) -> dict[str, tuple[Origin, Content]]:
    """Two revisions of the upstream and a package made from the first, by their settings."""
    contents = [_with(CONFIG), _with(updated), _with(local)]
    origins = [
        origin(contents[0]),
        origin(contents[1], number=2),
        origin(contents[2], package="app", repository="repo"),
    ]
    return dict(zip(NAMES, zip(origins, contents, strict=True), strict=True))


def _with(settings: str) -> Content:
    return Content.from_texts({"Kptfile": KPTFILE, "settings.yaml": settings})


def halt_of(seen: Seen) -> Halt:
    """What a pass ended in."""
    assert seen.halt is not None
    return seen.halt


def directory(path: Path) -> Content:
    """The files of a golden case."""
    return Content.from_texts(
        {
            str(each.relative_to(path)): each.read_text()
            for each in path.rglob("*")
            if each.is_file()
        }
    )


# -- init


def test_a_subpackage_is_initialised_inside_of_the_package() -> None:
    """Both have a Kptfile, so that the package can be rendered and published."""
    found = World(Init("text", subpackage="parts/db"))
    found.settle()

    assert parse_kptfile(found.shown.content.texts["Kptfile"]).name == "app"
    assert parse_kptfile(found.shown.content.texts["parts/db/Kptfile"]).name == "db"


@pytest.mark.parametrize("path", ["../db", "a/../b", "Kptfile/db", ".git/hooks"])
def test_a_subpackage_that_is_no_path_in_the_package_stalls(path: str) -> None:
    halt = halt_of(World(Init("text", subpackage=path)).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)


# -- clone


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


# -- revisions that sources name


@pytest.mark.parametrize("source", [CloneRevision("base.v1"), CopyFrom("base.v1"), UPGRADE])
def test_a_revision_that_does_not_exist_is_waited_for(source: Source) -> None:
    halt = halt_of(World(source).settle())

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_SOURCE, False)
    assert "'base.v1'" in halt.message


@pytest.mark.parametrize("lifecycle", [None, D, P])
def test_a_revision_that_is_not_published_is_waited_for(lifecycle: object) -> None:
    known = base()
    found, content = known["base.v1"]
    world_ = knowing(
        CloneRevision("base.v1"),
        {"base.v1": (replace(found, lifecycle=lifecycle, stored=None), content)},  # type: ignore[arg-type]
    )
    halt = halt_of(world_.settle())

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_SOURCE, False)
    assert "must be published" in halt.message
    world_.elsewhere.library.revisions.update(known)
    assert world_.settle().halt is None


def test_a_revision_whose_deletion_is_proposed_is_still_published() -> None:
    found, content = base()["base.v1"]
    known = {"base.v1": (replace(found, lifecycle=DEL), content)}

    assert knowing(CloneRevision("base.v1"), known).settle().halt is None


def test_a_revision_whose_repository_is_not_listed_is_waited_for() -> None:
    found, content = base()["base.v1"]
    trouble = "its Repository 'blueprints' has not been listed yet"
    known = {"base.v1": (replace(found, stored=None, trouble=trouble), content)}
    halt = halt_of(knowing(CloneRevision("base.v1"), known).settle())

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_SOURCE, False)
    assert trouble in halt.message


@pytest.mark.parametrize("source", [CloneRevision("base.v1"), CopyFrom("base.v1"), UPGRADE])
def test_a_placeholder_is_no_source(source: Source) -> None:
    """Its content moves with the branch."""
    known = upgrading(CONFIG, CONFIG)
    found, content = known["base.v1"]
    same = replace(found, is_placeholder=True, repository="repo", id=replace(ID, workspace="main"))
    halt = halt_of(knowing(source, known | {"base.v1": (same, content)}).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "placeholder package revision" in halt.message


@pytest.mark.parametrize("source", [CloneRevision(KEY.name), CopyFrom(KEY.name)])
def test_a_revision_is_no_source_of_itself(source: Source) -> None:
    halt = halt_of(World(source).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)


# -- copy


def test_a_copy_has_the_published_content_as_it_is() -> None:
    known = {"repo.app.v0": (origin(BASE, package="app", repository="repo"), BASE)}
    found = knowing(CopyFrom("repo.app.v0"), known)
    found.settle()

    assert found.shown.content == rendered(BASE)


@pytest.mark.parametrize("other", [("other", "repo"), ("app", "blueprints")])
def test_a_copy_of_another_package_is_refused_even_before_that_is_published(
    other: tuple[str, str],
) -> None:
    package, repository = other
    known = origin(BASE, package=package, repository=repository)
    known = replace(known, lifecycle=D, stored=None)
    halt = halt_of(knowing(CopyFrom("x.v1"), {"x.v1": (known, BASE)}).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "create another PackageRevision" in halt.message


# -- upgrade


def test_an_upgrade_takes_what_the_upstream_changed_and_keeps_what_the_package_changed() -> None:
    updated = CONFIG + "  new: upstream\n"
    local = CONFIG.replace("k: v", "k: v\n  own: local")
    found = knowing(UPGRADE, upgrading(updated, local))
    end = found.settle()
    settings = found.shown.content.texts["settings.yaml"]

    assert "new: upstream" in settings
    assert "own: local" in settings
    assert (end.halt, end.fact.merge) == (None, None)


def test_an_upgrade_points_to_the_new_upstream() -> None:
    found = knowing(UPGRADE, upgrading(CONFIG, CONFIG))
    found.settle()
    kptfile = parse_kptfile(found.shown.content.texts["Kptfile"])

    assert kptfile.name == ID.package
    assert kptfile.upstream_lock is not None
    assert kptfile.upstream_lock.git == GitRef(LOCK.repo, "base", "base/v2", "c0ffee")


def test_what_both_sides_changed_is_told_and_stays_until_publication() -> None:
    """One of the two was taken; whoever looks at the draft must be able to know."""
    updated, local = CONFIG.replace("k: v", "k: theirs"), CONFIG.replace("k: v", "k: ours")
    found = knowing(UPGRADE, upgrading(updated, local))
    end = found.settle()

    assert end.fact.merge is not None
    (conflict,) = end.fact.merge.conflicts
    assert (conflict.path, conflict.field, conflict.taken) == ("settings.yaml", "data.k", "updated")
    assert Reason.MERGE_CONFLICTS in found.operator.announcer.reasons
    assert "settings.yaml: ConfigMap settings: data.k (updated taken)" in str(end.fact.merge)
    found.wish(PUB)
    assert found.settle().fact.merge is None


def test_more_conflicts_than_fit_are_counted() -> None:
    def numbered(value: str) -> str:
        return CONFIG + "".join(f"  k{number}: {value}\n" for number in range(20))

    known = upgrading(numbered("theirs"), numbered("ours"))
    content = _with(numbered("base"))
    end = knowing(UPGRADE, known | {"base.v1": (origin(content), content)}).settle()

    assert end.fact.merge is not None
    assert (end.fact.merge.total, len(end.fact.merge.conflicts)) == (20, 16)
    assert "and 4 more" in str(end.fact.merge)


def test_a_fast_forward_over_local_changes_stalls_and_says_what_was_changed() -> None:
    known = upgrading(CONFIG + "  new: x\n", CONFIG + "  own: y\n")
    source = replace(UPGRADE, strategy=UpgradeStrategy.FAST_FORWARD)
    halt = halt_of(knowing(source, known).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "settings.yaml" in halt.message


@pytest.mark.parametrize("strategy", UpgradeStrategy)
def test_every_strategy_is_carried_out(strategy: UpgradeStrategy) -> None:
    found = knowing(replace(UPGRADE, strategy=strategy), upgrading(CONFIG + "  new: x\n", CONFIG))
    found.settle()

    assert "new: x" in found.shown.content.texts["settings.yaml"]


def test_an_upgrade_of_another_package_is_refused() -> None:
    known = upgrading(CONFIG, CONFIG)
    other = origin(BASE, package="other", repository="repo")
    halt = halt_of(knowing(UPGRADE, known | {"repo.app.v0": (other, BASE)}).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "`spec.source.upgrade.currentPackage.name`" in halt.message


# -- what commits record


@pytest.mark.parametrize(
    ("source", "task"),
    [
        (
            CloneRevision("base.v1"),
            Task("clone", {"upstreamRef": {"upstreamRef": {"name": "base.v1"}}}),
        ),
        (
            CloneGit(PLACE),
            Task(
                "clone",
                {
                    "upstreamRef": {
                        "type": "git",
                        "git": {
                            "repo": "https://example.org/base.git",
                            "ref": "v1",
                            "directory": "base",
                            "secretRef": {"name": "login"},
                        },
                    }
                },
            ),
        ),
        (
            UPGRADE,
            Task(
                "upgrade",
                {
                    "oldUpstreamRef": {"name": "base.v1"},
                    "newUpstreamRef": {"name": "base.v2"},
                    "localPackageRevisionRef": {"name": "repo.app.v0"},
                },
            ),
        ),
    ],
)
def test_the_first_commit_records_the_source(source: Source, task: Task) -> None:
    found = knowing(source, upgrading(CONFIG, CONFIG))
    found.elsewhere.upstreams.packages[PLACE] = Fetched(BASE, LOCK)
    found.settle()
    held = found.repository.stored(ID)

    assert isinstance(held, StoredRevision)
    assert held.task == task


# -- crashes


@pytest.mark.parametrize("fuse", range(12))
@pytest.mark.parametrize("source", [CloneRevision("base.v1"), CloneGit(PLACE), UPGRADE])
def test_a_crash_after_any_effect_changes_nothing_about_the_draft(
    source: Source, fuse: int
) -> None:
    """The source is applied once: one commit, the same content, and no conflict forgotten."""
    ours, theirs = CONFIG.replace("k: v", "k: ours"), CONFIG.replace("k: v", "k: theirs")

    def told(fuse: int) -> tuple[Seen, World]:
        left = fuse

        def effect(name: str) -> None:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1

        found = knowing(source, upgrading(theirs, ours))
        found.elsewhere.upstreams.packages[PLACE] = Fetched(BASE, LOCK)
        found.restart(effect)
        with suppress(Killed):
            found.settle()
        found.restart()
        return found.settle(), found

    (calm, undisturbed), (end, disturbed) = told(-1), told(fuse)

    assert end.fact.merge == calm.fact.merge
    assert disturbed.shown.content == undisturbed.shown.content
    assert disturbed.repository.stored(ID) == undisturbed.repository.stored(ID)
