"""Whether kpt takes two packages for the same: by text laid out anew, so comments and order count.

Pure. Kptfiles are compared as structures, without upstream and lock, the root's without its name;
one that `kpt pkg get` made because the original has none is no change.
"""

from collections.abc import Mapping
from posixpath import basename
from typing import Final

from porch.kpt.content import File
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge.exact.kptfiles import comparable
from porch.kpt.merge.plainfiles import same_bytes
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.parse import parse

_NEW_KPTFILE: Final = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {}\n"


def changed_files(
    original: Mapping[str, File], local: Mapping[str, File], *, place: str, limits: YamlLimits
) -> list[str]:
    """The paths at which a package is another; it is at `place`, "" for the root."""
    changed: list[str] = []
    for path in sorted({*original, *local}):
        before, now = original.get(path), local.get(path)
        if before is None and now is not None and not place and path == KPTFILE:
            if comparable(now, path, is_root=True, limits=limits) != _NEW_KPTFILE:
                changed.append(path)
        elif before is None or now is None:
            changed.append(path)
        elif not same_bytes(before, now):
            one, other = (_comparable(path, each, place, limits) for each in (before, now))
            if one is None or one != other:
                changed.append(path)
    return changed


def _comparable(path: str, file: File, place: str, limits: YamlLimits) -> str | None:
    """The text of a file laid out anew; None for what is no YAML."""
    if basename(path) == KPTFILE:
        return comparable(file, place + path, is_root=not place, limits=limits)
    text = file.text
    try:
        return None if text is None else emit(parse(text, limits=limits))
    except BadYaml:
        return None
