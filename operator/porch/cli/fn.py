"""`porchctl fn`: its commands and their options. What they do is imported when they run."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from porch.cli.running import RunOptions

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_ARGUMENTS = "porch.cli.fn.arguments"  # what stands behind `--`, in click's context

_OUTPUT_HELP = (
    "Where resources go instead of back into the package: `stdout` (one ResourceList), `unwrap`"
    " (plain documents on standard output) or a new directory. `-o json` is no place: it is short"
    " for `--format json`, and resources go back into the package. A directory of that name is"
    " `./json`."
)
_FORMAT_HELP = (
    "How the outcome is told: `text` on standard error, or `json` on standard output (functions,"
    " results with file and line, files changed)."
)


class _WithFunctionArguments(click.Command):
    """A command that leaves what stands behind `--` to the function."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_ARGUMENTS] = tuple(args[cut + 1 :])
            args = args[:cut]
        return super().parse_args(ctx, args)


def _shared(command: _Command) -> _Command:
    """The options of every command that runs functions."""
    for option in (
        click.option(
            "--compatibility",
            type=click.Choice(("default", "kpt")),
            default="default",
            show_default=True,
            help="`kpt`: files and text exactly as kpt 1.0.0-beta.56 leaves them.",
        ),
        click.option(
            "--truncate-output",
            type=bool,
            default=True,
            show_default=True,
            metavar="true|false",
            help="Show at most four lines of each function's results and standard error.",
        ),
        click.option(
            "--runner",
            default="",
            metavar="ADDRESS",
            help="A function runner (host:port) for images that are not built in.",
        ),
        click.option(
            "--results-dir", default="", metavar="DIR", help="Write results.yaml into DIR."
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(("text", "json")),
            default="text",
            show_default=True,
            help=_FORMAT_HELP,
        ),
        click.option(
            "-o",
            "--output",
            default="",
            metavar="stdout|unwrap|DIR",
            help=_OUTPUT_HELP,
        ),
    ):
        command = option(command)
    return command


@click.group()
def fn() -> None:
    """Run functions over packages, without a cluster."""


@fn.command()
@click.argument("directory", metavar="[DIR]", default=".")
@click.option("--allow-exec", is_flag=True, help="Let pipelines run executables of this machine.")
@_shared
def render(directory: str, allow_exec: bool, **shared: Any) -> int:
    """Run the pipelines of the package in DIR and of its sub-packages.

    Everything is computed first; when a function fails, the package stays as it was. Exit code 1
    then, and the message names file, line and function.
    """
    from porch.cli.rendering import render_directory

    return render_directory(directory, _run_options(**shared), allow_exec=allow_exec)


@fn.command("eval", cls=_WithFunctionArguments)
@click.argument("directory", metavar="[DIR]", default=".")
@click.option("-i", "--image", default="", help="The function, by its image.")
@click.option("--exec", "executable", default="", help="The function, as a command line.")
@click.option("--fn-config", default="", metavar="FILE", help="The functionConfig.")
@_shared
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    *,
    directory: str,
    image: str,
    executable: str,
    fn_config: str,
    **shared: Any,
) -> int:
    """Run one function over all resources in DIR.

    Its config is a file, or a ConfigMap made of what stands behind `--`:

    \b
        porchctl fn eval pkg -i set-namespace:v0.4.1 -- namespace=shop
    """
    from porch.cli.evaluating import Wanted, evaluate_directory

    wanted = Wanted(
        image=image,
        exec=executable,
        config_file=fn_config,
        arguments=context.meta.get(_ARGUMENTS, ()),
    )
    options = replace(_run_options(**shared), has_pipeline=False)
    return evaluate_directory(directory, options, wanted)


@fn.command()
@click.argument("name", default="")
def doc(name: str) -> None:
    """List the built-in functions, or explain the one called NAME."""
    from porch.cli.catalogue import function_help, function_list

    click.echo(function_help(name) if name else function_list(), nl=False)


def _run_options(
    *,
    output: str,
    form: str,
    results_dir: str,
    truncate_output: bool,
    runner: str,
    compatibility: str,
) -> "RunOptions":
    from porch.cli.output import Output
    from porch.cli.running import RunOptions
    from porch.kpt.compatibility import Compatibility

    return RunOptions(
        output=Output.of(output, form),
        results_dir=results_dir,
        truncate=truncate_output,
        runner=runner,
        mode=Compatibility(compatibility),
    )
