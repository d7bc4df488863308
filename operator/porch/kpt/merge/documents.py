"""The documents of a package's YAML files, each with the name by which a merge finds it again.

Pure. A document is named by its resource, one without a name by its number, too; the names of one
file are unique.
Errors    BadYaml and DuplicateResource, which name the side, the file and the line.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import ClassVar, Final

from porch.errors import Permanent
from porch.kpt.content import File
from porch.kpt.files import BadPackage, text_of
from porch.kpt.kptfile import KPTFILE
from porch.kpt.krmignore import KRMIGNORE, Ignore
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.merge.identity import resource_id
from porch.kpt.merge.sides import Side
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

YAML_SUFFIXES: Final = (".yaml", ".yml")


class DuplicateResource(Permanent):
    """A file holds a resource twice, so no merge can tell which is which."""

    reason: ClassVar[str] = "DuplicateResource"

    def __init__(self, side: Side, path: str, resource: ResourceId, *, line: int) -> None:
        super().__init__(
            f"{side} {path}: line {line}: a file must hold a resource once, found {resource} a"
            " second time: remove or rename it"
        )
        self.side, self.path, self.resource, self.line = side, path, resource, line


class Unread(BadPackage):
    """A file's bytes are needed and were not read from where they are stored."""


@dataclass(slots=True, eq=False)
class MergeDocument:
    """One document of one side."""

    path: str
    index: int
    name: str  # unique in its file
    resource: ResourceId
    root: Node
    wide: bool


def bytes_of(file: File, path: str) -> bytes:
    """The bytes of a file; Unread when only its id is known."""
    if file.data is None:
        raise Unread(f"{path}: the bytes of blob {file.blob} must be read before the merge")
    return file.data


def read_documents(
    file: File | None, path: str, side: Side, *, limits: YamlLimits
) -> list[MergeDocument]:
    """The documents of a file, in order; none when it is absent."""
    if file is None:
        return []
    source = f"{side} {path}"
    found: list[MergeDocument] = []
    numbers: Counter[ResourceId] = Counter()
    for document in parse(text_of(bytes_of(file, path), source), source=source, limits=limits):
        resource = resource_id(document.root)
        numbers[resource] += 1
        name = str(resource)
        if not resource.kind or not resource.name:
            name += f" number {numbers[resource]}"
        elif numbers[resource] > 1:
            raise DuplicateResource(side, path, resource, line=document.root.line)
        root, wide = document.root, document.wide
        found.append(MergeDocument(path, len(found), name, resource, root, wide))
    return found


class DocumentFiles:
    """Which paths of a package hold documents: YAML files that no `.krmignore` hides."""

    def __init__(self, files: Mapping[str, File]) -> None:
        self._ignores = {
            dirname(path): Ignore(file.text or "")
            for path, file in files.items()
            if basename(path) == KRMIGNORE
        }
        self._packages = {"", *(dirname(path) for path in files if basename(path) == KPTFILE)}

    def __contains__(self, path: str) -> bool:
        return path.endswith(YAML_SUFFIXES) and not (self._ignores and self._is_hidden(path))

    def _is_hidden(self, path: str) -> bool:
        package = dirname(path)
        while package not in self._packages:
            package = dirname(package)
        ignore = self._ignores.get(package)
        inside = path[len(package) + 1 :] if package else path
        return ignore is not None and ignore.hides(inside)
