"""Command gridjax score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.shared.application import app, console
from gridjax.cli.shared.streams import keep_on


@app.command(
    epilog="Examples:  gridjax score rat.npz --shuffles 1000 --out rat.parquet   |   "
    "gridjax score 'rats/*.csv' --units cm   |   gridjax score maps.npy --width-cm 220"
)
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Rate maps [..., x, y] (.npy, .npz, .mat, .nc), or sessions of positions, times"
            " and spikes or activity (.npz, .mat, .nwb, .parquet, .csv, trackers); see"
            " docs/howto/formats.md. Patterns in quotes, such as 'rats/*.npz', are accepted.",
        ),
    ],
    shuffles: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Number of null scores of each cell: from spikes shifted in time for sessions,"
            " from isotropic random fields for maps.",
        ),
    ] = 0,
    min_shift: Annotated[
        float, typer.Option(help="Minimum time shift of spikes, in seconds.")
    ] = 20.0,
    seed: Annotated[int, typer.Option(help="Random seed of the shuffles.")] = 0,
    bins: Annotated[
        int | None, typer.Option(help="Number of bins along the longer side of the arena.")
    ] = None,
    bin_cm: Annotated[
        float | None, typer.Option(help="Side of a bin, in cm (default 2.5).")
    ] = None,
    smooth_cm: Annotated[
        float, typer.Option(help="Standard deviation of the Gaussian smoothing, in cm; 0: none.")
    ] = 4.0,
    min_speed: Annotated[
        float, typer.Option(help="Speed below which samples are left out, in cm/s; 0: none.")
    ] = 2.5,
    rings: Annotated[
        Literal["study", "adaptive"],
        typer.Option(
            help="Rings of the score: as published (study), or outside the edge of each map's"
            " central field (adaptive).",
        ),
    ] = "study",
    units: Annotated[
        Literal["m", "cm", "mm", "px"] | None,
        typer.Option(
            help="Unit of position coordinates; px needs --px-per-cm. By default the unit that the"
            " file states, or m."
        ),
    ] = None,
    px_per_cm: Annotated[
        float | None, typer.Option(help="Pixels per centimetre, for --units px.")
    ] = None,
    time_units: Annotated[
        Literal["min", "s", "ms", "us", "ns", "samples"] | None,
        typer.Option(
            help="Unit of spike times, and of the times of positions if both are on one clock;"
            " samples needs --rate. By default the unit that the files state, or s.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Samples per second, for --time-units samples; for folders of Kilosort or phy, it"
            " replaces the rate in params.py."
        ),
    ] = None,
    spikes: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="File with the spikes; it replaces the spikes of the input."
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Series of positions, or variable of maps, for NWB and NetCDF files with several.",
        ),
    ] = None,
    activity: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Series of activity, such as fluorescence, for NWB files with several or with"
            " units too.",
        ),
    ] = None,
    bodypart: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Tracked body part, for files of video trackers; INDIVIDUAL/NAME for several"
            " animals.",
        ),
    ] = None,
    likelihood: Annotated[
        float,
        typer.Option(help="Likelihood below which a tracked position counts as lost."),
    ] = 0.6,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second, for files of video trackers without times."),
    ] = None,
    start: Annotated[
        float,
        typer.Option(help="Time of frame 0 of a video on the clock of the spikes, in seconds."),
    ] = 0.0,
    cells: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Cells of sessions to score, separated by commas."),
    ] = None,
    time: Annotated[
        list[str] | None,
        typer.Option(
            metavar="START:STOP",
            help="Part of sessions to score, in seconds of the clock of the path; several may be"
            " given. START or STOP may be left out.",
        ),
    ] = None,
    epoch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Epochs or trials of NWB files to score, by a tag or label; several may be given.",
        ),
    ] = None,
    arena: Annotated[
        str | None,
        typer.Option(
            metavar="X0:X1,Y0:Y1",
            help="Arena in the units of the positions; positions outside count as lost.",
        ),
    ] = None,
    lost: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Position that stands for lost frames, such as 0,0."),
    ] = None,
    nan: Annotated[
        Literal["mask", "zero"],
        typer.Option(help="Treatment of unvisited bins: unknown (mask) or rate 0 (zero)."),
    ] = "mask",
    variant: Annotated[
        Literal["minmax", "mean"],
        typer.Option(
            help="Contrast of rotations in score60: of extremes (minmax) or of means (mean)."
        ),
    ] = "minmax",
    width_cm: Annotated[
        str | None,
        typer.Option(
            metavar="W|WxH",
            help="Side of maps in cm, or sides along x and y. By default the side that the file"
            " states; without any, periods are in bins.",
        ),
    ] = None,
    axes: Annotated[
        Literal["xy", "yx"], typer.Option(help="Order of the last two axes of rate maps.")
    ] = "xy",
    describe: Annotated[
        bool,
        typer.Option(
            "--describe",
            help="Print what the files hold and how they would be read, and score nothing.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.parquet", help="Write a table, and a figure as FILE.png and FILE.svg."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Score recorded cells: grid scores, lattices and null scores, from sessions or rate maps."""
    if out is not None and not describe:
        keep_on()
    from gridjax.recordings.description import describe_files
    from gridjax.recordings.input_options import (
        InputOptions,
        read_arena,
        read_names,
        read_point,
        read_width,
        read_windows,
    )
    from gridjax.recordings.options import ScoreOptions
    from gridjax.recordings.output import score_files

    meaning = InputOptions(
        units=units,
        px_per_cm=px_per_cm,
        time_units=time_units,
        rate_hz=rate,
        arena=None if arena is None else read_arena(arena),
        lost=None if lost is None else read_point(lost),
        axes=axes,
        series=series,
        activity=activity,
        bodypart=bodypart,
        likelihood=likelihood,
        fps=fps,
        start_s=start,
        cells=None if cells is None else read_names(cells),
        spikes=spikes,
        windows_s=read_windows(time) if time else None,
        epochs=tuple(epoch) if epoch else None,
    )
    options = ScoreOptions(
        shuffles=shuffles,
        min_shift_s=min_shift,
        seed=seed,
        n_bins=bins,
        bin_cm=bin_cm,
        smoothing_cm=smooth_cm,
        min_speed_cm_s=min_speed,
        width_cm=None if width_cm is None else read_width(width_cm),
        rings=rings,
        nan=nan,
        variant=variant,
    )
    if describe:
        describe_files(inputs, meaning, options, console())
        return
    score_files(inputs, meaning, options, out, force, console())
