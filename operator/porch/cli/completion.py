"""`porchctl completion`: the script that teaches a shell to complete our commands."""

import click

_HOW = {
    "bash": 'eval "$(porchctl completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(porchctl completion zsh)"   # in ~/.zshrc',
    "fish": "porchctl completion fish | source   # in ~/.config/fish/config.fish",
}


@click.command(epilog="\n\n".join(("\b\nSwitch it on with:", *_HOW.values())))
@click.argument("shell", type=click.Choice(tuple(_HOW)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:  # click knows all of _HOW
        raise click.UsageError(f"no completion for {shell!r}")
    program = context.find_root().info_name or "porchctl"
    root = context.find_root().command
    click.echo(kind(root, {}, program, f"_{program.upper()}_COMPLETE").source())
