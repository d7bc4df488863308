"""A package in a package: taken out, put back. Pure.

Directories are relative to the root of the content; "" is all of it.
"""

from porch.kpt.content import Content


def subtree(content: Content, directory: str) -> Content:
    """What is below a directory, by path from there."""
    if not directory:
        return content
    start = f"{directory}/"
    return Content(
        {path[len(start) :]: file for path, file in content.items() if path.startswith(start)}
    )


def with_subtree(content: Content, directory: str, new: Content) -> Content:
    """The content with all that is below a directory replaced."""
    if not directory:
        return new
    start = f"{directory}/"
    kept = {path: file for path, file in content.items() if not path.startswith(start)}
    return Content(kept | {start + path: file for path, file in new.items()})
