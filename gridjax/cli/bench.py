"""The command gridjax bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.application import app, print_line
from gridjax.cli.streams import keep_on


@app.command(
    epilog="Examples:  gridjax bench --quick   |   gridjax bench train --sizes small,paper"
    " --json train.json   |   gridjax bench scaling --figure scaling.png"
)
def bench(
    kind: Annotated[
        Literal["train", "motion", "gridscore", "scaling"] | None,
        typer.Argument(metavar="[train|motion|gridscore|scaling]", help="One of them; else all."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Networks to train: small (Ng 128), medium (256), paper (1024); all by default."
            " Populations are of the first.",
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", help="Rounds that medians are of (7).")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of everything: an order of magnitude.")
    ] = False,
    pytorch: Annotated[
        bool, typer.Option("--pytorch/--no-pytorch", help="Time the PyTorch trainer beside.")
    ] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the results.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw throughput against population size."),
    ] = None,
) -> None:
    """Measure this machine: training, motion and grid scores beside their competitors."""
    if json_file is not None or figure is not None:
        keep_on()
    from gridjax.sweep.catalog import benchmark

    options = benchmark("options")
    chosen = options.options(quick, sizes, repeats, pytorch)
    kinds = [kind] if kind else options.KINDS
    benchmark("suite").run(kinds, chosen, print_line, json_file, figure)
