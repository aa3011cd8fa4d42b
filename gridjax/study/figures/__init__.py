"""The figures of a run, from its results only; each module draws one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gridjax.study.figures import drift, errors, gallery, history, periods, style, survival, targets
from gridjax.study.figures.style import Drawn, Files
from gridjax.study.reported import Reported
from gridjax.study.results import Run


class Written(NamedTuple):
    """One figure and its files; no files where there was nothing to draw."""

    drawn: Drawn
    files: Files | None


def write_figures(data: Reported, run: Run, folder: Path) -> list[Written]:
    """Draw every figure of a run and write it into ``folder`` as PNG and SVG.

    A figure that cannot be drawn from what was kept says why in its caption.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with style.styled():
        figures = (
            gallery.draw(data, run),
            survival.draw(data),
            errors.draw(data),
            drift.draw(data),
            periods.draw(data),
            targets.draw(data, run),
            history.draw(data),
        )
        return [Written(drawn, style.save(drawn, folder)) for drawn in figures]
