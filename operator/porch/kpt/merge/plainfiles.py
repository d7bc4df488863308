"""The merge of files as wholes: everything that is no YAML document.

Pure. Bytes and mode are merged apart, so that an executable bit and an edit both arrive; a symlink
is one with its target. Changed on both sides: local's file stays (or stays away), and a conflict
tells.
"""

from porch.kpt.content import BlobId, File, FileMode
from porch.kpt.merge.conflicts import Conflict, Taken
from porch.kpt.merge.sides import Three

Files = Three[File | None]


def merge_file(sides: Files, path: str) -> tuple[File | None, Conflict | None]:
    """What becomes of one file, and what both sides did to it."""
    original, updated, local = sides
    if same_bytes(original, updated) or same_bytes(updated, local):
        chosen, conflict = local, None
    elif same_bytes(original, local):
        chosen, conflict = updated, None
    else:
        base, theirs, ours = sides.map(_blob)
        chosen = local
        conflict = Conflict(path, None, "", base, ours, theirs, taken=Taken.LOCAL)
    return (chosen and with_mode(chosen, merged_mode(sides)), conflict)


def merged_mode(sides: Files) -> FileMode:
    """The mode that a file of these sides gets."""
    original, updated, local = sides
    if original is not None and updated is not None and local is not None:
        return updated.mode if local.mode is original.mode else local.mode
    present = local or updated or original
    return present.mode if present is not None else FileMode.REGULAR


def with_mode(file: File, mode: FileMode) -> File:
    """The file, executable or not as `mode` says; a symlink stays one."""
    if FileMode.SYMLINK in (mode, file.mode):
        return file
    return File(file.blob, mode, file.data)


def same_bytes(one: File | None, other: File | None) -> bool:
    """Whether both are the same bytes, and both or neither a symlink; or both absent."""
    if one is None or other is None:
        return one is other
    is_link = (one.mode is FileMode.SYMLINK, other.mode is FileMode.SYMLINK)
    return one.blob == other.blob and is_link[0] is is_link[1]


def _blob(file: File | None) -> BlobId | None:
    return file.blob if file is not None else None
