"""`porchctl pkg`: its commands and their options. What they do is imported when they run."""

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_STRATEGIES = ("resource-merge", "fast-forward", "force-delete-replace", "copy-merge")
_STRATEGY_HELP = (
    "`resource-merge` merges field by field, `fast-forward` refuses when anything was changed here,"
    " `force-delete-replace` drops what was changed here, `copy-merge` copies upstream's files over"
    " what is here."
)


def _tells(command: _Command) -> _Command:
    """The option that chooses how the outcome is told."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="How the outcome is told on standard output.",
    )(command)


def _compatible(command: _Command) -> _Command:
    """The option that asks for kpt's merge."""
    return click.option(
        "--compatibility",
        type=click.Choice(("default", "kpt")),
        default="default",
        show_default=True,
        help="`kpt`: merge exactly as kpt 1.0.0-beta.56 does, faults included.",
    )(command)


@click.group()
def pkg() -> None:
    """Get, change and compare packages, without a cluster."""


@pkg.command()
@click.argument("directory", metavar="[DIR]", default=".")
@click.option("--description", default="", help="What the package is for.")
@click.option("--keywords", default="", metavar="WORD,WORD", help="Words to find it by.")
@click.option("--site", default="", metavar="URL", help="Where to read more.")
@_tells
def init(directory: str, *, description: str, keywords: str, site: str, form: str) -> int:
    """Make a package in DIR, a new directory or one that is there.

    It gets a Kptfile, a README.md and a package-context.yaml; files that are there already stay as
    they are.
    """
    from porch.cli.packages.init import About, init_package
    from porch.cli.packages.report import Report

    words = [word.strip() for word in keywords.split(",") if word.strip()]
    about = About(description=description, keywords=words, site=site)
    return init_package(directory, about, Report.of(form))


@pkg.command()
@click.argument("url", metavar="REPO[.git]/DIR[@REF]")
@click.argument("directory", metavar="[DEST]", default="")
@click.option(
    "--strategy",
    type=click.Choice(_STRATEGIES),
    default="resource-merge",
    show_default=True,
    help="How later updates get into the package.",
)
@click.option(
    "--for-deployment",
    is_flag=True,
    help="The package is deployed from here: a package-context.yaml tells functions its name.",
)
@_tells
def get(url: str, directory: str, *, strategy: str, for_deployment: bool, form: str) -> int:
    """Fetch a package from a git repository into DEST, a new directory.

    REF is a tag, a branch or a commit; without it the default branch. Tags of the package come
    first: for DIR a/b, `v1` is the first of the tags a/b/v1, a/v1 and v1. DEST is named after the
    package when it is left out. git's own settings and credentials count; nothing is asked.

    \b
        porchctl pkg get https://github.com/org/blueprints.git/web@v1
        porchctl pkg get git@example.com:org/blueprints.git/web@main shop
        porchctl pkg get ../blueprints/web@v1
    """
    from porch.cli.packages.get import Wanted, get_package
    from porch.cli.packages.report import Report

    wanted = Wanted(url=url, directory=directory, strategy=strategy, for_deployment=for_deployment)
    return get_package(wanted, Report.of(form))


@pkg.command()
@click.argument("package", metavar="[DIR][@REF]", default=".")
@click.option(
    "--strategy",
    type=click.Choice(_STRATEGIES),
    help=f"{_STRATEGY_HELP}  [default: what the Kptfile says]",
)
@_compatible
@_tells
def update(package: str, strategy: str | None, compatibility: str, form: str) -> int:
    """Bring what upstream has at REF into the package in DIR.

    Without REF it is what the Kptfile names. What was changed here and what was changed upstream
    are merged; fields that both changed differently are listed as conflicts. When anything fails,
    the package and its Kptfile stay as they were.
    """
    from porch.cli.packages.arguments import split_version
    from porch.cli.packages.report import Report
    from porch.cli.packages.update import Goal, update_package
    from porch.kpt.compatibility import Compatibility

    directory, ref = split_version(package)
    goal = Goal(ref, strategy or "", Compatibility(compatibility))
    return update_package(directory, goal, Report.of(form))


