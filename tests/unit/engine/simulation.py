"""Users, outsiders and a dying operator, interleaved by a seed; checked by what is left at the end.

Files named edit-N are acknowledged edits of users, files named other-N are those of outsiders in
git. What is checked is what the API server and git would show: no file that was acknowledged is
gone, nothing is published that was not rendered, no number is used twice, and left alone
everything comes to rest.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from porch.api import lifecycle as table
from porch.api.lifecycle import Lifecycle
from porch.engine.packagefacts import PackageFacts
from porch.engine.seen import Key, Seen
from porch.engine.sources import Init
from porch.errors import Conflict
from porch.kpt.content import Content
from porch.storage.adapter import Change, Delete, Outcome, Publish, RevisionId, Stored
from tests.unit.engine.checking import Lost, check, must, tokens
from tests.unit.engine.fake_repository import FakeRepository
from tests.unit.engine.fake_resources import Resources, ResourcesServer, SealBroken
from tests.unit.engine.fakes import GENERATED, NOW, FakeRenderer, Revision, RevisionsServer
from tests.unit.engine.operating import Killed, Operator

REST = 12  # rounds within which everything must come to rest
KEYS = {Key("ns", f"repo.app.{w}"): RevisionId("app", w) for w in ("v1", "v2")}
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: app\n"
MANIFEST = {"Kptfile": KPTFILE, "a.yaml": "a: 1\n", "b.yaml": "b: 1\n", "c.scratch": ""}


def name_of(id_: RevisionId) -> Key:
    """The key of a revision's object."""
    return Key("ns", f"repo.{id_.package}.{id_.workspace}")


