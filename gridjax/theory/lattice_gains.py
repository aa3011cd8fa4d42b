"""Gains of ideal lattices: how much of its power a non-negative periodic pattern keeps.

Non-negative dynamics maximise the gain G.Sigma G / G.G over patterns G that are nowhere below 0
(Sorscher et al. 2019). A pattern with the symmetry of a lattice keeps this symmetry while it grows.
Its gain can therefore be computed in one cell of the lattice, without walls and without disorder,
and compared between lattices. The amplitude equations
(gridjax.metrics.spectral.amplitude_equations) are the limit of waves of one length; here waves of
all lengths have the power of the target code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.spectral.turing import NEIGHBOURS
from gridjax.theory.prediction import Prediction, expected_power

CELLS: dict[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]] = {
    "bcc": ((2 / 3**0.5,) * 3, ((0, 0, 0), (0.5, 0.5, 0.5))),
    "fcc": ((2**0.5,) * 3, ((0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5))),
    "hcp": (
        (1.0, 3**0.5, (8 / 3) ** 0.5),
        ((0, 0, 0), (0.5, 0.5, 0), (0.5, 1 / 6, 0.5), (0, 2 / 3, 0.5)),
    ),
    "sc": ((1.0,) * 3, ((0, 0, 0),)),
    "columns": ((1.0, 3**0.5), ((0, 0), (0.5, 0.5))),
    "lamellae": ((1.0,), ((0,),)),
}
"""Rectangular cell of each lattice: its sides in periods, and the fields in shares of the sides."""
PERIODS = np.arange(0.9, 1.36, 0.075)
"""Periods at which a gain is computed, in periods of theory."""
_FINENESS = 12  # bins a period
_N_STEPS = 80


def lattice_gains(theory: Prediction, saturation: float = math.inf) -> dict[str, float]:
    """Return the gain of each lattice of a volume, at its best period; 1 is a wave of k*.

    Args:
        theory: prediction of a code whose power is largest at one wavenumber, in three dimensions.
        saturation: limit on rates, in root mean squares of the rates of the pattern.

    The lattice of the largest gain is the one that non-negative dynamics should select in a box
    that is much larger than its period.
    """
    largest = float(expected_power(theory, theory.cycles_per_box))

    def power(wavenumber):
        cycles = wavenumber * theory.box_width_m / (2 * math.pi)
        return np.asarray(expected_power(theory, cycles)) / largest

    period = NEIGHBOURS[3] / theory.wavenumber_rad_m
    return {
        name: max(cell_gain(power, name, scale * period, saturation) for scale in _scales(name))
        for name in CELLS
    }


def cell_gain(
    power: Callable[[Any], Any], name: str, period_m: float, saturation: float = math.inf
) -> float:
    """Return the gain of the non-negative pattern of a lattice with this period, metres.

    Args:
        power: power of a wave by its wavenumber, rad/m, at most 1; 0 is taken for the mean.
        name: one of CELLS.
        saturation: limit on rates, in root mean squares of the rates of the pattern.
    """
    sides, fields = CELLS[name]
    shape = tuple(2 * round(_FINENESS * side / 2) for side in sides)
    spectrum = _spectrum(power, np.array(sides) * period_m, shape)
    rates = _start(np.array(sides), np.array(fields), shape)
    gain = 0.0
    for _ in range(_N_STEPS):
        driven = np.fft.ifftn(spectrum * np.fft.fftn(rates)).real
        gain = float((rates * driven).mean() / np.square(rates).mean())
        rates = _limited(rates + driven, saturation)
    return gain


def _scales(name: str) -> Float[np.ndarray, " period"]:
    """Return the periods of a lattice that are searched, around that of waves of k*."""
    factor = {"columns": 4 / (3 * 2) ** 0.5 / 3**0.5, "lamellae": 2 / 6**0.5, "sc": 2 / 6**0.5}
    return PERIODS * factor.get(name, 1.0)


def _spectrum(power, sides_m, shape):
    axes = [2 * np.pi * np.fft.fftfreq(n, side / n) for n, side in zip(shape, sides_m, strict=True)]
    squared = sum(np.square(part) for part in np.meshgrid(*axes, indexing="ij"))
    spectrum = np.array(power(np.sqrt(squared)), np.float64)
    spectrum.flat[0] = 0.0
    return spectrum


def _start(sides, fields, shape):
    """Return a sum of Gaussian fields at the places of the lattice, a fourth of a period wide."""
    places = np.stack(
        np.meshgrid(*[np.arange(n) / n for n in shape], indexing="ij"), axis=-1
    )  # fmt: skip
    rates = np.zeros(shape)
    for field in fields:
        off = places - field
        off = (off - np.round(off)) * sides
        rates += np.exp(-np.square(off).sum(-1) / (2 * 0.25**2))
    return rates


def _limited(rates, saturation):
    rates = np.maximum(rates, 0)
    rates = rates / np.sqrt(np.square(rates).mean())
    rates = np.minimum(rates, saturation)
    return rates / np.sqrt(np.square(rates).mean())
