"""Where a package says that it comes from. Pure.

Directories are written as kpt's command line writes them: with a slash in front, "/" for the root.
In the mode KPT the whole Kptfile is written as kpt writes it, which loses its comments.
Errors: those of a Kptfile that cannot be used.
"""

from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File
from porch.kpt.files import text_of
from porch.kpt.init import init_files
from porch.kpt.kptfile import KPTFILE, Upstream, UpstreamLock, parse_kptfile
from porch.kpt.kptfile_edit import set_package_name, set_upstream, set_upstream_lock
from porch.kpt.merge.exact.structs import as_struct
from porch.kpt.yaml.emit import emit, emit_document
from porch.kpt.yaml.parse import parse


def with_provenance(
    content: Content,
    *,
    name: str,
    upstream: Upstream | None = None,
    lock: UpstreamLock | None = None,
    mode: Compatibility = Compatibility.DEFAULT,
) -> Content:
    """The content as package `name` that comes from there; None leaves what it says itself.

    A directory without a Kptfile becomes a package.
    """
    file = content.get(KPTFILE) or File.of(init_files(name)[KPTFILE].encode())
    text = text_of(file.data or b"", KPTFILE)
    parse_kptfile(text)
    documents = parse(text, source=KPTFILE)
    root = documents[0].root
    set_package_name(root, name)
    if upstream is not None:
        set_upstream(root, upstream)
    if lock is not None:
        set_upstream_lock(root, lock)
    if mode is Compatibility.KPT:
        written = emit_document(as_struct(root), wide=True)
    else:
        written = emit(documents)
    return Content({**content, KPTFILE: File.of(written.encode(), file.mode)})
