"""Carries a source out: reads what it names, and makes the first content of a draft of it.

Nothing is written here, so a crash costs a repetition only. What is computed runs beside the event
loop. Ends in content, or in a Halt that says what is waited for or what is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from porch.engine.origins import Named, Usable, invalid, judge
from porch.engine.seen import MAX_CONFLICTS, Halt, Merge, MergeConflict, Seen
from porch.engine.sources import CloneGit, CloneRevision, CopyFrom, GitPlace, Init, Upgrade
from porch.engine.world import World
from porch.errors import Permanent, Waiting
from porch.kpt.content import BadPath, Content, check_path
from porch.kpt.deriving import derived, marked
from porch.kpt.init import init_files
from porch.kpt.kptfile import BadKptfile, GitRef
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.packagecontext import with_context
from porch.storage.adapter import Lock
from porch.storage.upstream import UpstreamInvalid

MAX_TEXT = 200  # characters of each text of a conflict


class NoSource(Waiting):
    """A draft is to be made and there is nothing to make it from; our bug."""

    reason = "InternalError"


@dataclass(frozen=True, slots=True)
class Made:
    """The first content of a draft, before it is rendered."""

    content: Content
    merge: Merge | None = None


async def materialise(world: World, seen: Seen) -> Made | Halt:
    """What the source of a new draft stands for."""
    match seen.wish.source:
        case Init() as init:
            return _init(seen, init)
        case CloneRevision(name):
            return await _clone_revision(world, seen, name)
        case CloneGit(place):
            return await _clone_git(world, seen, place)
        case CopyFrom(name):
            return await _copy(world, seen, name)
        case Upgrade() as source:
            return await _upgrade(world, seen, source)
        case None:
            raise NoSource(f"{seen.key}: there is no source to make a draft from")


def _init(seen: Seen, init: Init) -> Made | Halt:
    files = _initial(init, seen.wish.id.package)
    if init.subpackage:
        inner = _initial(init, init.subpackage.rpartition("/")[2])
        files |= {f"{init.subpackage}/{path}": text for path, text in inner.items()}
    try:
        return Made(Content.from_texts(files))
    except BadPath as err:
        return invalid(f"`spec.source.init.subpackage`: {err}")


def _initial(init: Init, name: str) -> dict[str, str]:
    return init_files(name, description=init.description, keywords=init.keywords, site=init.site)


async def _clone_revision(world: World, seen: Seen, name: str) -> Made | Halt:
    found = _named(world, seen, Named("cloneFrom.upstreamRef.name", name))
    if isinstance(found, Halt):
        return found
    content = await _read(world, seen, found)
    return await _cloned(world, seen, content, found.stored.lock, origin=repr(name))


async def _clone_git(world: World, seen: Seen, place: GitPlace) -> Made | Halt:
    if place.directory:
        try:
            check_path(place.directory)
        except BadPath as err:
            return invalid(f"`spec.source.cloneFrom.git.directory`: {err}")
    try:
        fetched = await world.upstreams.fetch(place, namespace=seen.key.namespace)
    except UpstreamInvalid as err:
        return invalid(str(err))
    return await _cloned(world, seen, fetched.content, fetched.lock, origin=str(place))


async def _cloned(
    world: World, seen: Seen, content: Content, lock: Lock, *, origin: str
) -> Made | Halt:
    package = seen.wish.id.package

    def work() -> Content:
        made = derived(content, name=package, upstream=_git_ref(lock))
        if seen.deployment:
            made = with_context(made, name=package, path=package)
        return marked(made)

    try:
        return Made(await world.workers.run(work))
    except BadKptfile as err:
        return invalid(f"{origin} must be a package: {err}")


async def _copy(world: World, seen: Seen, name: str) -> Made | Halt:
    found = _named(world, seen, Named("copyFrom.name", name, same_package=True))
    return found if isinstance(found, Halt) else Made(await _read(world, seen, found))


async def _upgrade(world: World, seen: Seen, source: Upgrade) -> Made | Halt:
    named = (
        Named("upgrade.oldUpstream.name", source.old_upstream),
        Named("upgrade.newUpstream.name", source.new_upstream),
        Named("upgrade.currentPackage.name", source.current, same_package=True),
    )
    found = [_named(world, seen, each) for each in named]
    halts = [each for each in found if isinstance(each, Halt)]
    if halts:
        return next((each for each in halts if each.stalled), halts[0])
    sides = [each for each in found if isinstance(each, Usable)]
    original, updated, local = [await _read(world, seen, each) for each in sides]
    strategy = Strategy(source.strategy or Strategy.RESOURCE_MERGE)
    upstream = _git_ref(sides[1].stored.lock)

    def work() -> Made:
        merged = upgrade(original, updated, local, strategy=strategy)
        content = derived(merged.content, name=seen.wish.id.package, upstream=upstream)
        return Made(marked(content), _merge_of(merged.conflicts))

    try:
        return await world.workers.run(work)
    except Permanent as err:
        return invalid(f"`spec.source.upgrade` with strategy {strategy.value!r}: {err}")


def _named(world: World, seen: Seen, named: Named) -> Usable | Halt:
    return judge(seen, named, world.library.find(replace(seen.key, name=named.name)))


async def _read(world: World, seen: Seen, found: Usable) -> Content:
    return await world.library.read(found.origin, found.stored, namespace=seen.key.namespace)


def _merge_of(conflicts: Sequence[Conflict]) -> Merge | None:
    if not conflicts:
        return None
    shown = tuple(
        MergeConflict(
            _short(each.path), _short(str(each.resource or "")), _short(each.field), each.taken
        )
        for each in conflicts[:MAX_CONFLICTS]
    )
    return Merge(len(conflicts), shown)


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _git_ref(lock: Lock) -> GitRef:
    return GitRef(lock.repo, lock.directory, lock.ref, lock.commit)
