"""The files of a package as a mapping of path to text or bytes, and what may be in it.

Pure. Paths are POSIX, relative to the root. A package is a directory with a file named Kptfile;
its own files are those below it that are in no package deeper down.
Order     the reader's: by the parts of the path, so that a directory's files and folders stand
          interleaved; upper case before lower case.
Errors    BadPackage for paths and sizes; BadYaml for text that is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import ClassVar, Final

from porch.errors import Permanent
from porch.kpt.kptfile import KPTFILE
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits

_RESOURCE_SUFFIXES: Final = (".yaml", ".yml", ".json")


class BadPackage(Permanent):
    """A package holds a path or a size that must not be."""

    reason: ClassVar[str] = "BadPackage"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLimits:
    """How large a package may be, before and after a render."""

    max_files: int = 10_000
    max_file_bytes: int = 16 * 1024 * 1024
    max_total_bytes: int = 128 * 1024 * 1024
    max_path_chars: int = 1024
    yaml: YamlLimits = DEFAULT_LIMITS


DEFAULT_PACKAGE_LIMITS: Final = PackageLimits()


def check_files(files: Mapping[str, str | bytes], limits: PackageLimits) -> None:
    """Raise BadPackage for the first path or size that goes beyond what is allowed."""
    if len(files) > limits.max_files:
        raise BadPackage(
            f"a package must have at most {limits.max_files} files, found {len(files)}"
        )
    total = 0
    for path, data in files.items():
        _check_path(path, limits)
        size = len(data)  # characters of a text are at least as many bytes
        total += size
        if size > limits.max_file_bytes:
            raise BadPackage(
                f"{path}: a file must have at most {limits.max_file_bytes} bytes, found {size}"
            )
    if total > limits.max_total_bytes:
        raise BadPackage(
            f"a package must have at most {limits.max_total_bytes} bytes, found {total}"
        )


def _check_path(path: str, limits: PackageLimits) -> None:
    if len(path) > limits.max_path_chars:
        raise BadPackage(
            f"a path must have at most {limits.max_path_chars} characters, found {path[:80]!r}…"
        )
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
        raise BadPackage(f"a path must be relative and normal, found {path!r}")


def text_of(data: str | bytes, path: str) -> str:
    """The text of a file; BadYaml when it is not UTF-8."""
    if isinstance(data, str):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise BadYaml("text must be UTF-8", source=path, line=line, column=column) from error


def is_resource_file(path: str) -> bool:
    """Whether render reads the file: Kptfile, *.yaml, *.yml, *.json."""
    return basename(path) == KPTFILE or path.endswith(_RESOURCE_SUFFIXES)


def reading_order(paths: Iterable[str]) -> list[str]:
    """Paths in the order in which a package is read."""
    return sorted(paths, key=lambda path: path.split("/"))


def package_directories(paths: Iterable[str]) -> list[str]:
    """The directories that are packages, "" for the root, in display order; `.git` is skipped."""
    return sorted(
        dirname(path)
        for path in paths
        if basename(path) == KPTFILE and ".git" not in dirname(path).split("/")
    )
