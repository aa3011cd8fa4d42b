"""Command gridjax status."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from gridjax.cli.shared.application import app, console, print_line
from gridjax.cli.shared.options import Folder

_EVERY_S = 10.0


@app.command(
    epilog="Examples:  gridjax status runs/big   |   gridjax status runs/big --watch   |   "
    "gridjax status runs/big --json"
)
def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help=f"Print it every {_EVERY_S:.0f} s until no process runs."),
    ] = False,
) -> None:
    """Show the finished networks of a run, its workers and parts, and the networks in training."""
    from gridjax.run.storage.status import RUNNING
    from gridjax.run.storage.status import status as status_of

    while True:
        state = status_of(folder)
        if watch and not as_json:
            console().clear()
        if as_json:
            print_line(json.dumps(state, indent=None if watch else 1))
        else:
            show(state)
        if not watch or state["state"] != RUNNING:
            return
        time.sleep(_EVERY_S)


def show(state: dict[str, Any]) -> None:
    """Print the status of a run as text."""
    from gridjax.io.text import printable
    from gridjax.run.storage.status import status_lines, status_table
    from gridjax.run.storage.worker_status import workers_table

    for line in status_lines(state):
        print_line(printable(line))
    if state["workers"]:
        console().print(workers_table(state["workers"]))
    if state["in_training"]:
        console().print(status_table(state))
