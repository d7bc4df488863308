"""Which files of a package people changed since it was cloned.

Pure. Layout, order of fields, and the marks that a clone sets are no change; comments are one. Of a
Kptfile name, upstream, lock and what renders said do not count.
"""

from collections.abc import Mapping
from posixpath import basename
from typing import Final

from porch.kpt.content import File
from porch.kpt.files import text_of
from porch.kpt.kptfile import KPTFILE
from porch.kpt.kptfile_edit import remove_condition, remove_field
from porch.kpt.merge.documents import DocumentFiles, bytes_of
from porch.kpt.merge.identity import unmarked
from porch.kpt.merge.plainfiles import same_bytes
from porch.kpt.merge.sameness import same_text
from porch.kpt.renderstatus import RENDERED
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

_NO_CHANGE: Final = (
    ("metadata", "name"),
    ("upstream",),
    ("upstreamLock",),
    ("status", "renderStatus"),
)


def changed_files(
    original: Mapping[str, File], local: Mapping[str, File], *, limits: YamlLimits
) -> list[str]:
    """The paths at which local is not what original was, in order."""
    documents = DocumentFiles(local)
    changed: list[str] = []
    for path in sorted({*original, *local}):
        before, now = original.get(path), local.get(path)
        if same_bytes(before, now):
            continue
        is_read = basename(path) == KPTFILE or path in documents
        if not (is_read and before and now and _same_documents(path, before, now, limits)):
            changed.append(path)
    return changed


def _same_documents(path: str, before: File, now: File, limits: YamlLimits) -> bool:
    try:
        one, other = (_documents(file, path, limits) for file in (before, now))
    except BadYaml:
        return False  # other bytes, and no telling what they mean
    return len(one) == len(other) and all(map(same_text, one, other))


def _documents(file: File, path: str, limits: YamlLimits) -> list[Node]:
    """The documents, without what does not count."""
    text = text_of(bytes_of(file, path), path)
    roots = [unmarked(document.root) for document in parse(text, source=path, limits=limits)]
    if basename(path) == KPTFILE:
        for root in roots:
            remove_condition(root, RENDERED)
            for field in _NO_CHANGE:
                remove_field(root, *field)
    return roots
