"""Schemas from directories that a config names, laid out as kubeconform expects them.

Pure but for the port that reads files. A location is a directory, by absolute path or `file://`
URL, or a template of file names that ends in `.json`; `default` stands for what is shipped.
Source    the layout and the variables of kubeconform.
Errors    Rejected for a location that is none; BadSchema for a file that is no schema.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from porch.functions.builtin.contract import Rejected, SchemaFiles
from porch.functions.schemas.checker import BadSchema, Checker
from porch.functions.schemas.kubernetes import Kind

DEFAULT = "default"
_LAYOUT = (
    "{{.NormalizedKubernetesVersion}}-standalone{{.StrictSuffix}}/{{.ResourceKind}}"
    "{{.KindSuffix}}.json"
)
_VARIABLE = re.compile(r"\{\{-?\s*\.(\w+)\s*-?\}\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\Z")


def template_of(location: str) -> str:
    """The template of absolute paths that a location stands for."""
    url = urlsplit(location)
    path = unquote(url.path) if url.scheme == "file" and not url.netloc else location
    if url.scheme not in ("", "file") or not path.startswith("/"):
        found = f"{url.scheme}://{url.hostname or ''}…" if url.scheme else location
        raise Rejected(
            "a schema location must be the absolute path of a directory or its `file://` URL, "
            f"found {found!r}: functions have no network"
        )
    return path if path.endswith(".json") else f"{path.rstrip('/')}/{_LAYOUT}"


def checker(template: str, kind: Kind, files: SchemaFiles, *, strict: bool) -> Checker | None:
    """What checks resources of a kind by its file; None when there is no such file."""
    if not all(_NAME.match(part) for part in kind if part):
        return None  # it would name other files
    path = _VARIABLE.sub(lambda at: _variable(at[1], kind, strict=strict), template)
    text = files.read(path)
    if text is None:
        return None
    return Checker(_parsed(text, path), uri=f"file://{path}", retrieve=_Files(files))


def _variable(name: str, kind: Kind, *, strict: bool) -> str:
    suffix = [kind.group.partition(".")[0], kind.version] if kind.group else [kind.version]
    variables = {
        "NormalizedKubernetesVersion": "master",
        "StrictSuffix": "-strict" if strict else "",
        "ResourceKind": kind.kind.lower(),
        "ResourceAPIVersion": kind.version,
        "Group": kind.group,
        "KindSuffix": "".join(f"-{part.lower()}" for part in suffix),
    }
    if name not in variables:
        known = ", ".join(variables)
        raise Rejected(f"a schema location must use variables of {known}, found {name!r}")
    return variables[name]


def _parsed(text: str, path: str) -> dict[str, Any]:
    try:
        schema = json.loads(text)
    except ValueError as err:
        raise BadSchema(f"{path} must be a JSON schema: {err}") from err
    if not isinstance(schema, dict):
        raise BadSchema(f"{path} must be a JSON schema, found {type(schema).__name__}")
    return schema


class _Files:
    """Retrieves what schemas refer to, from files only."""

    def __init__(self, files: SchemaFiles) -> None:
        self._files = files

    def __call__(self, uri: str) -> Mapping[str, Any]:
        url = urlsplit(uri)
        if url.scheme != "file":
            raise ValueError(f"`$ref` must name a file, found {uri!r}: functions have no network")
        path = unquote(url.path)
        try:
            text = self._files.read(path)
        except Rejected as err:
            raise ValueError(err.message) from err
        if text is None:
            raise ValueError(f"`$ref` must name a file that exists, found {path!r}")
        return _parsed(text, path)
