"""Scan of place-cell widths: the study of width sensitivity with other widths and parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.numbers import parse_number
from gridjax.studies.study import Study, find_studies

STUDY = "width-sensitivity"
_SCAN = "widths.yaml"
_MOST_WIDTHS = 1000
_LARGEST_M = 2.0
_EXAMPLE = "write FROM:TO:STEP in metres, such as 0.09:0.15:0.01"


def scanning(base: Path | None, size: str) -> Study:
    """Return the study of width sensitivity with one sweep file for all its networks.

    ``base`` is the sweep file; it gives every parameter except the width. With None, it is the file
    of the study's own scan of that size. The
    study's other arms (boxes, crossed seeds) are omitted, because their claims are about particular
    widths.
    """
    study = find_studies(STUDY)[0]
    return replace(study, base=base or study.folder / size / _SCAN)


def read_widths(text: str) -> list[float]:
    """Return the widths of FROM:TO:STEP, metres, both ends included.

    Raises GridjaxError for any other text, and for widths in centimetres.
    """
    parts = [parse_number(part) for part in text.split(":")]
    numbers = [part for part in parts if isinstance(part, int | float)]
    if len(parts) != 3 or len(numbers) != 3 or not all(np.isfinite(numbers)):
        raise GridjaxError(Problem(f"--widths {text} is not a range of widths", fix=_EXAMPLE))
    start, end, step = (float(number) for number in numbers)
    if end > _LARGEST_M:
        message = f"--widths {text}: place cells of {end:g} m are as wide as the box"
        hint = ":".join(f"{number / 100:g}" for number in (start, end, step))
        raise GridjaxError(Problem(message, fix=f"widths are in metres: --widths {hint}"))
    if not (0 < start <= end and step > 0):
        raise GridjaxError(Problem(f"--widths {text} holds no width", fix=_EXAMPLE))
    n_steps = (end - start) / step + 1e-6
    if n_steps >= _MOST_WIDTHS:
        message = f"--widths {text} holds more than {_MOST_WIDTHS} widths"
        raise GridjaxError(Problem(message, fix="give a larger step"))
    n_widths = int(n_steps) + 1
    return [float(f"{start + k * step:.9g}") for k in range(n_widths)]
