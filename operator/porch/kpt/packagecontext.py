"""The package context: a ConfigMap that tells functions the name and the path of the package.

Pure. One of these is at the root of a package at most; those of packages below are dropped when a
new one is made, as the function gen-pkg-context does.
"""

from typing import Final

from porch.kpt.annotations import LOCAL_CONFIG
from porch.kpt.content import Content, File
from porch.kpt.yaml.emit import emit, emit_document
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data, Node
from porch.kpt.yaml.parse import parse

NAME: Final = "kptfile.kpt.dev"
FILE: Final = "package-context.yaml"

_YAML: Final = (".yaml", ".yml")


def context_of(name: str, *, path: str = "") -> Node:
    """The ConfigMap; `path` is left out when it is empty."""
    data: dict[str, Data] = {"name": name}
    if path:
        data["package-path"] = path
    return Node.from_data(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "annotations": {LOCAL_CONFIG: "true"}},
            "data": data,
        }
    )


def is_context(item: Node) -> bool:
    """Whether a resource is a package context."""
    is_config_map = item.text("kind") == "ConfigMap" and item.text("apiVersion") == "v1"
    return is_config_map and item.text("metadata", "name") == NAME


def with_context(content: Content, *, name: str, path: str) -> Content:
    """The package with a context of its own; every other one in it goes."""
    files = dict(content)
    for file_path, file in content.items():
        text = file.text
        if text is None or NAME not in text or not file_path.endswith(_YAML):
            continue
        kept = _without_contexts(file_path, text)
        if kept is None:
            del files[file_path]
        elif kept != text:
            files[file_path] = File.of(kept.encode(), file.mode)
    files[FILE] = File.of(emit_document(context_of(name, path=path)).encode())
    return Content(files)


def _without_contexts(path: str, text: str) -> str | None:
    """The text of a file without contexts; None when nothing else is in it.

    A file that is no YAML stays as it is: the render says what is wrong with it.
    """
    try:
        documents = parse(text, source=path)
    except BadYaml:
        return text
    kept = [each for each in documents if not is_context(each.root)]
    if len(kept) == len(documents):
        return text
    return emit(kept) if kept else None
