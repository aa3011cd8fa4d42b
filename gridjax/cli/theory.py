"""Command gridjax theory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridjax.cli.shared.application import app, console, print_line
from gridjax.errors import GridjaxError, Problem


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
        int | None,
        typer.Option(
            metavar="N",
            help="Number of place cells of the random layout; by default 512, in a volume 4,096.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Random seed of the layout and of pattern noise; by default 0."
        ),
    ] = None,
    patterns: Annotated[
        bool,
        typer.Option(
            "--patterns",
            help="Grow patterns on the layout, and print their lattices; --out does so too.",
        ),
    ] = False,
    periodic: Annotated[
        bool,
        typer.Option("--periodic", help="Grow patterns in a box without walls: its sides join."),
    ] = False,
    ideal: Annotated[
        bool,
        typer.Option(
            "--ideal",
            help="Grow patterns on infinitely many place cells in a box without walls.",
        ),
    ] = False,
    saturation: Annotated[
        float,
        typer.Option(
            metavar="R",
            help="Limit on the rates of patterns, in root mean squares of a pattern, above 1.",
        ),
    ] = math.inf,
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
    from gridjax.theory.growth_options import (
        Growth,
        check_drawable,
        check_layout,
        check_used,
        default_cells,
    )
    from gridjax.theory.lattice_gains import lattice_gains
    from gridjax.theory.prediction import place_code_spec, predict_spec

    if 0 < box < place_cell_rf < math.inf:
        message = f"place fields of {place_cell_rf:g} m are wider than the box of {box:g} m"
        raise GridjaxError(Problem(message, fix="give both in metres, for example 0.12"))
    growth = Growth(periodic, ideal, saturation)
    n_cells = default_cells(dimensions) if cells is None else cells
    spec = place_code_spec(
        place_cell_rf, surround_scale, box, surround_convention, code, n_cells, seed or 0
    )
    expected = predict_spec(spec, dimensions)
    has_gains = dimensions == 3 and expected.has_peak
    if out is None and not patterns:
        check_used(growth, cells, seed, has_gains)
    check_layout(growth, cells)
    values, gains = expected.to_dict(), None
    if has_gains:
        gains = values["lattice_gains"] = lattice_gains(expected, saturation)
    lines = output.lines(expected, gains)
    if out is not None:
        output.check_figure(out, force)
    elif force:
        raise GridjaxError(Problem("--force has no effect without --out", fix="omit it"))
    if out is not None or patterns:
        from gridjax.theory.layout_patterns import layout_patterns

        check_drawable(spec, dimensions)
        layout = layout_patterns(spec, dimensions, growth)
        lattices = output.grown_lattices(layout)
        values["patterns"] = output.patterns_to_dict(lattices)
        lines += output.pattern_lines(lattices)
        if out is not None:
            output.write_figure(expected, layout, lattices, out)
    if as_json:
        print_line(json.dumps(values, indent=1))
        return
    for line in lines:
        print_line(line)
    if out is not None:
        console().print(f"figure in {out} and {out.with_suffix('.svg')}", soft_wrap=True)
