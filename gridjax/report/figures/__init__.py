"""The figures of a run, from its results only; each module draws one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gridjax import plotting
from gridjax.plotting import Drawn, Files
from gridjax.report.figures import (
    drift,
    lattice_periods,
    position_errors,
    rate_map_gallery,
    score_survival,
    target_codes,
    training_history,
)
from gridjax.report.run_data import Reported
from gridjax.run.storage.run_reader import Run


class Written(NamedTuple):
    """One figure and its files; no files where there was nothing to draw."""

    drawn: Drawn
    files: Files | None


def write_figures(data: Reported, run: Run, folder: Path) -> list[Written]:
    """Draw every figure of a run and write it into ``folder`` as PNG and SVG.

    A figure that cannot be drawn from what was kept says why in its caption.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with plotting.styled():
        figures = (
            rate_map_gallery.draw(data, run),
            score_survival.draw(data),
            position_errors.draw(data),
            drift.draw(data),
            lattice_periods.draw(data),
            target_codes.draw(data, run),
            training_history.draw(data),
        )
        return [Written(drawn, plotting.save(drawn, folder)) for drawn in figures]
