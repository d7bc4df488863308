"""The merge of YAML files that changed on both sides: document by document.

Pure. A resource that one side moved to another file gets, where it now is, what the other side made
of it; the files to which such resources were moved take part.
Layout    a file whose documents all read as on one side keeps that side's bytes; any other one is
          laid out as kpt does.
Errors    those of reading: BadYaml, DuplicateResource, Unread.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from porch.kpt.content import File
from porch.kpt.merge.conflicts import Conflict, ResourceId
from porch.kpt.merge.documents import DocumentFiles, MergeDocument, read_documents
from porch.kpt.merge.matching import Match, lost, match_documents
from porch.kpt.merge.ordering import merged_order
from porch.kpt.merge.outcomes import outcome
from porch.kpt.merge.plainfiles import merge_file, merged_mode, with_mode
from porch.kpt.merge.schemas import Schemas
from porch.kpt.merge.sides import PackageFiles, Side, Three
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.parse import Document


class Contest:
    """The files of one merge, and what was found out about them."""

    def __init__(
        self, sides: Three[PackageFiles], documents: DocumentFiles, *, limits: YamlLimits
    ) -> None:
        self.conflicts: list[Conflict] = []
        self._sides = sides
        self._are_documents = documents
        self._limits = limits
        self._read: dict[tuple[Side, str], list[MergeDocument]] = {}

    def merge(self, paths: Iterable[str]) -> dict[str, File | None]:
        """What becomes of these files, and of those to which their resources were moved."""
        contested = set(paths)
        matches = self._matches(contested)
        further = self._holding(lost(matches)) - contested
        if further:
            contested |= further
            matches = self._matches(contested)
        schemas = Schemas(self._sides, self._limits)
        results = [outcome(match, schemas, self.conflicts.append) for match in matches]
        order = _orders(matches)
        kept: dict[str, dict[str, Document]] = defaultdict(dict)
        for number, (match, result) in enumerate(zip(matches, results, strict=True)):
            if result is not None:
                kept[match.path][str(number)] = result
        return {
            path: self._file(
                path, [kept[path][each] for each in order.get(path, ()) if each in kept[path]]
            )
            for path in sorted(contested)
        }

    # -- reading

    def _matches(self, paths: Iterable[str]) -> list[Match]:
        ordered = sorted(paths)
        original, updated, local = (
            [document for path in ordered for document in self._documents(side, path)]
            for side in Side
        )
        return match_documents(Three(original, updated, local))

    def _documents(self, side: Side, path: str) -> list[MergeDocument]:
        found = self._read.get((side, path))
        if found is None:
            file = self._sides.of(side).get(path)
            found = read_documents(file, path, side, limits=self._limits)
            self._read[side, path] = found
        return found

    def _holding(self, resources: set[ResourceId]) -> set[str]:
        """The files, changed on one side, that hold one of these resources on that side."""
        if not resources:
            return set()
        return {
            path
            for side in (Side.UPDATED, Side.LOCAL)
            for path, file in self._sides.of(side).items()
            if path in self._are_documents
            and self._sides.original.get(path) != file
            and _may_hold(file, resources)
            and any(document.resource in resources for document in self._documents(side, path))
        }

    # -- writing

    def _file(self, path: str, documents: Sequence[Document]) -> File | None:
        files = self._sides.map(lambda files: files.get(path))
        read = {side: self._documents(side, path) for side in Side}
        if not any(read.values()):
            chosen, conflict = merge_file(files, path)
            self.conflicts += [conflict] if conflict is not None else []
            return chosen
        if not documents:
            return None
        for side in (Side.LOCAL, Side.UPDATED):
            file = files.of(side)
            if file is not None and _reads_as(documents, read[side]):
                return with_mode(file, merged_mode(files))
        return File.of(emit(documents).encode(), merged_mode(files))


def _may_hold(file: File, resources: Iterable[ResourceId]) -> bool:
    data = file.data or b""
    return any(resource.name.encode() in data for resource in resources)


def _reads_as(documents: Sequence[Document], read: Sequence[MergeDocument]) -> bool:
    return len(documents) == len(read) and all(
        document.root is other.root or document.root == other.root
        for document, other in zip(documents, read, strict=True)
    )


def _orders(matches: Sequence[Match]) -> dict[str, list[str]]:
    """For each file the numbers of its matches, in the order of its documents."""
    original, updated, local = (_numbers([match.of(side) for match in matches]) for side in Side)
    return {
        path: merged_order(Three(original[path], updated[path], local[path]))
        for path in {*original, *updated, *local}
    }


def _numbers(documents: Sequence[MergeDocument | None]) -> dict[str, list[str]]:
    """For each file of one side the places of its documents in `documents`, in reading order."""
    places: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, document in enumerate(documents):
        if document is not None:
            places[document.path].append((document.index, str(number)))
    found: dict[str, list[str]] = defaultdict(list)
    for path, each in places.items():
        found[path] = [number for _, number in sorted(each)]
    return found
