"""Command gridjax theory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.application import app, console, print_line


@app.command(
    epilog="Examples:  gridjax theory --place-cell-rf .12 --surround-scale 2 --out theory.png   |  "
    " gridjax theory --place-cell-rf .1 --dimensions 3 --json"
)
def theory(
    place_cell_rf: Annotated[
        float,
        typer.Option(
            "--place-cell-rf",
            metavar="M",
            help="Width of the place fields (standard deviation), in metres.",
        ),
    ] = 0.12,
    surround_scale: Annotated[
        float,
        typer.Option(metavar="S", help="Width of the surround divided by that of the centre."),
    ] = 2.0,
    surround_convention: Annotated[
        Literal["std", "variance"],
        typer.Option(help="Whether S is a ratio of standard deviations or of variances."),
    ] = "std",
    code: Annotated[
        Literal["difference_of_gaussians", "gaussian"],
        typer.Option(help="Target code; difference_of_gaussians: Difference of Softmaxes."),
    ] = "difference_of_gaussians",
    dimensions: Annotated[
        int, typer.Option(metavar="1|2|3", help="Number of spatial dimensions.")
    ] = 2,
    box: Annotated[float, typer.Option(metavar="M", help="Side of the box, in metres.")] = 2.2,
    cells: Annotated[
        int, typer.Option(metavar="N", help="Number of place cells of the random layout.")
    ] = 512,
    seed: Annotated[int, typer.Option(help="Random seed of the layout and of pattern noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw spectra and patterns as FILE.png and FILE.svg.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Compute which lattice a target code selects, and whether it fits into the box."""
    from gridjax.theory import output
    from gridjax.theory.prediction import check_drawable, place_code_spec, predict_spec

    spec = place_code_spec(
        place_cell_rf, surround_scale, box, surround_convention, code, cells, seed
    )
    expected = predict_spec(spec, dimensions)
    if out is not None:
        output.check_figure(out, force)
        if dimensions == 2:
            check_drawable(spec)
    if as_json:
        print_line(json.dumps(expected.to_dict(), indent=1))
    else:
        for line in output.lines(expected):
            print_line(line)
    if out is not None:
        output.write_figure(expected, spec, out)
        if not as_json:
            console().print(f"figure in {out} and {out.with_suffix('.svg')}", soft_wrap=True)
