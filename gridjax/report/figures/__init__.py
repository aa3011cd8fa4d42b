"""Figures of a run, drawn from its results; each figure has one module."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from gridjax import plotting
from gridjax.plotting import FigureFiles, FigureResult
from gridjax.report.figures import (
    drift,
    emergence,
    lattice_periods,
    position_errors,
    rate_map_gallery,
    robustness,
    score_survival,
    target_codes,
    training_history,
    volumes,
)
from gridjax.report.run_data import RunData
from gridjax.run.results.run import Run


class SavedFigure(NamedTuple):
    """One figure with its files; the files are None if there is no figure."""

    result: FigureResult
    files: FigureFiles | None


def write_figures(data: RunData, run: Run, folder: Path) -> list[SavedFigure]:
    """Draw every figure of a run and write it into ``folder`` as PNG and SVG.

    If the kept results are not enough for a figure, its caption gives the reason. The figure of
    maps in a cube is drawn only for a run with such networks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    squares = data.of_dimensions(2) if data.records else data
    cubes = data.of_dimensions(3)
    with plotting.styled():
        figures: list[FigureResult] = []
        if cubes.records:
            figures.append(volumes.draw(cubes, run))
        if data.records and not squares.records:
            figures += [_of_outputs(drift, data), training_history.draw(data)]
        else:
            figures += _of_squares(data, squares, run)
        return [SavedFigure(result, plotting.save(result, folder)) for result in figures]


def _of_squares(data: RunData, squares: RunData, run: Run) -> list[FigureResult]:
    """Draw the figures of a run with networks in squares, or without any network yet."""
    return [
        rate_map_gallery.draw(squares, run),
        score_survival.draw(squares),
        _of_outputs(position_errors, squares),
        _of_outputs(drift, data),
        robustness.draw(squares, run),
        lattice_periods.draw(squares),
        _of_outputs(target_codes, squares, run),
        training_history.draw(data),
        _of_outputs(emergence, squares),
    ]


def _of_outputs(figure: Any, data: RunData, *run: Run) -> FigureResult:
    """Draw a figure of the networks that have outputs."""
    with_outputs = data.with_outputs
    if data.records and not with_outputs.records:
        return FigureResult(figure.NAME, figure.TITLE, None, "The networks have no outputs.")
    return figure.draw(with_outputs, *run)
