"""The command gridjax score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.application import app, console
from gridjax.cli.streams import keep_on


@app.command(
    epilog="Examples:  gridjax score rat.npz --shuffles 1000 --out rat.parquet   |   "
    "gridjax score 'rats/*.csv' --units cm   |   gridjax score maps.npy --width-cm 220"
)
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Rate maps [..., n, n] (.npy, .npz) or sessions: positions, times and spikes"
            " (.npz, or .csv with its .spikes.csv). Patterns such as 'rats/*.npz' too.",
        ),
    ],
    shuffles: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Draws of chance for each cell: sessions with their spikes moved in time,"
            " isotropic random fields for bare maps.",
        ),
    ] = 0,
    min_shift: Annotated[float, typer.Option(help="Least move of the spikes, seconds.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    bins: Annotated[int | None, typer.Option(help="Bins across the arena's longer side.")] = None,
    bin_cm: Annotated[float | None, typer.Option(help="Side of a bin (2.5).")] = None,
    smooth_cm: Annotated[
        float, typer.Option(help="Standard deviation of the Gaussian that smooths; 0 for none.")
    ] = 4.0,
    min_speed: Annotated[
        float, typer.Option(help="Slower samples do not count; cm/s, 0 for all.")
    ] = 2.5,
    rings: Annotated[
        Literal["study", "adaptive"],
        typer.Option(
            help="Rings as in the published networks, or from each map's central field on.",
        ),
    ] = "study",
    units: Annotated[Literal["m", "cm"], typer.Option(help="Of all sessions' positions.")] = "m",
    nan: Annotated[
        Literal["mask", "zero"], typer.Option(help="Bins never visited: unknown, or rate 0.")
    ] = "mask",
    variant: Annotated[
        Literal["minmax", "mean"], typer.Option(help="How score60 compares its angles.")
    ] = "minmax",
    width_cm: Annotated[
        float | None, typer.Option(help="Side of bare maps; without it periods are in bins.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.parquet", help="Write a table; FILE.png and .svg beside it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files.")] = False,
) -> None:
    """Score anybody's cells: grid scores, lattices, and what chance would give."""
    if out is not None:
        keep_on()
    from gridjax.recordings.options import ScoreOptions
    from gridjax.recordings.output import score_files

    options = ScoreOptions(
        shuffles=shuffles,
        min_shift_s=min_shift,
        seed=seed,
        n_bins=bins,
        bin_cm=bin_cm,
        smoothing_cm=smooth_cm,
        min_speed_cm_s=min_speed,
        width_cm=width_cm,
        units=units,
        rings=rings,
        nan=nan,
        variant=variant,
    )
    score_files(inputs, options, out, force, console())
