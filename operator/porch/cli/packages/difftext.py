"""A difference for people: one line a resource, one a field; secrets are not shown. Pure."""

import json
from collections.abc import Iterator
from typing import Final

from porch.kpt.diff.alignment import differing_blocks
from porch.kpt.diff.changes import Change, Diff, FieldChange, FileChange, Nature, ResourceChange
from porch.kpt.diff.unified import hunks, lines_of
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.yaml.node import Data

_MARKS: Final = {
    Change.ADDED: "+",
    Change.REMOVED: "-",
    Change.CHANGED: "~",
    Change.MOVED: ">",
    Change.REORDERED: "~",
}
_NATURES: Final = {
    Nature.RESOURCES: "",
    Nature.LAYOUT: "comments or layout only",
    Nature.TEXT: "text",
    Nature.BINARY: "binary",
    Nature.SYMLINK: "link",
}
_WIDEST: Final = 100  # characters of one value


def diff_text(diff: Diff) -> str:
    """The whole difference; "" when there is none."""
    if not diff:
        return ""
    return "".join(f"{line}\n" for line in (*_lines(diff), "", summary_line(diff)))


def summary_line(diff: Diff) -> str:
    """How much changed."""
    counts = diff.counts()
    parts = [f"{count} {change}" for change, count in counts.items() if count]
    resources = f"Resources: {', '.join(parts)}. " if parts else ""
    others = len(diff.other_files)
    return f"{resources}Files: {len(diff.files)}" + (
        f", of which {others} not only resources." if others else "."
    )


def _lines(diff: Diff) -> Iterator[str]:
    for resource in diff.resources:
        yield from _resource(resource)
    for file in diff.other_files:
        yield _file(file)


def _resource(change: ResourceChange) -> Iterator[str]:
    place = change.path
    if change.previous_path:
        place = f"{change.previous_path} → {change.path}"
    yield f"{_MARKS[change.change]} {change.resource}  ({place})"
    for each in change.fields:
        if is_secret(change.resource, each.path):
            yield f"    {each.path}: {each.change} (a secret is not shown)"
        else:
            yield from _field(each)


def is_secret(resource: ResourceId | None, field: str) -> bool:
    """Whether a field holds what must not be on a screen or in a log: the data of Secrets."""
    if resource is None or (resource.group, resource.kind) != ("", "Secret"):
        return False
    return field.startswith(("data", "stringData"))


def _field(change: FieldChange) -> Iterator[str]:
    start = f"    {change.path}: "
    match change.change:
        case Change.ADDED:
            yield f"{start}+ {_shown(change.after)}"
        case Change.REMOVED:
            yield f"{start}- {_shown(change.before)}"
        case Change.REORDERED:
            yield f"{start}order {_shown(change.before)} → {_shown(change.after)}"
        case _ if _is_long(change.before) and _is_long(change.after):
            yield start.rstrip()
            yield from _text_lines(str(change.before), str(change.after))
        case _:
            yield f"{start}{_shown(change.before)} → {_shown(change.after)}"


def _is_long(value: Data) -> bool:
    return isinstance(value, str) and "\n" in value


def _text_lines(before: str, after: str) -> Iterator[str]:
    """The lines that changed in a text, with those around them."""
    olds, news = lines_of(before), lines_of(after)
    for line in hunks(olds, news, differing_blocks(olds, news)):
        yield from (f"    | {each}" for each in line.rstrip("\n").split("\n"))


def _shown(value: Data) -> str:
    is_plain = isinstance(value, str) and value.isprintable() and value.strip() == value != ""
    text = str(value) if is_plain else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _file(change: FileChange) -> str:
    name = change.path
    if change.previous_path:
        name = f"{change.previous_path} → {change.path}"
    facts = list(_facts(change))
    return f"{_MARKS[change.change]} {name}" + (f"  ({', '.join(facts)})" if facts else "")


def _facts(change: FileChange) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None or after is None or before.blob != after.blob:
        yield from filter(None, (_NATURES[change.nature],))
    if change.modes is not None:
        yield f"mode {change.modes[0]} → {change.modes[1]}"
