"""`porchctl pkg init`: a new, empty package; what is in the directory already stays."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from porch.cli.errors import BadArguments
from porch.cli.newdirectory import write_new
from porch.cli.packages.localpackage import read_content
from porch.cli.packages.report import Report
from porch.cli.packages.rewriting import exclusive, rewrite
from porch.kpt.content import Content
from porch.kpt.init import init_files
from porch.kpt.kptfile import KPTFILE


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a package says of itself."""

    description: str
    keywords: Sequence[str]
    site: str


def init_package(directory: str, about: About, report: Report) -> int:
    """Make it; the exit code."""
    root = Path(directory).absolute()
    if os.path.lexists(root / KPTFILE):
        raise BadArguments(f"{directory!r} must not be a package yet, and has a {KPTFILE}")
    new = Content.from_texts(
        init_files(
            root.resolve().name,
            description=about.description,
            keywords=about.keywords,
            site=about.site,
        )
    )
    if root.is_dir():
        with exclusive(root):
            package = read_content(root)
            rewrite(package, Content({**new, **package.content}))
        made = sorted(new.keys() - package.content.keys())
    else:
        write_new(root, new)
        made = sorted(new)
    report.line(f"Made package {root.resolve().name!r} in {directory}: {', '.join(made)}")
    report.line(
        f"Next: put resources into it, add functions to its {KPTFILE}"
        f" (`porchctl fn doc`), `porchctl fn render {directory}`."
    )
    report.data({"directory": directory, "package": root.resolve().name, "files": list(made)})
    return 0