@pkg.command()
@click.argument("package", metavar="[DIR][@REF]", default=".")
@click.argument("other", metavar="[DIR2]", default="")
@click.option(
    "--diff-type",
    type=click.Choice(("local", "remote", "combined", "3way")),
    help="What is compared: `local` what was changed here since the package was fetched, `remote`"
    " what was changed upstream since then, `combined` the package here with upstream at REF,"
    " `3way` both local and remote.  [default: combined with @REF, else local]",
)
@click.option(
    "--unified", "is_unified", is_flag=True, help="Lines of text, as `git apply` takes them."
)
@click.option(
    "--exit-code", "tells_by_exit", is_flag=True, help="Exit with 1 when anything differs."
)
@_tells
def diff(
    package: str,
    *,
    other: str,
    diff_type: str | None,
    is_unified: bool,
    tells_by_exit: bool,
    form: str,
) -> int:
    """Compare the package in DIR with its upstream, or two directories.

    Told are resources and the fields that differ; comments, quotes and the order of fields do not
    count, and are told as such. With DIR2 any two directories are compared, as they are.

    \b
        porchctl pkg diff                      what was changed here
        porchctl pkg diff @v2                  what differs from v2 upstream
        porchctl pkg diff @v2 --diff-type remote   what an update to v2 would bring
        porchctl pkg diff shop-eu shop-us      two variants
    """
    from porch.cli.packages.arguments import split_version
    from porch.cli.packages.diff import DiffOptions, DiffType, diff_directories, diff_upstream
    from porch.cli.packages.report import Report

    options = DiffOptions(is_unified=is_unified, tells_by_exit=tells_by_exit)
    report = Report.of(form)
    if other:
        if diff_type is not None:
            raise click.UsageError("--diff-type must not be given with two directories")
        return diff_directories(package, other, options, report)
    directory, ref = split_version(package)
    kind = DiffType(diff_type or ("combined" if ref else "local"))
    return diff_upstream(directory, ref, kind, options=options, report=report)


@pkg.command()
@click.argument("directory", metavar="[DIR]", default=".")
@_tells
def tree(directory: str, form: str) -> int:
    """Show the packages in DIR and the resources in each."""
    from porch.cli.packages.report import Report
    from porch.cli.packages.tree import show_tree

    return show_tree(directory, Report.of(form))


@pkg.command()
@click.argument("original")
@click.argument("upstream")
@click.argument("local")
@click.option(
    "--strategy",
    type=click.Choice(_STRATEGIES),
    default="resource-merge",
    show_default=True,
    help=_STRATEGY_HELP,
)
@_compatible
@click.option(
    "-o",
    "--output",
    default="",
    metavar="DIR|json",
    help="A new directory for the result, instead of LOCAL. `json` is no place: it is short for"
    " `--format json`.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the outcome is told on standard output.",
)
def merge(original: str, *, upstream: str, local: str, output: str, form: str, **how: str) -> int:
    """Merge what changed from ORIGINAL to UPSTREAM into LOCAL, three directories.

    Exit code 0 when all of it went together, 2 when both sides had changed the same (it is merged
    all the same, and each conflict says what was taken), 1 when it could not be merged.
    """
    from porch.cli.packages.merge import Merge, merge_directories
    from porch.cli.packages.report import Report
    from porch.kpt.compatibility import Compatibility
    from porch.kpt.merge.upgrade import Strategy

    is_json = output == "json"
    wanted = Merge(
        original=original,
        upstream=upstream,
        local=local,
        output="" if is_json else output,
        strategy=Strategy(how["strategy"]),
        mode=Compatibility(how["compatibility"]),
    )
    return merge_directories(wanted, Report.of("json" if is_json else form))
