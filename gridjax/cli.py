"""The commands. No logic here: every command calls a function of gridjax.study."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from gridjax import __version__
from gridjax.errors import GridjaxError, Problem

EXIT_BAD_INPUT = 2
EXIT_STOPPED = 75

app = typer.Typer(
    name="gridjax",
    help="Train, score and compare whole populations of path-integrating networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Sweep files (Weights & Biases YAML), folders of them, or a shipped experiment's"
        " name such as quickstart. Several form one population.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Override a parameter in every network (Ng=256) or a setting"
        " (gridjax.evaluation.samples_per_bin=100). May be repeated.",
    ),
]
First = Annotated[
    int | None,
    typer.Option(
        "--networks",
        metavar="N",
        help="Take the first N networks of the sweep; of method: random, draw N.",
    ),
]
SweepSeed = Annotated[
    int,
    typer.Option("--sweep-seed", metavar="S", help="What method: random draws networks with."),
]
SkipInvalid = Annotated[
    bool,
    typer.Option(
        "--skip-invalid",
        help="Leave out networks whose values can never run, and say which, instead of refusing.",
    ),
]


Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Run a Python file of yours first, which registers target codes, cells or losses.",
    ),
]


@app.callback(invoke_without_command=True)
def gridjax(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train, score and compare whole populations of path-integrating networks."""
    if version:
        print_line(f"gridjax {__version__}")
        raise typer.Exit


@app.command(
    epilog="Examples:  gridjax sweep quickstart --out runs/quickstart   |   "
    "gridjax sweep gaussian.yaml dos.yaml --out runs/both --set Ng=256 --networks 16"
)
def sweep(
    files: Files,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the results; made if missing.")
    ],
    overrides: Overrides = None,
    networks: First = None,
    sweep_seed: SweepSeed = 0,
    skip_invalid: SkipInvalid = False,
    plugins: Plugins = None,
    keep_maps: Annotated[
        str | None,
        typer.Option(metavar="best:N|all|none", help="Units whose rate maps are kept (best:32)."),
    ] = None,
    keep_weights: Annotated[
        str | None,
        typer.Option(metavar="all|best:N|none", help="Networks whose weights are kept (all)."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train and score every network of a sweep into DIR; go on where an earlier run stopped."""
    chosen = {"gridjax.keep_maps": keep_maps, "gridjax.keep_weights": keep_weights}
    settings = {name: value for name, value in chosen.items() if value is not None}
    load_plugins(plugins)
    population = read_sweep(files, overrides, networks, sweep_seed, skip_invalid, settings)
    if not quiet:
        print_remarks(population)
    from gridjax.study.display import Terminal, print_summary
    from gridjax.study.launch import Show, train

    console = Console(markup=False, highlight=False, emoji=False)
    show = Show() if quiet else Terminal(console)
    try:
        run = train(population, out, show)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_STOPPED) from None
    if not quiet:
        print_summary(console, run)
        console.print(f"results in {out}; for figures: gridjax report {out}", soft_wrap=True)


@app.command(
    epilog="Examples:  gridjax plan quickstart   |   gridjax plan big.yaml --set Ng=512 --json"
)
def plan(
    files: Files,
    overrides: Overrides = None,
    networks: First = None,
    sweep_seed: SweepSeed = 0,
    skip_invalid: SkipInvalid = False,
    plugins: Plugins = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a sweep would train and what it would cost: networks, buckets, memory, FLOPs."""
    load_plugins(plugins)
    population = read_sweep(files, overrides, networks, sweep_seed, skip_invalid, {})
    print_remarks(population)
    from gridjax.study.plan import make_plan, plan_table
    from gridjax.study.planfiles import files_table, files_to_json

    laid_out = make_plan(population.specs, population.settings.lane_width)
    if as_json:
        told = laid_out.to_json() | files_to_json(population, laid_out)
        print_line(json.dumps(told, indent=1))
        return
    console = Console(markup=False, highlight=False, emoji=False)
    if len(population.origins) > 1:
        console.print(files_table(population, laid_out))
    console.print(plan_table(laid_out))


@app.command(epilog="Example:  gridjax report runs/quickstart")
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    plugins: Plugins = None,
) -> None:
    """Draw the figures of a run and write its self-contained report.html."""
    load_plugins(plugins)
    from gridjax.study.display import print_summary
    from gridjax.study.report import write_report
    from gridjax.study.results import open_run

    run = open_run(folder)
    page = write_report(run, folder)
    console = Console(markup=False, highlight=False, emoji=False)
    print_summary(console, run)
    console.print(f"report in {page}", soft_wrap=True)


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
    from gridjax.study.scored import score_files
    from gridjax.study.scoreoptions import Options

    options = Options(
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
    score_files(inputs, options, out, force, Console(markup=False, highlight=False, emoji=False))


def read_sweep(
    files: list[str],
    overrides: list[str] | None,
    first: int | None,
    sweep_seed: int,
    skip_invalid: bool,
    settings: dict[str, Any],
) -> Any:
    """Read sweep files by their names, with the overrides of the command line."""
    from gridjax.study.shipped import sweep_files
    from gridjax.study.sweep import Sweep

    values = dict(settings)
    for pair in overrides or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise GridjaxError(Problem(f"--set {pair}: no value", fix="write --set NAME=VALUE"))
        if name in values:
            raise GridjaxError(Problem(f"--set {name} is given twice", fix="give it once"))
        values[name] = value
    paths = [path for name in files for path in sweep_files(name)]
    return Sweep.from_yaml(
        *paths, overrides=values, first=first, sweep_seed=sweep_seed, skip_invalid=skip_invalid
    )


def load_plugins(plugins: list[str] | None) -> None:
    """Run the Python files that the user named."""
    if plugins:
        from gridjax.study.plugins import load_plugin

        for plugin in plugins:
            load_plugin(plugin)


def print_remarks(population: Any) -> None:
    """Say on stderr, beside what programs read, what was drawn and what was left out."""
    from gridjax.study.planfiles import remarks

    for line in remarks(population):
        sys.stderr.write(f"{line}\n")


def print_line(text: str) -> None:
    """Print a line as it is, for people and programs alike."""
    sys.stdout.write(text + "\n")


def main() -> None:
    """Run the command line; bad input ends with one message and exit code 2."""
    try:
        app()
    except GridjaxError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_BAD_INPUT)