class Simulation:
    """One world and its seed."""

    def __init__(self, seed: int) -> None:
        self.log: list[str] = []
        self.keys = KEYS
        self.random = random.Random(seed)  # noqa: S311 - a reproducible schedule, no secret
        self.resources = ResourcesServer()
        self.revisions = RevisionsServer()
        self.repository = _Watched(self)
        self.renderer = FakeRenderer(self.between)
        self.acknowledged: dict[Key, set[str]] = defaultdict(set)
        self.others: dict[Key, set[str]] = defaultdict(set)
        self.bases: dict[Key, Resources] = {}
        self.shown: dict[Key, set[str]] = defaultdict(set)  # outsiders' files that users could see
        self.touched: set[Key] = set()  # moved in git by others, or removed by users
        self.late: list[Change] = []  # changes of dead operators, still on the wire
        self._count = 0
        self._fuse = -1
        self._at = ""  # what the operator works at
        self._is_quiet = False
        self._time = NOW
        self.operator = self.start()

    def start(self) -> Operator:
        """A new process with an empty memory."""
        return Operator(
            resources=self.resources,
            revisions=self.revisions,
            repository=self.repository,
            renderer=self.renderer,
            now=self.now,
            effect=self.between,
            sources={key: Init("a package") for key in KEYS if key.name.endswith("v1")},
        )

    def now(self) -> datetime:
        """Every look at the clock is later."""
        self._time += timedelta(milliseconds=1)
        return self._time

    def run(self, steps: int) -> None:
        """Everybody acts at random; then all is left alone, and must be as it should."""
        actors: list[Callable[[], None]] = [self.operate, self.operate, self.act]
        for _ in range(steps):
            self.random.choice(actors)()
        self.leave_alone()
        check(self)

    def operate(self) -> None:
        """One thing that an operator does, possibly its last."""
        self._fuse = self.random.choice((-1, -1, *range(8)))
        key = self.random.choice(list(KEYS))
        self._at = key.name
        works: list[Callable[[], object]] = [
            lambda: self.reconcile(key),
            lambda: self.reconcile(key),
            lambda: self.operator.start_push(key),
            lambda: self.operator.land_push(key),
            lambda: self.operator.list(name_of),
            self.operator.cache.deliver,
        ]
        try:
            self.random.choice(works)()
        except Killed:
            self.log.append("operator killed")
            self.late += self.operator.in_flight.values()
            self.operator = self.start()
            if self.random.random() < 0.7:
                self.operator.cache.deliver()
        self._fuse = -1

    def reconcile(self, key: Key) -> Seen | None:
        """A pass; one that may move refs lets a push of the same draft land first."""
        found = self.revisions.objects.get(key)
        if found is not None and _touches_git(found):
            self.operator.land_push(key)
        seen = self.operator.reconcile(key)
        if seen is not None:
            why = f"{seen.halt.reason}: {seen.halt.message}" if seen.halt else ""
            self.log.append(f"pass {key}: {seen.fact.lifecycle} of {seen.wish.lifecycle} {why}")
        if key not in self.revisions.objects:
            self.acknowledged.pop(key, None)
        return seen

    def between(self, effect: str) -> None:
        """After an effect: others act, or the process ends."""
        for key, resources in self.resources.objects.items():
            self.shown[key] |= tokens(resources.content, "other-")
        if self._is_quiet:
            return
        self.log.append(f"  {self._at}: {effect}")
        if self._fuse == 0:
            raise Killed
        self._fuse -= 1
        if self.random.random() < 0.2:
            self._is_quiet = True
            self.act()
            self._is_quiet = False

    def dies_sending(self, change: Change) -> bool:
        """The process ends with a change on the wire."""
        if self._is_quiet or self.random.random() > 0.05:
            return False
        self.late.append(change)
        return True

    def act(self) -> None:
        """One thing that somebody else does."""
        key = self.random.choice(list(KEYS))
        acts: list[tuple[int, Callable[[Key], None]]] = [
            (4, self.wish),
            (4, self.edit),
            (2, self.look_at_resources),
            (2, self.create),
            (2, self.apply_manifest),
            (1, self.break_content),
            (2, self.relabel),
            (2, self.edit_in_git),
            (1, self.move_in_git),
            (1, self.publish_in_git),
            (1, self.mark_in_git),
            (1, self.remove_from_git),
            (1, self.remove_resources),
            (1, self.delete),
            (1, self.cut_or_mend),
            (3, self.land_late),
        ]
        weights = [weight for weight, _ in acts]
        (chosen,) = self.random.choices([each for _, each in acts], weights)
        chosen(key)

    def create(self, key: Key) -> None:
        if key not in self.revisions.objects:
            wish = self.random.choice((Lifecycle.DRAFT, Lifecycle.DRAFT, Lifecycle.PUBLISHED))
            self.log.append(f"user creates {key} as {wish}")
            self.revisions.put(key, Revision(KEYS[key], wish))
            if key not in self.resources.objects:
                self.acknowledged.pop(key, None)

    def wish(self, key: Key) -> None:
        found = self.revisions.objects.get(key)
        if found is None or found.deleting:
            return
        wanted = self.random.choice(list(Lifecycle))
        if isinstance(
            table.change(found.lifecycle, wanted, fact=found.fact.lifecycle), table.Transition
        ):
            self.log.append(f"user wishes {key} {wanted}")
            self.revisions.put(key, replace(found, lifecycle=wanted))

    def look_at_resources(self, key: Key) -> None:
        if key in self.resources.objects:
            self.bases[key] = self.resources.objects[key]

    def edit(self, key: Key) -> None:
        """From what was last read: guarded by its version, or blindly, or as the push does."""
        base = self.bases.get(key)
        if base is None:
            return
        content = Content(dict(base.content) | dict(self.file("edit-")))
        how = self.random.choice(("guarded", "blind", "push"))
        if how == "push":
            self.write(key, lambda: self.resources.push(key, content, version=base.version))
        else:
            version = base.version if how == "guarded" else None
            self.write(key, lambda: self.resources.put(key, content, version=version))

    def apply_manifest(self, key: Key) -> None:
        """What a GitOps tool sends: un-rendered, and only what it owns."""
        content = Content.from_texts(MANIFEST)
        self.write(key, lambda: self.resources.put(key, content))

    def break_content(self, key: Key) -> None:
        base = self.resources.objects.get(key)
        if base is None:
            return
        files = dict(base.content)
        if files.pop("bad.yaml", None) is None:
            files |= dict(Content.from_texts({"bad.yaml": "FAIL\n"}))
        content = Content(files)
        self.write(key, lambda: self.resources.put(key, content, version=base.version))

    def relabel(self, key: Key) -> None:
        """A user's edit of what `spec` says of the package."""
        found = self.revisions.objects.get(key)
        if found is not None and not found.deleting:
            self._count += 1
            facts = PackageFacts({"edit": str(self._count)})
            self.log.append(f"user labels {key}: {facts.labels}")
            self.revisions.put(key, replace(found, facts=facts))

    def write(self, key: Key, write: Callable[[], Resources]) -> None:
        """A user's write; what is acknowledged must not be lost."""
        found = self.revisions.objects.get(key)
        if found is not None and found.deleting:
            return
        before = self.resources.objects.get(key)
        try:
            written = write()
        except (Conflict, SealBroken):
            self.log.append(f"user's write of {key} is refused")
            self.look_at_resources(key)
            return
        self.bases[key] = written
        if found is not None and found.fact.publication is not None:
            return  # created again behind the seal's back: only shows what git has
        self.acknowledged[key] = tokens(written.content)
        removed = tokens(before.content if before else None, "other-")
        self.others[key] -= removed - tokens(written.content, "other-")
        self.log.append(f"user's write of {key}: {sorted(written.content)}")

    def remove_resources(self, key: Key) -> None:
        if self.random.random() < 0.5 and key in self.resources.objects:
            self.log.append(f"user removes the resources of {key}")
            self.touched.add(key)
            self.resources.remove(key)
            self.acknowledged.pop(key, None)

    def delete(self, key: Key) -> None:
        found = self.revisions.objects.get(key)
        if found is None or found.deleting or found.fact.lifecycle is Lifecycle.PUBLISHED:
            return
        self.log.append(f"user deletes {key}")
        self.touched.add(key)
        self.acknowledged.pop(key, None)
        self.revisions.delete(key)

    def edit_in_git(self, key: Key) -> None:
        held = self.repository.drafts.get(KEYS[key])
        if held is not None:
            file = self.file("other-")
            self.log.append(f"outsider edits {key} in git: {sorted(file)}")
            self.touched.add(key)
            self.repository.hold(
                KEYS[key], Content(dict(held.content) | dict(file)), held.lifecycle
            )
            self.others[key] |= set(file)

    def move_in_git(self, key: Key) -> None:
        held = self.repository.drafts.get(KEYS[key])
        if held is not None:
            other = {
                Lifecycle.DRAFT: Lifecycle.PROPOSED,
                Lifecycle.PROPOSED: Lifecycle.DRAFT,
            }[held.lifecycle]
            self.log.append(f"outsider makes {key} {other} in git")
            self.touched.add(key)
            self.repository.hold(KEYS[key], held.content, other)

    def publish_in_git(self, key: Key) -> None:
        held = self.repository.drafts.get(KEYS[key])
        if held is not None:
            self.log.append(f"outsider publishes {key}")
            self.touched.add(key)
            self.repository.publish(KEYS[key], held.content)

    def mark_in_git(self, key: Key) -> None:
        tag = self.repository.tags.get(KEYS[key])
        if tag is not None:
            self.log.append(f"outsider turns the deletion mark of {key}")
            tag.marked = not tag.marked

    def remove_from_git(self, key: Key) -> None:
        if self.repository.stored(KEYS[key]) is not None:
            self.log.append(f"outsider removes {key} from git")
            self.touched.add(key)
            self.repository.bring_about(Delete(KEYS[key], None))
            self.others[key].clear()

    def cut_or_mend(self, key: Key) -> None:
        self.repository.reachable = not self.repository.reachable or self.random.random() < 0.5

    def land_late(self, key: Key) -> None:
        if self.late:
            change = self.late.pop(0)
            self.log.append(f"late {type(change).__name__} of {change.id} arrives")
            self.repository.land(change)
            if isinstance(change, Publish):
                self.touched.add(name_of(change.id))  # perhaps withdrawn since

    def file(self, kind: str) -> Content:
        """One new file of somebody."""
        self._count += 1
        return Content.from_texts({f"{kind}{self._count}.yaml": f"n: {self._count}\n"})

    def leave_alone(self) -> None:
        """Nobody acts any more; a new operator works until nothing is left to do."""
        self.log.append("left alone")
        while self.late:
            self.land_late(next(iter(KEYS)))
        self._is_quiet = True
        self.repository.reachable = True
        self.operator = self.start()
        for _ in range(REST):
            before = self._versions()
            self.operator.list(name_of)
            self.operator.cache.deliver()
            for key in KEYS:
                self.reconcile(key)
                self.operator.start_push(key)
                self.operator.land_push(key)
            if self._versions() == before:
                return
        raise Lost("no rest")

    def _versions(self) -> tuple[int, int, int, int]:
        return (
            self.resources.versions,
            self.revisions.versions,
            self.repository.versions,
            len(self.revisions.objects) + len(self.resources.objects),
        )


