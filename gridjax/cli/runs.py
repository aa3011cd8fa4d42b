"""gridjax report, status and verify: looking at the folder of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gridjax.cli.application import Plugins, app, console, load_plugins, print_line

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


@app.command(epilog="Example:  gridjax report runs/quickstart")
def report(
    folder: Folder,
    plugins: Plugins = None,
) -> None:
    """Draw the figures of a run and write its self-contained report.html."""
    load_plugins(plugins)
    from gridjax.study.display import print_summary
    from gridjax.study.report import write_report
    from gridjax.study.results import open_run
    from gridjax.study.verify import verify_results

    run = open_run(folder)
    verify_results(folder)
    page = write_report(run, folder)
    print_summary(console(), run)
    console().print(f"report in {page}", soft_wrap=True)


@app.command(epilog="Examples:  gridjax status runs/big   |   gridjax status runs/big --json")
def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how a run stands: running or not, finished networks, and steps of those in training."""
    from gridjax.io.text import printable
    from gridjax.study.status import status as status_of
    from gridjax.study.status import status_lines, status_table

    told = status_of(folder)
    if as_json:
        print_line(json.dumps(told, indent=1))
        return
    for line in status_lines(told):
        print_line(printable(line))
    if told["in_training"]:
        console().print(status_table(told))


@app.command(epilog="Example:  gridjax verify runs/quickstart")
def verify(folder: Folder) -> None:
    """Read every file of a run against the sha256 it was written with; exit code 4 on damage."""
    from gridjax.study.verify import verify as verify_run

    verify_run(folder)
    print_line(f"every file of {folder} is as it was written")
