"""Amplitude equations: which lattice of waves of one length a pattern prefers near its onset.

A pattern u is a sum of waves of one length with equal amplitudes, its star of wave vectors k. It
grows by the gradient of the mean over space of -(tau / 2) u^2 - (gamma / 3) u^3 + (1 / 4) u^4. The
growth rate is tau. The quadratic term of the equations, gamma, is not 0 if u and -u differ, as with
rates that are never below 0. It couples triads of waves that sum to zero. The cubic term limits the
growth.

The mean energy of a pattern of variance v is
-(tau / 2) v - (gamma / 3) S v^(3/2) + (1 / 4) K v^2.
The skewness S = <u^3> / v^(3/2) and the kurtosis K = <u^4> / v^2 are counts of triples and
quadruples of wave vectors that sum to zero. Sources: Alexander and McTague 1978 (PRL 41:702),
Leibler 1980 (Macromolecules 13:1602).
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations, product
from typing import NamedTuple

from gridjax.errors import GridjaxError, Problem


class WaveStar(NamedTuple):
    """Waves of one length whose sum, with equal amplitudes, has the maxima of a lattice."""

    n_waves: int
    """Number of wave vectors; k and -k count as two."""
    n_triads: int
    """Number of sets of three wave vectors that sum to zero."""
    skewness: float
    """<u^3> / <u^2>^(3/2) of the pattern."""
    kurtosis: float
    """<u^4> / <u^2>^2 of the pattern."""


def _vectors(*examples: tuple[int, int, int]) -> frozenset[tuple[int, ...]]:
    """Return all orders and signs of vectors."""
    return frozenset(
        tuple(sign * n for sign, n in zip(signs, order, strict=True))
        for example in examples
        for order in permutations(example)
        for signs in product((1, -1), repeat=3)
    )


STARS = {
    "bcc": _vectors((1, 1, 0)),
    "columns": frozenset(v for v in _vectors((1, 1, 0)) if sum(v) == 0),
    "lamellae": frozenset([(1, 0, 0), (-1, 0, 0)]),
    "sc": _vectors((1, 0, 0)),
    "fcc": _vectors((1, 1, 1)),
}
"""Wave vectors of the lattices that are sums of waves of one length, which hcp is not."""


def wave_star(vectors: frozenset[tuple[int, ...]]) -> WaveStar:
    """Return the triads and moments of a pattern of waves with these vectors of whole numbers."""
    pairs = Counter(
        tuple(a + b for a, b in zip(one, other, strict=True))
        for one, other in product(vectors, repeat=2)
    )
    triples = sum(pairs[tuple(-n for n in vector)] for vector in vectors)
    quadruples = sum(count * pairs[tuple(-n for n in pair)] for pair, count in pairs.items())
    n = len(vectors)
    return WaveStar(n, triples // 6, triples / n**1.5, quadruples / n**2)


def lattice_energies(growth_rate: float, quadratic: float) -> dict[str, float]:
    """Return the lowest energy of each lattice of a volume; 0 if its pattern does not grow.

    Args:
        growth_rate: tau, growth rate of the waves.
        quadratic: gamma, quadratic coefficient; its sign decides whether the pattern has fields
            (above 0) or holes (below 0) at the places of the lattice, with the same energy.

    The cubic coefficient is 1. The energies depend on growth_rate / quadratic^2 up to a factor.

    Raises GridjaxError for numbers that are not finite.
    """
    if not (math.isfinite(growth_rate) and math.isfinite(quadratic)):
        message = f"growth_rate is {growth_rate:g}, quadratic is {quadratic:g}"
        raise GridjaxError(Problem(message, fix="give finite numbers"))
    return {
        name: _lowest_energy(wave_star(vectors), growth_rate, abs(quadratic))
        for name, vectors in STARS.items()
    }


def preferred_lattices() -> list[tuple[str, float]]:
    """Return the lattices of lowest energy in order of growth_rate / quadratic^2.

    Each lattice comes with the ratio up to which it has the lowest energy, infinity for the last.
    Below the first ratio of all (a negative one) no pattern grows from a uniform state.
    """
    stars = {name: wave_star(vectors) for name, vectors in STARS.items()}

    def best(ratio: float) -> str:
        return min(stars, key=lambda name: _lowest_energy(stars[name], ratio, 1.0))

    found, low = [], 0.0
    while (name := best(low)) != best(_LARGEST_RATIO):
        above = low
        while best(above) == name:
            above += 0.25
        below = above - 0.25
        for _ in range(50):
            middle = (below + above) / 2
            below, above = (middle, above) if best(middle) == name else (below, middle)
        found.append((name, above))
        low = above
    return [*found, (name, math.inf)]


_LARGEST_RATIO = 100.0


def _lowest_energy(star: WaveStar, growth_rate: float, quadratic: float) -> float:
    """Return the minimum over the root of the variance, at a root of K x^2 - gamma S x - tau."""
    slope = quadratic * star.skewness
    inside = slope**2 + 4 * star.kurtosis * growth_rate
    if inside < 0:
        return 0.0
    x = (slope + math.sqrt(inside)) / (2 * star.kurtosis)
    energy = -growth_rate / 2 * x**2 - slope / 3 * x**3 + star.kurtosis / 4 * x**4
    return min(0.0, energy)
