"""The marks by which later merges find a resource again, also when it was renamed locally.

Pure. Each document with a name, namespace or labels gets once the comment `# kpt-merge:
<namespace>/<name>` on its `metadata`, and the annotation `internal.kpt.dev/upstream-identifier`, as
the comment then says. The Kptfile gets them, too. A file that has them keeps its bytes; one that is
no YAML, or that a `.krmignore` hides, has no resources to mark.
Mode KPT  Kptfiles get none, every YAML file is laid out anew, and one bad file stops it all.
Source    kpt's merge comments; the annotation as Porch writes it.
"""

from posixpath import basename

from porch.kpt.annotations import UPSTREAM_IDENTIFIER, annotation, set_annotation
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, PackageLimits, reading_order
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge.documents import DocumentFiles
from porch.kpt.merge.exact.resources import make_room_for_annotations, plain
from porch.kpt.merge.identity import MARK, identifier, own_name
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse


def ensure_merge_keys(
    content: Content,
    *,
    mode: Compatibility = Compatibility.DEFAULT,
    limits: PackageLimits = DEFAULT_PACKAGE_LIMITS,
) -> Content:
    """The content with every resource marked."""
    if mode is Compatibility.KPT:
        return _marked_by_kpt(content, limits.yaml)
    known = DocumentFiles(content)
    return Content(
        {
            path: _marked(file, limits.yaml) if path in known or basename(path) == KPTFILE else file
            for path, file in content.items()
        }
    )


def _marked(file: File, limits: YamlLimits) -> File:
    text = file.text
    if text is None:
        return file
    try:
        documents = parse(text, limits=limits)
    except BadYaml:
        return file
    if not any([mark(document.root) for document in documents]):
        return file
    return File.of(emit(documents).encode(), file.mode)


def mark(root: Node) -> bool:
    """Mark a resource; False when it is marked already or is not to be."""
    key, metadata = root.key("metadata"), root.get("metadata")
    if key is None or metadata is None or not metadata.is_mapping or not _is_findable(root):
        return False
    has_comment = MARK in key.line_comment
    if not has_comment:
        key.line_comment = f"# {MARK} {'/'.join(own_name(root))}"
    wanted = identifier(root)
    if annotation(root, UPSTREAM_IDENTIFIER) == wanted:
        return not has_comment
    set_annotation(root, UPSTREAM_IDENTIFIER, wanted)
    return True


def _is_findable(root: Node) -> bool:
    """Whether a document says enough about itself to be found again."""
    labels = root.at("metadata", "labels")
    return any(own_name(root)) or (labels is not None and bool(labels.content))


def _marked_by_kpt(content: Content, limits: YamlLimits) -> Content:
    known = DocumentFiles(content)
    files = dict(content)
    try:
        for path in reading_order(path for path in content if path in known):
            documents = parse(content[path].text or "", limits=limits)
            for document in documents:
                make_room_for_annotations(document.root)
                mark(document.root)
            if documents:
                text = emit([plain(document.root, document.wide) for document in documents])
                files[path] = File.of(text.encode(), content[path].mode)
    except BadYaml:
        return content
    return Content(files)
