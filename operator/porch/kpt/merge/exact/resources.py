"""kpt's merge of the YAML files of one package, its sub-packages left out.

Pure. A resource is known by group, kind, name, namespace and file; the mark of a clone counts for
name and namespace. Every file that is read is laid out anew. Where a document stands, and how its
lists are indented, follows upstream where upstream has changed it.
Errors    DuplicateResource, Unmergeable, BadYaml.
Source    kpt's merge3 strategy, resource matcher and package reader.
"""

from collections.abc import Callable

from porch.kpt.content import BlobId, File, FileMode
from porch.kpt.files import reading_order, text_of
from porch.kpt.merge.conflicts import Conflict, ResourceId, Taken
from porch.kpt.merge.documents import (
    DocumentFiles,
    DuplicateResource,
    MergeDocument,
    bytes_of,
)
from porch.kpt.merge.exact.fields import Walker, type_shape
from porch.kpt.merge.exact.sources import Sources, Unmergeable
from porch.kpt.merge.fields import FieldConflict, merge_fields
from porch.kpt.merge.identity import group_of, merge_name, own_name
from porch.kpt.merge.matching import Match, match_by_file
from porch.kpt.merge.outcomes import conflict_of, without_aliases
from porch.kpt.merge.sides import PackageFiles, Side, Three
from porch.kpt.packages import BARE_SEQUENCE_KEY
from porch.kpt.yaml.emit import emit, emit_document
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import FLOW, PLAIN, Kind, Node
from porch.kpt.yaml.parse import Document, parse

Tell = Callable[[Conflict], None]


def merge_resources(
    sides: Three[PackageFiles], *, place: str, tell: Tell, limits: YamlLimits
) -> dict[str, File | None]:
    """What becomes of the files that hold resources; paths are in the package at `place`."""
    local = _Reader(place, limits).read(Side.LOCAL, sides.local)
    upstream = _Reader(place, limits)
    original, updated = (
        upstream.read(side, sides.of(side)) for side in (Side.ORIGINAL, Side.UPDATED)
    )
    merged: dict[str, list[MergeDocument]] = {each.path: [] for each in local}
    for match in match_by_file(Three(original, updated, local)):
        try:
            result = _outcome(match, tell)
        except Unmergeable as error:
            raise error.located(place + match.path) from error
        if result is not None:
            merged.setdefault(result.path, []).append(result)
    return {path: _written(path, each, sides) for path, each in merged.items()}


# -- reading


class _Reader:
    """Reads the documents of a package's own files.

    A file that is the same on two sides is read once for both: only what differs between original
    and updated ever gets from there into local's tree.
    """

    def __init__(self, place: str, limits: YamlLimits) -> None:
        self._place = place
        self._limits = limits
        self._known: dict[tuple[str, BlobId], list[MergeDocument]] = {}

    def read(self, side: Side, files: PackageFiles) -> list[MergeDocument]:
        """All documents of a side, none of them twice."""
        known = DocumentFiles(files)
        found: list[MergeDocument] = []
        for path in reading_order(path for path in files if path in known):
            if files[path].mode is FileMode.SYMLINK:
                continue
            names: set[str] = set()
            for each in self._documents(path, files[path]):
                if each.name in names:
                    raise DuplicateResource(
                        side, self._place + path, each.resource, line=each.root.line
                    )
                names.add(each.name)
                found.append(each)
        return found

    def _documents(self, path: str, file: File) -> list[MergeDocument]:
        documents = self._known.get((path, file.blob))
        if documents is None:
            source = self._place + path
            text = text_of(bytes_of(file, source), source)
            documents = [
                _merge_document(path, index, document)
                for index, document in enumerate(parse(text, source=source, limits=self._limits))
            ]
            self._known[path, file.blob] = documents
        return documents


def _merge_document(path: str, index: int, document: Document) -> MergeDocument:
    root = document.root
    if root.kind is Kind.SEQUENCE:
        root = Node.mapping([(BARE_SEQUENCE_KEY, root)])
    make_room_for_annotations(root)
    namespace, name = merge_name(root) or own_name(root)
    resource = ResourceId(group_of(root), root.text("kind"), namespace, name)
    return MergeDocument(path, index, repr(resource), resource, root, document.wide)


def make_room_for_annotations(root: Node) -> None:
    """kpt notes paths as annotations while it merges; what is seen of it is where they stand."""
    metadata = root.get("metadata")
    if metadata is None or not metadata.is_mapping:
        return
    annotations = metadata.get("annotations")
    if annotations is None or not annotations.content:
        metadata.remove("annotations")
        style = FLOW if metadata.style == FLOW else PLAIN
        metadata.content += (Node.string("annotations"), Node(Kind.MAPPING, style=style))


# -- deciding


def _outcome(match: Match, tell: Tell) -> MergeDocument | None:
    original, updated, local = match.original, match.updated, match.local
    if updated is not None and local is not None:
        return _merged(match, updated, local, tell)
    found = updated or local
    if original is None or found is None:
        return found
    if emit_document(original.root) != emit_document(found.root):
        tell(conflict_of(match))
        return local
    return None


def _merged(
    match: Match, updated: MergeDocument, local: MergeDocument, tell: Tell
) -> MergeDocument | None:
    original = match.original
    origin = original.root if original is not None else None

    def tell_field(found: FieldConflict) -> None:
        tell(Conflict(match.path, match.resource, *found[:4], taken=Taken.UPDATED))

    sources = Sources(local.root, origin, updated.root)
    roots = without_aliases(Three(origin, updated.root, local.root))
    merge_fields(roots, type_shape(sources), tell=tell_field)
    root = Walker().walk(sources)
    if root is None:
        return None
    index, wide = local.index, local.wide
    if original is None or updated.index != original.index:
        index = updated.index
    if original is None or updated.wide is not original.wide:
        wide = updated.wide
    return MergeDocument(local.path, index, local.name, local.resource, root, wide)


# -- writing


def _written(path: str, documents: list[MergeDocument], sides: Three[PackageFiles]) -> File | None:
    if not documents:
        return None
    ordered = sorted(documents, key=lambda each: each.index)
    text = emit([plain(each.root, each.wide) for each in ordered])
    before = sides.local.get(path) or sides.updated.get(path)
    return File.of(text.encode(), before.mode if before is not None else FileMode.REGULAR)


def plain(root: Node, wide: bool) -> Document:
    """The document as it is written: without what is empty of its metadata."""
    metadata = root.get("metadata")
    if metadata is not None and metadata.is_mapping:
        annotations = metadata.get("annotations")
        if annotations is not None and annotations.is_mapping and not annotations.content:
            metadata.remove("annotations")
        if not metadata.content:
            root.remove("metadata")
    wrapped = root.get(BARE_SEQUENCE_KEY)
    return Document(root if wrapped is None else wrapped, wide)
