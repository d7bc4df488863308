"""Symbolic links that would lead out of a package. Pure."""

from posixpath import dirname, isabs, join, normpath

from porch.kpt.content import Content, File, FileMode


def without_escaping_links(content: Content) -> tuple[Content, tuple[str, ...]]:
    """The content without links to what is not in it, and the paths of those."""
    escaping = tuple(path for path, file in content.items() if _escapes(path, file))
    if not escaping:
        return content, ()
    return Content({path: content[path] for path in content if path not in escaping}), escaping


def _escapes(path: str, file: File) -> bool:
    if file.mode is not FileMode.SYMLINK or file.data is None:
        return False
    target = file.data.decode("utf-8", "surrogateescape")
    return isabs(target) or normpath(join(dirname(path), target)).split("/")[0] == ".."
