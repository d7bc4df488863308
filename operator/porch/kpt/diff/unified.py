"""A difference as unified text, which `git apply` and `patch` take.

Pure. Renames, modes and links are told in git's extended headers; of binary files only that they
differ. A file that becomes a link, or a link that becomes a file, is removed and added.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from porch.kpt.content import File, FileMode
from porch.kpt.diff.alignment import Block, differing_blocks
from porch.kpt.diff.changes import Diff, FileChange

_CONTEXT: Final = 3  # lines around a change
_NOWHERE: Final = "/dev/null"
_NO_BLOB: Final = "0" * 7


def unified(diff: Diff) -> str:
    """The text; "" when nothing differs."""
    return "".join(line for change in diff.files for line in _file(change))


def _file(change: FileChange) -> Iterator[str]:
    before, after = change.before, change.after
    if before is not None and after is not None and _is_link(before) is not _is_link(after):
        yield from _patch(change.previous_path or change.path, before, change.path, None)
        yield from _patch(change.path, None, change.path, after)
    else:
        yield from _patch(change.previous_path or change.path, before, change.path, after)


def _patch(old: str, before: File | None, new: str, after: File | None) -> Iterator[str]:
    yield f"diff --git {_quoted('a/' + old)} {_quoted('b/' + new)}\n"
    yield from _headers(old, before, new, after)
    if before is not None and after is not None and before.blob == after.blob:
        return
    yield f"index {_short(before)}..{_short(after)}{_common_mode(before, after)}\n"
    olds, news = _lines(before), _lines(after)
    old_name = _NOWHERE if before is None else "a/" + old
    new_name = _NOWHERE if after is None else "b/" + new
    if olds is None or news is None:
        yield f"Binary files {_quoted(old_name)} and {_quoted(new_name)} differ\n"
        return
    blocks = differing_blocks(olds, news)
    if blocks:
        yield f"--- {_quoted(old_name)}{_tab(old_name)}\n"
        yield f"+++ {_quoted(new_name)}{_tab(new_name)}\n"
        yield from hunks(olds, news, blocks)


def _headers(old: str, before: File | None, new: str, after: File | None) -> Iterator[str]:
    if before is None and after is not None:
        yield f"new file mode {after.mode}\n"
    elif after is None and before is not None:
        yield f"deleted file mode {before.mode}\n"
    elif before is not None and after is not None:
        if before.mode is not after.mode:
            yield f"old mode {before.mode}\nnew mode {after.mode}\n"
        if old != new:
            yield f"rename from {_quoted(old)}\nrename to {_quoted(new)}\n"


def _is_link(file: File) -> bool:
    return file.mode is FileMode.SYMLINK


def _short(file: File | None) -> str:
    return _NO_BLOB if file is None else file.blob[:7]


def _common_mode(before: File | None, after: File | None) -> str:
    both = before is not None and after is not None and before.mode is after.mode
    return f" {after.mode}" if both and after is not None else ""


def _lines(file: File | None) -> list[str] | None:
    """The lines with their ends; None for what is no text. A link's text is its target."""
    if file is None:
        return []
    text = file.text
    if text is None and _is_link(file) and file.data is not None:
        text = file.data.decode("utf-8", "replace")
    return None if text is None else lines_of(text)


def _tab(name: str) -> str:
    """What ends a name with blanks for readers of patches."""
    return "\t" if " " in name and not _quoted(name).startswith('"') else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"' if '"' in name else name


# -- hunks


def lines_of(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def hunks(olds: list[str], news: list[str], blocks: Iterable[Block]) -> Iterator[str]:
    """The blocks as hunks, with the lines around them."""
    for group in _grouped(blocks):
        first, last = group[0], group[-1]
        start = max(first.before_start - _CONTEXT, 0)
        end = min(last.before_end + _CONTEXT, len(olds))
        shift = first.after_start - first.before_start
        length = end - start + sum(_growth(block) for block in group)
        yield f"@@ -{_range(start, end - start)} +{_range(start + shift, length)} @@\n"
        at = start
        for block in group:
            yield from _marked(" ", olds[at : block.before_start])
            yield from _marked("-", olds[block.before_start : block.before_end])
            yield from _marked("+", news[block.after_start : block.after_end])
            at = block.before_end
        yield from _marked(" ", olds[at:end])


def _grouped(blocks: Iterable[Block]) -> list[list[Block]]:
    """Blocks so near to each other that their surroundings touch go together."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block.before_start - groups[-1][-1].before_end <= 2 * _CONTEXT:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _growth(block: Block) -> int:
    return (block.after_end - block.after_start) - (block.before_end - block.before_start)


def _range(start: int, length: int) -> str:
    """Lines count from 1; an empty range names the line before it."""
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield (
            f"{mark}{line}"
            if line.endswith("\n")
            else f"{mark}{line}\n\\ No newline at end of file\n"
        )
