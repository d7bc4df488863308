"""The render record: what was rendered from what, and what a new write therefore means.

Pure. The record is written before the rendered files are, so after a crash a content equal to its
output is done, one equal to its input is written again, and anything else is a new input.

A render changes some files, adds others and may remove some, while a client that applies a manifest
again sends only the files that it owns. `read_edit` therefore decides file by file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from porch.kpt.content import BlobId, Content, Digest, File, FileMode

MAX_INPUTS = 32  # paths kept in a record, changed and generated; beyond it a re-apply is rendered


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
    output: Digest  # of what is kept: the rendered content, or the user's when it failed
    succeeded: bool
    error: str = ""  # why it failed, with function and file
    inputs: Mapping[str, BlobId] | None = None  # input of each changed path; None: too many
    generated: frozenset[str] = frozenset()  # paths that the render added; empty with None
    functions: tuple[FunctionRun, ...] = ()
    finished_at: datetime | None = None
    resources_generation: int = 0  # generation of the resources that show the output; 0: not yet

    @property
    def what_ran(self) -> str:
        """How many functions ran, in words."""
        count = len(self.functions)
        return f"{count} function{'' if count == 1 else 's'} ran"


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
    """The inputs of the paths that a render changed or removed; None when too much to keep."""
    changed = {path: file.blob for path, file in before.items() if not _has(after, path, file)}
    added = sum(1 for path in after if path not in before)
    return changed if len(changed) + added <= MAX_INPUTS else None


def generated_paths(before: Content, after: Content) -> frozenset[str]:
    """The paths that a render added; none when they are too many to keep."""
    if changed_inputs(before, after) is None:
        return frozenset()
    return frozenset(path for path in after if path not in before)


def following(before: RenderRecord, record: RenderRecord) -> RenderRecord:
    """The record of what was made of an output, with the files that the output came from.

    NB: the input of the record stays that output; a crash may leave it stored.
    """
    if before.inputs is None or record.inputs is None:
        return replace(record, inputs=None, generated=frozenset())
    untold = {path: blob for path, blob in record.inputs.items() if path not in before.generated}
    inputs = untold | dict(before.inputs)
    generated = before.generated | record.generated
    if len(inputs) + len(generated) > MAX_INPUTS:
        return replace(record, inputs=None, generated=frozenset())
    return replace(record, inputs=inputs, generated=generated)


def published_record(record: RenderRecord) -> RenderRecord:
    """What is kept when nothing can be applied again: that this content was rendered."""
    return replace(record, inputs=None, generated=frozenset(), functions=())


def read_edit(
    new: Content, record: RenderRecord, rendered: Content | None, find: FindBlob
) -> Reading:
    """What the content `new`, written over the content of `record`, means.

    `rendered` is the record's output when it is still at hand, and `find` gives bytes of its input
    files; without them a re-apply counts as an edit, and rendering it ends in the same content.
    """
    if rendered is None or not record.succeeded or record.inputs is None:
        return Edited(new)
    render = _Render(rendered, record.inputs, record.generated)
    edits = {path: file for path, file in new.items() if not render.explains(path, file)}
    kept = render.input_paths - render.removed_by(new)
    if not edits and kept == render.input_paths:
        return Unchanged(rendered)
    inputs = {path: render.input_of(path, new, find) for path in kept}
    return Edited(Content({path: file for path, file in inputs.items() if file} | edits))


@dataclass(frozen=True, slots=True)
class _Render:
    """A render that was recorded, with its output at hand."""

    rendered: Content
    inputs: Mapping[str, BlobId]
    generated: frozenset[str]

    @property
    def input_paths(self) -> set[str]:
        return (set(self.rendered) - self.generated) | set(self.inputs)

    def explains(self, path: str, file: File) -> bool:
        """The value is the rendered one or the input, so it says nothing new."""
        if _has(self.rendered, path, file):
            return True
        return self.inputs.get(path) == file.blob and self._mode(path) is file.mode

    def removed_by(self, new: Content) -> set[str]:
        """The paths that a writer removed.

        NB: who writes back what was rendered never saw a file that rendering removed, so its
        absence means nothing; in a manifest of inputs, absence is a removal.
        """
        missing = self.input_paths - set(new)
        if any(self._is_product(path, file) for path, file in new.items()):
            return missing & set(self.rendered)
        return missing

    def input_of(self, path: str, new: Content, find: FindBlob) -> File | None:
        """The input file of a path; the written one when the input's bytes were forgotten."""
        blob = self.inputs.get(path)
        if blob is None:
            return self.rendered[path]
        written = new.get(path)
        if written is not None and written.blob == blob:
            return written
        found = find(blob)
        return replace(found, mode=self._mode(path)) if found is not None else written

    def _is_product(self, path: str, file: File) -> bool:
        """The value exists only since the render."""
        return _has(self.rendered, path, file) and (path in self.generated or path in self.inputs)

    def _mode(self, path: str) -> FileMode:
        file = self.rendered.get(path)
        return file.mode if file is not None else FileMode.REGULAR


def _has(content: Content, path: str, file: File) -> bool:
    found = content.get(path)
    return found is not None and (found.blob, found.mode) == (file.blob, file.mode)
