"""`porchctl pkg get`: a package out of a git repository into a new directory."""

from dataclasses import dataclass, replace
from pathlib import Path

from porch.cli.errors import BadArguments
from porch.cli.newdirectory import write_new
from porch.cli.packages.localpackage import LocalPackage
from porch.cli.packages.packageurl import parse_package_url
from porch.cli.packages.progress import Progress
from porch.cli.packages.remotes import fetch_remotes, provenance
from porch.cli.packages.report import Report, place_data
from porch.cli.packages.rewriting import exclusive, rewrite
from porch.cli.packages.upstreams import Fetched, Upstreams, shown_place
from porch.kpt.content import Content
from porch.kpt.files import package_directories
from porch.kpt.kptfile import Upstream
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.packagecontext import FILE, with_context
from porch.kpt.provenance import with_provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to get, and where to put it."""

    url: str
    directory: str  # "" = named after the package, in the current directory
    strategy: str  # of later updates
    for_deployment: bool  # it gets a package context of its own


def get_package(wanted: Wanted, report: Report) -> int:
    """Get it; the exit code."""
    url = parse_package_url(wanted.url)
    wanted = replace(wanted, directory=wanted.directory or url.name)
    directory = Path(wanted.directory).absolute()
    _check_free(directory, wanted.directory)
    progress = Progress.on_stderr()
    upstreams = Upstreams(progress)
    found = upstreams.fetch(upstreams.locate(url))
    upstream, lock = provenance(found, Upstream(update_strategy=wanted.strategy))
    name = directory.resolve().name
    content = with_provenance(found.content, name=name, upstream=upstream, lock=lock)
    content, others = fetch_remotes(content, lambda _, wish: upstreams.fetch(wish))
    if wanted.for_deployment:
        content = with_context(content, name=name, path="")
    content = ensure_merge_keys(content)
    _write(directory, content)
    _tell(report, wanted, content, [found, *others])
    return 0


def _check_free(directory: Path, shown: str) -> None:
    """Nothing is written over."""
    if directory.is_dir() and not any(directory.iterdir()):
        return
    if directory.exists() or directory.is_symlink():
        raise BadArguments(
            f"{shown!r} must not exist, or be an empty directory: choose another one (`pkg get URL"
            f" DIR`), or bring what is there up to date (`pkg update {shown}`)"
        )


def _write(directory: Path, content: Content) -> None:
    if directory.is_dir():  # it stays the same one: it may be where the shell is
        with exclusive(directory):
            empty = LocalPackage(directory.resolve(), Content({}), {})  # what came meanwhile stays
            rewrite(empty, content)
    else:
        write_new(directory, content)


def _tell(report: Report, wanted: Wanted, content: Content, fetched: list[Fetched]) -> None:
    shown, place = wanted.directory, fetched[0].place
    packages = package_directories(content)
    size = f"{len(content)} files" + (f", {len(packages)} packages" if packages[1:] else "")
    origin = f"{shown_place(place)} at {place.ref} ({place.commit[:7]})"
    report.line(f"Got {shown!r} from {origin}: {size}")
    for each in fetched[1:]:
        report.line(f"  with {shown_place(each.place)} at {each.place.ref}")
    if wanted.for_deployment:
        report.line(f"  for deployment: {FILE} tells functions the package's name")
    left_out = [path for each in fetched for path in each.left_out]
    for path in left_out:
        report.line(f"  left out {path}: a link that leads out of its package")
    report.line(f"Next: edit it, `porchctl fn render {shown}`, `porchctl pkg diff {shown}`.")
    report.data(
        {
            "directory": shown,
            "upstream": place_data(place),
            "packages": [each or "." for each in packages],
            "fetched": [place_data(each.place) for each in fetched],
            "files": sorted(content),
            "leftOut": left_out,
        }
    )
