"""Words of the command line that mean two things at once.

Effects: looks whether a directory exists.
"""

from pathlib import Path

from porch.cli.errors import BadArguments


def split_version(package: str) -> tuple[str, str]:
    """Directory and reference of `[DIR][@REF]`; a directory with `@` in its name is one."""
    if "@" not in package or Path(package).is_dir():
        return package, ""
    directory, _, ref = package.partition("@")
    if not ref:
        raise BadArguments(f"{package!r} must name a tag, branch or commit after its `@`")
    return directory or ".", ref
