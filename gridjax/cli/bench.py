"""Command gridjax bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.shared.application import app, print_line
from gridjax.cli.shared.streams import keep_on


@app.command(
    epilog="Examples:  gridjax bench --quick   |   gridjax bench train --sizes small,paper"
    " --json train.json   |   gridjax bench scaling --figure scaling.png"
)
def bench(
    kind: Annotated[
        Literal["pipeline", "train", "motion", "gridscore", "scaling"] | None,
        typer.Argument(
            metavar="[pipeline|train|motion|gridscore|scaling]",
            help="The benchmark; all of them by default.",
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Sizes of networks: small (Ng 128), medium (256), paper (1024); all by default."
            " Pipeline and scaling are measured with the first of them.",
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of timed rounds (default 7); results are medians over rounds.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run a short version, with about a tenth of the work.")
    ] = False,
    pytorch: Annotated[
        bool,
        typer.Option(
            "--pytorch/--no-pytorch", help="Also time a PyTorch trainer on the same work."
        ),
    ] = True,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the results to a JSON file."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw throughput by population size."),
    ] = None,
) -> None:
    """Time whole runs, training, motion and grid scores here, and compare with other libraries."""
    if json_file is not None or figure is not None:
        keep_on()
    from gridjax.sweep.catalog import benchmark

    options = benchmark("options")
    chosen = options.options(quick, sizes, repeats, pytorch)
    kinds = [kind] if kind else options.KINDS
    benchmark("suite").run(kinds, chosen, print_line, json_file, figure)
