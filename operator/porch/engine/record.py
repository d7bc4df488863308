"""The render record: what was rendered from what, and what a new write therefore means.

Pure. The record is written before the rendered files are, so after a crash a content equal to its
output is done, one equal to its input is written again, and anything else is a new input.

A render changes some files and adds others, while a client that applies a manifest again sends
only the files that it owns. `read_edit` therefore decides file by file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from porch.kpt.content import BlobId, Content, Digest, File

MAX_INPUTS = 32  # paths kept in a record; beyond it a re-apply is rendered again


@dataclass(frozen=True, slots=True)
class FunctionRun:
    """One function that ran."""

    image: str
    exit_code: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class RenderRecord:
    """The outcome of rendering one input."""

    input: Digest
    output: Digest  # of what is kept: the rendered content, or the input when it failed
    succeeded: bool
    error: str = ""  # why it failed, with function and file
    inputs: Mapping[str, BlobId] | None = None  # input of each changed path; None: too many
    generated: frozenset[str] = frozenset()  # paths that the render added
    functions: tuple[FunctionRun, ...] = ()
    finished_at: datetime | None = None
    resources_generation: int = 0  # generation of the resources that show the output; 0: not yet


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The write says nothing new; the rendered content stays."""

    rendered: Content


@dataclass(frozen=True, slots=True)
class Edited:
    """The write is an edit; this is the input to render."""

    input: Content


Reading = Unchanged | Edited
FindBlob = Callable[[BlobId], File | None]


def changed_inputs(before: Content, after: Content) -> Mapping[str, BlobId] | None:
    """The inputs of the paths that a render changed or removed; None when too many to keep."""
    changed = {
        path: file.blob
        for path, file in before.items()
        if path not in after or after[path].blob != file.blob
    }
    return changed if len(changed) <= MAX_INPUTS else None


def generated_paths(before: Content, after: Content) -> frozenset[str]:
    """The paths that a render added."""
    return frozenset(path for path in after if path not in before)


def read_edit(
    new: Content, record: RenderRecord, rendered: Content | None, find: FindBlob
) -> Reading:
    """What the content `new`, written over the content of `record`, means.

    `rendered` is the record's output when it is still at hand, and `find` gives bytes of its input
    files; without them a re-apply counts as an edit, and rendering it ends in the same content.
    """
    if rendered is None or not record.succeeded or record.inputs is None:
        return Edited(new)
    inputs = _inputs(record, rendered)
    effective: dict[str, File] = {}
    for path, file in new.items():
        is_rendered = path in rendered and rendered[path].blob == file.blob
        if not is_rendered:
            effective[path] = file
        elif path in inputs:
            effective[path] = file if file.blob == inputs[path] else find(inputs[path]) or file
    if _same(effective, inputs):
        return Unchanged(rendered)
    return Edited(Content(effective))


def _inputs(record: RenderRecord, rendered: Content) -> dict[str, BlobId]:
    kept = {path: file.blob for path, file in rendered.items() if path not in record.generated}
    return kept | dict(record.inputs or {})


def _same(files: Mapping[str, File], inputs: Mapping[str, BlobId]) -> bool:
    return {path: file.blob for path, file in files.items()} == dict(inputs)
