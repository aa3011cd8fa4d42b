"""Command gridjax status."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gridjax.cli.application import app, console, print_line
from gridjax.cli.options import Folder


@app.command(epilog="Examples:  gridjax status runs/big   |   gridjax status runs/big --json")
def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show whether a run is running, its finished networks, and the steps of those in training."""
    from gridjax.io.text import printable
    from gridjax.run.storage.status import status as status_of
    from gridjax.run.storage.status import status_lines, status_table

    state = status_of(folder)
    if as_json:
        print_line(json.dumps(state, indent=1))
        return
    for line in status_lines(state):
        print_line(printable(line))
    if state["in_training"]:
        console().print(status_table(state))
