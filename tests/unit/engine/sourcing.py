"""Drafts that are new, and the revisions and places that their content may come from."""

from collections.abc import Mapping
from dataclasses import replace

from porch.engine.ports import Origin
from porch.engine.seen import Halt, Seen
from porch.engine.sources import GitPlace, Source, Upgrade
from porch.kpt.content import Content
from porch.storage.adapter import Lock, RevisionId
from tests.unit.engine.building import PUB, stored
from tests.unit.engine.living import World

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
    contents = [with_settings(CONFIG), with_settings(updated), with_settings(local)]
    origins = [
        origin(contents[0]),
        origin(contents[1], number=2),
        origin(contents[2], package="app", repository="repo"),
    ]
    return dict(zip(NAMES, zip(origins, contents, strict=True), strict=True))


def with_settings(settings: str) -> Content:
    """The package with this file of settings."""
    return Content.from_texts({"Kptfile": KPTFILE, "settings.yaml": settings})


def halt_of(seen: Seen) -> Halt:
    """What a pass ended in."""
    assert seen.halt is not None
    return seen.halt
