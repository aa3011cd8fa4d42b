"""Command gridjax verify."""

from __future__ import annotations

from gridjax.cli.shared.application import app, print_line
from gridjax.cli.shared.options import Folder


@app.command(epilog="Example:  gridjax verify runs/quickstart")
def verify(folder: Folder) -> None:
    """Compare every file of a run with the sha256 recorded for it; exit code 4 on damage."""
    from gridjax.run.results.run import open_run
    from gridjax.run.storage.integrity import verify as verify_run

    verify_run(folder)
    print_line(f"every file of {folder} has the recorded sha256")
    if n_missing := open_run(folder).n_missing:
        print_line(f"{n_missing} networks of the run have no results")
