"""Modes of a box: all discrete waves, the modes nearest to a wavenumber, and hexagonal triads.

Wave vectors n = k L / (2 pi) are in cycles per box. The modes of a periodic box are whole numbers.
Standing waves between walls, cos(pi m x / L), are multiples of one half (``step=0.5``).
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

MOST_CYCLES = 64
"""Largest length of a mode, in steps; the lengths of longer modes are too close to each other."""


class Mode(NamedTuple):
    """Wave vectors that are equal up to the symmetries of the square or cube."""

    n: tuple[float, ...]
    """Cycles per box along each side: largest first, all at least 0."""
    length: float
    """|n|, cycles per box."""
    n_equivalent: int
    """Number of equal wave vectors: all orders and signs of n."""


class Triad(NamedTuple):
    """Three wave vectors that sum to zero, nearly equal in length and nearly hexagonal."""

    modes: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    """The three wave vectors, cycles per box."""
    length: float
    """Mean |n|, cycles per box."""
    spread: float
    """Longest |n| divided by shortest |n|, minus 1; 0 for a perfect hexagon."""
    off_60_deg: float
    """Largest difference from 60 degrees of the angles between the waves' directions, degrees."""


def box_modes(most_cycles: float, dimensions: int = 2, step: float = 1.0) -> list[Mode]:
    """Return all modes with 0 < |n| <= ``most_cycles``, shortest vector first.

    Args:
        most_cycles: largest |n|, cycles per box.
        dimensions: 1, 2 or 3.
        step: distance of modes along one side, cycles per box; 1 for a periodic box, 0.5 for walls.

    Raises GridjaxError for more than MOST_CYCLES steps, and for dimensions other than 1, 2, 3.
    """
    limit = _steps(most_cycles, step)
    if dimensions not in (1, 2, 3):
        raise GridjaxError(Problem(f"dimensions is {dimensions}", fix="give 1, 2 or 3"))
    # the tolerance keeps modes at the limit itself in spite of rounding
    squared_limit = limit**2 * (1 + 1e-12)
    found = []
    for increasing in itertools.combinations_with_replacement(range(int(limit) + 1), dimensions):
        squared = sum(n**2 for n in increasing)
        if 0 < squared <= squared_limit:
            n = tuple(step * each for each in reversed(increasing))
            found.append(Mode(n, step * math.sqrt(squared), _n_equivalent(increasing)))
    return sorted(found, key=lambda mode: (mode.length, mode.n))


def nearest_modes(
    cycles: float, count: int = 4, dimensions: int = 2, step: float = 1.0
) -> list[Mode]:
    """Return the ``count`` modes with lengths nearest to ``cycles`` per box, nearest first.

    The other arguments and the errors are those of ``box_modes``.
    """
    far = cycles + step * (count + 1)  # one side alone has ``count`` modes up to here
    modes = box_modes(far, dimensions, step)
    return sorted(modes, key=lambda mode: (abs(mode.length - cycles), mode.length))[:count]


def hexagonal_triads(
    most_cycles: float, most_spread: float = 0.12, step: float = 1.0
) -> list[Triad]:
    """Return the near-hexagonal triads of a square box with mean |n| <= ``most_cycles``.

    Args:
        most_cycles: largest mean |n|, cycles per box.
        most_spread: largest spread of a triad, see ``Triad``.
        step: distance of modes along one side, cycles per box.

    Triads that are equal up to the symmetries of the square are returned once. The triads are
    sorted by length, then by spread.

    Raises GridjaxError for more than MOST_CYCLES steps.
    """
    longest = most_cycles * (1 + most_spread)
    axis = np.arange(-int(_steps(longest, step)), int(_steps(longest, step)) + 1)
    vectors = [
        (int(x), int(y)) for x in axis for y in axis if 0 < step * math.hypot(x, y) <= longest
    ]
    found: dict[tuple, Triad] = {}
    for one, other in itertools.combinations(vectors, 2):
        third = (-one[0] - other[0], -one[1] - other[1])
        lengths = [math.hypot(*n) for n in (one, other, third)]
        shortest = min(lengths)
        if shortest == 0 or max(lengths) > shortest * (1 + most_spread):
            continue
        mean = step * sum(lengths) / 3
        name = _canonical((one, other, third))
        if mean <= most_cycles * (1 + 1e-12) and name not in found:
            first, second, last = ((step * x, step * y) for x, y in name)
            spread, off = max(lengths) / shortest - 1, _off_60(np.array(name, float))
            found[name] = Triad((first, second, last), mean, spread, off)
    return sorted(found.values(), key=lambda triad: (triad.length, triad.spread, triad.modes))


def _canonical(triad: tuple) -> tuple:
    """Return the largest, in sort order, of the triads equal up to symmetries of the square."""
    turned = []
    for sign_x, sign_y, swap in itertools.product((1, -1), (1, -1), (False, True)):
        moved = [(sign_x * x, sign_y * y) for x, y in triad]
        turned.append(tuple(sorted(((y, x) for x, y in moved) if swap else moved, reverse=True)))
    return max(turned)


def _off_60(triad: Float[np.ndarray, "3 2"]) -> float:
    lines = np.sort(np.arctan2(triad[:, 1], triad[:, 0]) % np.pi)
    gaps = np.diff(np.append(lines, lines[0] + np.pi))
    return float(np.abs(np.degrees(gaps) - 60).max())


def _n_equivalent(n: tuple[int, ...]) -> int:
    return len(set(itertools.permutations(n))) * 2 ** sum(each > 0 for each in n)


def _steps(cycles: float, step: float) -> float:
    if not step > 0 or not 0 <= cycles / step <= MOST_CYCLES:
        message = f"modes up to {cycles:g} cycles per box in steps of {step:g}"
        raise GridjaxError(Problem(message, fix=f"ask for at most {MOST_CYCLES} steps"))
    return cycles / step
