"""Command gridjax scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridjax.cli.shared.application import app
from gridjax.cli.shared.options import Accept, Overrides, Part, TimeLimit, read_overrides
from gridjax.cli.shared.tracking import Track, TrackNetworks, TrackProject
from gridjax.cli.study import NoTraining, Out, PlanOnly, Seeds, Size, follow, study_trackers
from gridjax.errors import GridjaxError, Problem


@app.command(epilog="Example:  gridjax scan --widths 0.09:0.15:0.01 --seeds 64 --out runs/scan")
def scan(
    widths: Annotated[
        str,
        typer.Option(
            "--widths",
            metavar="FROM:TO:STEP",
            help="Place-cell widths in metres, both ends included.",
        ),
    ],
    out: Out = None,
    seeds: Seeds = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="FILE",
            help="Sweep file of all other parameters; by default that of width-sensitivity.",
        ),
    ] = None,
    size: Size = "quick",
    overrides: Overrides = None,
    plan: PlanOnly = False,
    part: Part = None,
    time_limit: TimeLimit = None,
    no_training: NoTraining = False,
    accept: Accept = None,
    track: Track = None,
    track_project: TrackProject = None,
    track_networks: TrackNetworks = False,
) -> None:
    """Train networks at several place-cell widths; draw the share of grid units by width."""
    from gridjax.studies.networks.scan import read_widths, scanning
    from gridjax.studies.networks.training import Request

    values = read_overrides(overrides)
    if "place_cell_rf" in values:
        message = "--widths and --set place_cell_rf=... both give the widths"
        raise GridjaxError(Problem(message, fix="give one of the two"))
    values["place_cell_rf"] = read_widths(widths)
    request = Request(size, False, seeds, values)
    trackers = study_trackers(track, track_project, track_networks, no_training, plan)
    studies = [scanning(base, size)]
    follow(studies, request, out, plan, time_limit, no_training, accept, trackers, part)
