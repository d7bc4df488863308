"""Where first content comes from: what is waited for, what stalls and why, what is recorded."""

from contextlib import suppress
from dataclasses import replace

import pytest

from porch.api.conditions import Reason
from porch.engine.seen import Seen
from porch.engine.sources import CloneGit, CloneRevision, CopyFrom, Init, Source
from porch.kpt.kptfile import parse_kptfile
from porch.storage.adapter import StoredRevision, Task
from porch.storage.upstream import Fetched
from tests.unit.engine.building import DEL, ID, KEY, D, P
from tests.unit.engine.fakes import rendered
from tests.unit.engine.living import World
from tests.unit.engine.operating import Killed
from tests.unit.engine.sourcing import (
    BASE,
    CONFIG,
    LOCK,
    PLACE,
    UPGRADE,
    base,
    halt_of,
    knowing,
    origin,
    upgrading,
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
