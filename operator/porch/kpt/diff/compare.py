"""The difference of two packages.

Pure. Cost: hashing is done; beyond that only files that differ are read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from porch.kpt.content import BlobId, File, FileMode
from porch.kpt.diff.changes import Change, Diff, FileChange, Nature, ResourceChange
from porch.kpt.diff.fields import field_changes
from porch.kpt.diff.resources import Pair, Resource, pair_up, read_resources

_Resources = Mapping[str, list[Resource]]  # by path, of files that differ and hold resources


def compare(before: Mapping[str, File], after: Mapping[str, File]) -> Diff:
    """What must happen to `before` to become `after`."""
    paths = sorted(
        path
        for path in before.keys() | after.keys()
        if not _is_same(before.get(path), after.get(path))
    )
    olds, news = _read(paths, before, after)
    pairs, removed, added = pair_up(_all(olds), _all(news))
    resources = _resource_changes(pairs, removed, added)
    renamed = _renamed(paths, before, after, pairs=pairs)
    told = {path for each in resources for path in (each.path, each.previous_path)}
    files = [
        _file_change(path, before, after, renamed=renamed, readable=path in olds, told=told)
        for path in paths
        if path not in renamed.values()
    ]
    return Diff(tuple(resources), tuple(files))


def _is_same(old: File | None, new: File | None) -> bool:
    if old is None or new is None:
        return old is new
    return _identity(old) == _identity(new)


# -- resources


def _read(
    paths: Iterable[str], before: Mapping[str, File], after: Mapping[str, File]
) -> tuple[_Resources, _Resources]:
    """The resources of both sides; a path that has other text on one of them is in neither."""
    olds: dict[str, list[Resource]] = {}
    news: dict[str, list[Resource]] = {}
    for path in paths:
        old, new = (read_resources(side.get(path), path) for side in (before, after))
        if old is not None and new is not None:
            olds[path], news[path] = old, new
    return olds, news


def _all(resources: _Resources) -> list[Resource]:
    return [each for path in resources for each in resources[path]]


def _resource_changes(
    pairs: Iterable[Pair], removed: Iterable[Resource], added: Iterable[Resource]
) -> list[ResourceChange]:
    found = [(old, ResourceChange(Change.REMOVED, old.id, old.path)) for old in removed]
    found += [(new, ResourceChange(Change.ADDED, new.id, new.path)) for new in added]
    for old, new in pairs:
        fields = tuple(field_changes(old.data, new.data))
        previous = old.path if old.path != new.path else ""
        if fields or previous:
            change = Change.CHANGED if fields else Change.MOVED
            found.append((new, ResourceChange(change, new.id, new.path, previous, fields)))
    found.sort(key=lambda each: (each[0].path, each[0].index, each[1].change))
    return [change for _, change in found]


# -- files


def _renamed(
    paths: Iterable[str],
    before: Mapping[str, File],
    after: Mapping[str, File],
    *,
    pairs: Iterable[Pair],
) -> dict[str, str]:
    """New path -> old path of files that were renamed: by their bytes, then by their resources."""
    gone = [path for path in paths if path not in after]
    new = [path for path in paths if path not in before]
    where: dict[object, list[str]] = defaultdict(list)
    for path in gone:
        where[_identity(before[path])].append(path)
    found = _one_to_one((old, path) for path in new for old in where[_identity(after[path])])
    left_old = set(gone).difference(found.values())
    left_new = set(new).difference(found)
    went = {(old.path, other.path) for old, other in pairs}
    return found | _one_to_one(
        (old, path) for old, path in went if old in left_old and path in left_new
    )


def _identity(file: File) -> tuple[BlobId, FileMode]:
    return file.blob, file.mode


def _one_to_one(candidates: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs of which neither side is in another pair, by their second part."""
    pairs = list(candidates)
    olds = Counter(old for old, _ in pairs)
    news = Counter(new for _, new in pairs)
    return {new: old for old, new in pairs if olds[old] == 1 and news[new] == 1}


def _file_change(
    path: str,
    before: Mapping[str, File],
    after: Mapping[str, File],
    *,
    renamed: Mapping[str, str],
    readable: bool,
    told: set[str],
) -> FileChange:
    previous = renamed.get(path, "")
    old, new = before.get(previous or path), after.get(path)
    if old is None:
        change = Change.ADDED
    elif new is None:
        change = Change.REMOVED
    elif previous and _is_same(old, new):
        change = Change.MOVED
    else:
        change = Change.CHANGED
    is_told = path in told or (old is not None and new is not None and old.blob == new.blob)
    if readable:
        nature = Nature.RESOURCES if is_told else Nature.LAYOUT
    else:
        nature = _nature([each for each in (old, new) if each is not None])
    return FileChange(change, path, nature, old, new, previous)


def _nature(files: list[File]) -> Nature:
    if any(file.mode is FileMode.SYMLINK for file in files):
        return Nature.SYMLINK
    return Nature.TEXT if all(file.text is not None for file in files) else Nature.BINARY
