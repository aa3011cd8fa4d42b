"""Command gridjax export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridjax.cli.shared.application import app, print_line
from gridjax.cli.shared.options import Folder


@app.command(epilog="Example:  gridjax export runs/studies/networks results/studies --maps 4")
def export(
    folder: Folder,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder to write, or an earlier export of the run."),
    ],
    maps: Annotated[
        int,
        typer.Option("--maps", metavar="N", min=0, help="Rate maps to copy of each network."),
    ] = 0,
) -> None:
    """Copy the tables of a run, without weights, to a small folder; later networks are added.

    The folder can be opened, reported, verified and resumed like the run.
    """
    from gridjax.run.storage.export import export_run

    found = export_run(folder, out, maps)
    print_line(
        f"{found.added} networks added to {out}; {found.present} of the {found.wanted} networks of"
        " the run are in it"
    )
