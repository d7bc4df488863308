"""Writes docs/reference/porchctl.md from the commands; `--check` fails on a difference."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from porch.cli.main import PROGRAM, cli

PAGE = Path(__file__).resolve().parent.parent / "docs/reference/porchctl.md"
_WIDTH = 100  # columns of the help texts
_HEAD = """\
# porchctl

Generated from the commands themselves (`python -m scripts.commands`); `porchctl COMMAND --help`
prints the same. Every command exits with 0 when it did what it was asked, with 1 and one line on
standard error when it could not, and with 130 when it was interrupted. Other exit codes are named
with their command.
"""


def main() -> None:
    """Write the page, or compare it with what is committed."""
    text = page()
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE.name} must follow the commands: python -m scripts.commands")


def page() -> str:
    """The page."""
    root = click.Context(cli, info_name=PROGRAM, terminal_width=_WIDTH, **cli.context_settings)
    return _HEAD + "".join(_sections(cli, root))


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                below = click.Context(inner, parent=context, info_name=name)
                yield from _sections(inner, below)
    else:
        yield f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    main()
