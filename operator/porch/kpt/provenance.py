"""Where a package says that it comes from. Pure.

Directories are written as kpt's command line writes them: with a slash in front, "/" for the root.
Errors: those of a Kptfile that cannot be used.
"""

from porch.kpt.content import Content, File
from porch.kpt.files import text_of
from porch.kpt.init import init_files
from porch.kpt.kptfile import KPTFILE, Upstream, UpstreamLock, parse_kptfile
from porch.kpt.kptfile_edit import set_package_name, set_upstream, set_upstream_lock
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.parse import parse


def with_provenance(
    content: Content, *, name: str, upstream: Upstream | None, lock: UpstreamLock | None
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
    return Content({**content, KPTFILE: File.of(emit(documents).encode(), file.mode)})
