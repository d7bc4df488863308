"""Items to files: where each goes, in which order, and the text of every file.

Pure. Items are consumed: bookkeeping annotations are taken off them.
Order     within a file by index; items without one follow the highest index of the file, ties
          keep the order of the list.
Errors    BadItems for a path or index that cannot be.
Source    kyaml's package writer and kpt's path adjustment.
"""

from collections.abc import Iterable, Sequence
from posixpath import isabs, join, normpath, relpath
from typing import Final

from porch.kpt import annotations
from porch.kpt.annotations import annotation, index_of, path_of, remove_annotation, set_annotation
from porch.kpt.execution import BadItems
from porch.kpt.filetext import file_text
from porch.kpt.packages import BARE_SEQUENCE_KEY
from porch.kpt.resourcelist import write_input
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.node import Kind, Node
from porch.kpt.yaml.parse import Document

_BOOKKEEPING: Final = (
    annotations.PATH,
    annotations.LEGACY_PATH,
    annotations.INDEX,
    annotations.LEGACY_INDEX,
    annotations.SEQ_INDENT,
    annotations.PACKAGE_PATH,
)


def place_items(items: Iterable[Node], root: str) -> None:
    """Make every path relative to the root, and drop the package that it was relative to."""
    for item in items:
        path = final_path(item, root)
        set_annotation(item, annotations.PATH, path)
        set_annotation(item, annotations.LEGACY_PATH, path)
        remove_annotation(item, annotations.PACKAGE_PATH)


def final_path(item: Node, root: str) -> str:
    """Where the item goes, relative to the root."""
    package = annotation(item, annotations.PACKAGE_PATH) or root
    directory = relpath(package, root) if isabs(package) else ".."
    path = normpath(join(directory, path_of(item).lstrip("/")))
    if directory.startswith("..") or path.startswith("../") or path in ("..", "."):
        raise BadItems(
            f"resource must be written under package {root}: its path is {path_of(item)!r} in"
            f" package {package!r}"
        )
    return path


def write_files(items: Sequence[Node]) -> dict[str, str]:
    """The text of every file that the placed `items` make up, by path from the root."""
    files: dict[str, str] = {}
    for path, members in _by_path(items).items():
        ordered = sorted(zip(_indexes(members), members, strict=True), key=lambda pair: pair[0])
        files[path] = file_text(path, [plain_document(item) for _, item in ordered])
    _check_directories(files)
    return files


def plain_document(item: Node) -> Document:
    """The item as a document, without what render noted on it."""
    wide = annotation(item, annotations.SEQ_INDENT) == "wide"
    for key in _BOOKKEEPING:
        remove_annotation(item, key)
    metadata = item.get("metadata")
    if metadata is not None and metadata.kind is Kind.MAPPING and not metadata.content:
        item.remove("metadata")
    wrapped = item.get(BARE_SEQUENCE_KEY)
    return Document(item if wrapped is None else wrapped, wide)


def _by_path(items: Iterable[Node]) -> dict[str, list[Node]]:
    files: dict[str, list[Node]] = {}
    for item in items:
        files.setdefault(path_of(item), []).append(item)
    return files


def _indexes(members: Sequence[Node]) -> list[int]:
    written = [index_of(item) for item in members]
    numbers = [_number(item, text) for item, text in zip(members, written, strict=True) if text]
    following = max(numbers, default=0)
    indexes: list[int] = []
    for item, text in zip(members, written, strict=True):
        if text:
            indexes.append(_number(item, text))
        else:
            indexes.append(following)
            following += 1
    return indexes


def _number(item: Node, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadItems(
            f"{path_of(item)}: the index annotation must be an integer, found {text!r}"
        ) from None


def _check_directories(files: Iterable[str]) -> None:
    paths = set(files)
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in paths:
                raise BadItems(f"{folder} must not be both a file and the folder of {path}")
            folder = folder.rpartition("/")[0]


def resource_list_text(items: Sequence[Node]) -> str:
    """Placed items as one ResourceList, with their annotations."""
    return write_input(items)


def unwrapped_text(items: Sequence[Node]) -> str:
    """Placed items as plain documents."""
    return emit([plain_document(item) for item in items])