class _Watched(FakeRepository):
    """A repository that minds what is published, and on whose wire changes may be late."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation.between, simulation.now)
        self._simulation = simulation

    async def apply(self, change: Change) -> Outcome:
        self._reach()
        if self._simulation.dies_sending(change):
            raise Killed
        outcome = self.land(change)
        self.effect(f"repository.apply {type(change).__name__}")
        return outcome

    def land(self, change: Change) -> Outcome:
        """The change arrives."""
        is_new, key = change.id not in self.tags, name_of(change.id)
        if isinstance(change, Delete) and change.id in self.drafts:
            theirs = tokens(self.drafts[change.id].content, "other-")
            unseen = theirs - self._simulation.shown[key]
            held = self.drafts[change.id].version == change.expected
            must(not (held and unseen), f"deleted {unseen}, which nobody here ever saw")
            self._simulation.others[key] -= theirs if held else set()  # a user's deletion
        outcome = self.bring_about(change)
        if isinstance(change, Publish) and is_new and isinstance(outcome, Stored):
            rendered = change.content.digest in self._simulation.renderer.outputs
            must(rendered, f"published what was not rendered: {sorted(change.content)}")
            must(GENERATED in change.content, "published without what rendering adds")
        return outcome


def _touches_git(found: Revision) -> bool:
    rejected = found.lifecycle is Lifecycle.DRAFT and found.fact.lifecycle is Lifecycle.PROPOSED
    return found.deleting or found.lifecycle.is_published or rejected
