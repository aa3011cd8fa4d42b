"""Command gridjax sweep, and the sweep options that it shares with gridjax plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gridjax.callbacks import Stopped
from gridjax.cli.shared.application import Plugins, app, console, load_plugins
from gridjax.cli.shared.options import (
    Accept,
    Overrides,
    Part,
    TimeLimit,
    Workers,
    read_overrides,
)
from gridjax.cli.shared.slurm import (
    Gres,
    Parts,
    PrintSlurm,
    Time,
    check_slurm_options,
    script_of_this_command,
)
from gridjax.cli.shared.streams import keep_on
from gridjax.cli.shared.tracking import Track, TrackNetworks, TrackProject, tracker_callbacks
from gridjax.run.execution.stop_signal import EXIT_STOPPED, StopSwitch, on_signals

EXIT_DIVERGED = 3

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Sweep files (Weights & Biases YAML), folders of them, or names of shipped"
        " experiments, such as quickstart. Several form one population.",
    ),
]
First = Annotated[
    int | None,
    typer.Option(
        "--networks",
        metavar="N",
        help="Take the first N networks of a grid, or draw N networks (method: random).",
    ),
]
SweepSeed = Annotated[
    int,
    typer.Option(
        "--sweep-seed", metavar="S", help="Random seed of the networks that method: random draws."
    ),
]
Merge = Annotated[
    bool,
    typer.Option(
        "--merge",
        help="Pad networks that differ in batch size, sequence length, Np, fields, optimiser or"
        " initialiser to one shape, so that they share a compilation (setting gridjax.merge).",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="local|ray",
        help="local: this machine. ray: all GPUs of a Ray cluster, or else all its CPU cores"
        " (extra ray). All its hosts must see DIR under the same path.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="auto|HOST:PORT|ray://HOST:PORT",
        help="The Ray cluster; auto: the cluster of this host. Default: RAY_ADDRESS, or else a"
        " cluster of this machine alone, which ends with the run.",
    ),
]
SkipInvalid = Annotated[
    bool,
    typer.Option(
        "--skip-invalid",
        help="Leave out networks with invalid values, and list them, instead of stopping.",
    ),
]


@app.command(
    epilog="Examples:  gridjax sweep quickstart --out runs/quickstart   |   "
    "gridjax sweep gaussian.yaml dos.yaml --out runs/both --set Ng=256 --networks 16"
)
def sweep(
    files: Files,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder for the results; created if missing."),
    ],
    overrides: Overrides = None,
    networks: First = None,
    sweep_seed: SweepSeed = 0,
    skip_invalid: SkipInvalid = False,
    merge: Merge = False,
    plugins: Plugins = None,
    keep_maps: Annotated[
        str | None,
        typer.Option(
            metavar="best:N|all|none",
            help="Units of each network whose rate maps are kept (best:32).",
        ),
    ] = None,
    keep_weights: Annotated[
        str | None,
        typer.Option(metavar="all|best:N|none", help="Networks whose weights are kept (all)."),
    ] = None,
    checkpoint_every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Time between checkpoints; 0: after every chunk."
        ),
    ] = 60.0,
    workers: Workers = None,
    engine: Engine = "local",
    address: Address = None,
    part: Part = None,
    time_limit: TimeLimit = None,
    accept: Accept = None,
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic",
            help="Use deterministic operations on GPUs: the same bits every time, but slower.",
        ),
    ] = False,
    fail_on_diverged: Annotated[
        bool, typer.Option("--fail-on-diverged", help="End with exit code 3 if a network diverged.")
    ] = False,
    print_slurm: PrintSlurm = False,
    parts: Parts = None,
    gres: Gres = None,
    time: Time = None,
    track: Track = None,
    track_project: TrackProject = None,
    track_networks: TrackNetworks = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors alone.")] = False,
) -> None:
    """Train and score every network of a sweep; resume the run in DIR if it was stopped."""
    check_slurm_options(
        print_slurm, part, engine, {"--parts": parts, "--gres": gres, "--time": time}
    )
    if not print_slurm:
        keep_on()
    switch = StopSwitch(time_limit)
    chosen = {"gridjax.keep_maps": keep_maps, "gridjax.keep_weights": keep_weights}
    settings = {name: value for name, value in chosen.items() if value is not None}
    settings |= {"gridjax.merge": True} if merge else {}
    load_plugins(plugins)
    population = read_sweep(files, overrides, networks, sweep_seed, skip_invalid, settings)
    if print_slurm:
        sys.stdout.write(script_of_this_command(parts, gres, time, workers))
        return
    trackers = tracker_callbacks(track, track_project, track_networks)
    if not quiet:
        print_remarks(population)
    from gridjax.cli.shared.summary import print_summary
    from gridjax.run.execution.progress_bar import ProgressBar
    from gridjax.run.execution.train import train

    shown = [] if quiet else [ProgressBar(console())]
    try:
        with on_signals(switch):
            run = train(
                population,
                out,
                [*shown, switch, *trackers],
                progress=False,
                workers=workers,
                checkpoint_every=checkpoint_every,
                accept=accept or (),
                deterministic=deterministic,
                part=part,
                engine=engine,
                address=address,
            )
    except (Stopped, KeyboardInterrupt) as stopped:
        if not quiet:
            console().print(f"stopped by {stopped or 'Ctrl-C'}")
        raise typer.Exit(EXIT_STOPPED) from None
    if not quiet and part is not None and not run.is_finished:
        told = f"this part is finished, and {len(run.networks)} networks of all parts"
        console().print(f"{told}; gridjax status {out} shows the other parts", soft_wrap=True)
    elif not quiet:
        print_summary(console(), run)
        console().print(f"results in {out}; for figures run gridjax report {out}", soft_wrap=True)
        if run.n_missing:
            told = f"{run.n_missing} networks of an earlier sweep have no results"
            console().print(f"{told}; run the command of that sweep again", soft_wrap=True)
    if fail_on_diverged and run.n_diverged:
        raise typer.Exit(EXIT_DIVERGED)


def read_sweep(
    files: list[str],
    overrides: list[str] | None,
    first: int | None,
    sweep_seed: int,
    skip_invalid: bool,
    settings: dict[str, Any],
) -> Any:
    """Return the sweep of files or names, with the overrides of the command line."""
    from gridjax.sweep.catalog import sweep_files
    from gridjax.sweep.sweep import Sweep

    values = read_overrides(overrides, settings)
    paths = [path for name in files for path in sweep_files(name)]
    return Sweep.from_yaml(
        *paths, overrides=values, first=first, sweep_seed=sweep_seed, skip_invalid=skip_invalid
    )


def print_remarks(population: Any) -> None:
    """Print to stderr which networks were drawn and which were omitted; stdout is for results."""
    from gridjax.run.planning.plan_by_file import remarks

    for line in remarks(population):
        sys.stderr.write(f"{line}\n")
