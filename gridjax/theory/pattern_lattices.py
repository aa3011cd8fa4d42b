"""Lattices of grown patterns: the class, p-value and period of each pattern."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

NONE = "none"
FEWEST_CYCLES = 1.5
"""Waves along a line of a row of fields. Patterns of one wave or one field have up to 1.4."""
_PADDING = 8


class PatternLattices(NamedTuple):
    """Lattices of the patterns of one dynamics; each array has the shape [unit]."""

    lattice: Any
    """Class of each pattern. 3-D: bcc, fcc, hcp, sc, columns, lamellae, local or none. 2-D:
    hexagonal or none. 1-D: row, or none for a pattern with fewer than FEWEST_CYCLES waves, such as
    one field."""
    p_value: Float[np.ndarray, " unit"]
    """p-value of the lattice against the isotropic null; NaN in one dimension."""
    period_m: Float[np.ndarray, " unit"]
    """Distance between nearest fields, columns or planes, metres; NaN for none."""
    score: Float[np.ndarray, " unit"]
    """3-D: largest correlation with an ideal lattice; 2-D: grid score; NaN in one dimension."""

    def counts(self) -> dict[str, int]:
        """Return the number of patterns of each class that occurs, the most frequent first."""
        return dict(Counter(self.lattice.tolist()).most_common())

    def to_dict(self) -> dict[str, Any]:
        """Return the columns as lists of JSON values; NaN becomes None."""
        columns = {name: values.tolist() for name, values in self._asdict().items()}
        return {
            name: [None if value != value else value for value in values]
            for name, values in columns.items()
        }


def pattern_lattices(maps: Float[np.ndarray, "unit ..."], box_width_m: float) -> PatternLattices:
    """Return the lattices of patterns over a line, a square or a cube.

    Args:
        maps: [unit, n], [unit, n, n] or [unit, n, n, n].
        box_width_m: side of the box, metres.

    Volumes are scored by ``grid_score_3d`` with 99 random fields, squares by ``fit_lattice`` at a
    p-value of at most .05. On a line the period is 1 / (frequency of most power).
    """
    dimensions = maps.ndim - 1
    if dimensions == 3:
        from gridjax.metrics.volume.grid_score_3d import grid_score_3d

        scores = grid_score_3d(maps)
        period = np.asarray(scores.period) * box_width_m / maps.shape[-1]
        symmetry = np.max(np.asarray(scores.symmetry), axis=0)
        p_value = np.asarray(scores.order_p_value)
        return PatternLattices(np.asarray(scores.lattice), p_value, period, symmetry)
    if dimensions == 2:
        from gridjax.metrics.gridscore.grid_score import grid_score
        from gridjax.metrics.lattice.lattice import lattice

        fit = lattice(maps, box_width_m)
        period = np.asarray(fit.period_cm) / 100
        names = np.where(np.isfinite(period), "hexagonal", NONE)
        score = np.asarray(grid_score(maps).score_60)
        return PatternLattices(names, np.asarray(fit.p_value), period, score)
    cycles = _strongest_cycles(maps)
    is_row = cycles >= FEWEST_CYCLES
    period = np.where(is_row, box_width_m / cycles, np.nan)
    missing = np.full(len(maps), np.nan)
    return PatternLattices(np.where(is_row, "row", NONE), missing, period, missing)


def _strongest_cycles(maps: Float[np.ndarray, "unit n"]) -> Float[np.ndarray, " unit"]:
    """Return the frequency of most power of each line, cycles per box, from a parabola."""
    n = maps.shape[1]
    # without a window, which would hide one field at the end of the line
    centred = maps - maps.mean(axis=1, keepdims=True)
    power = np.square(np.abs(np.fft.rfft(centred, _PADDING * n, axis=1)))
    top = np.clip(power.argmax(axis=1), 1, power.shape[1] - 2)
    below, at, above = (power[np.arange(len(maps)), top + step] for step in (-1, 0, 1))
    bend = np.minimum(below - 2 * at + above, -1e-30)
    return (top + (below - above) / (2 * bend)) / _PADDING
