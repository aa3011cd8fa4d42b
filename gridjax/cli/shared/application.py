"""Typer application of the command line, its common options, and its output."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from gridjax.version import __version__

app = typer.Typer(
    name="gridjax",
    help="Train, score and compare populations of path-integrating networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Python file that registers your own parts of networks (target codes, cells, losses,"
        " motions, ...), or the name of a shipped one, such as models/piso.py; it is run first.",
    ),
]


@app.callback(invoke_without_command=True)
def gridjax(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train, score and compare populations of path-integrating networks."""
    if version:
        print_line(f"gridjax {__version__}")
        raise typer.Exit


def load_plugins(plugins: list[str] | None) -> None:
    """Run the Python files that --plugin names."""
    if plugins:
        from gridjax.run.execution.plugins import load_plugin

        for plugin in plugins:
            load_plugin(plugin)


def console() -> Console:
    """Return the console for messages. Square brackets in a message are not read as markup."""
    return Console(markup=False, highlight=False, emoji=False)


def print_line(text: str) -> None:
    """Print a line to standard output, without line wrapping and without markup."""
    sys.stdout.write(text + "\n")
