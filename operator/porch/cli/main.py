"""porchctl: the entry point, and what every command has in common.

Start-up  only click and the declarations of commands are imported here; what a command does is
          imported when it runs. `porchctl --help` must stay under 300 ms.
Errors    every error on purpose is one line, `Error: …`, and exit code 1, as in kpt; an
          interrupt is 130. A traceback is a defect of ours.
"""

import os
import sys
from collections.abc import Sequence

import click

from porch.cli.completion import completion
from porch.cli.fn import fn
from porch.cli.garbage import uncollected
from porch.cli.pkg import pkg
from porch.errors import PorchError

PROGRAM = "porchctl"
_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Work with configuration packages."""


@cli.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    click.echo(f"{PROGRAM} {installed('porch')}")


cli.add_command(fn)
cli.add_command(pkg)
cli.add_command(completion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        with uncollected():
            code = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    except click.ClickException as error:
        _explain(error.format_message())
        code = 1
    except PorchError as error:
        _explain(str(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _explain(message: str) -> None:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
