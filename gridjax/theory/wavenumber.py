"""Wavenumber that the target code of a network selects, from its parameters."""

from __future__ import annotations

import math

from gridjax.metrics.spectral.turing import hexagonal_period, peak_wavenumber
from gridjax.spec.fields.declarations import info_of
from gridjax.spec.fields.distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.target_code_info import PEAK


def surround_ratio(spec: NetworkSpec) -> float:
    """Return the standard deviation of the surround divided by that of the centre."""
    ratio = mean(spec.surround_scale)
    return math.sqrt(ratio) if spec.surround_convention == "variance" else ratio


def expected_wavenumber(spec: NetworkSpec, dimensions: int = 2) -> float | None:
    """Return the wavenumber (rad/m) at which, in theory, the targets have most power.

    The theory covers Difference of Softmaxes with global normalisation, one field for each cell and
    one width. The result is None for all other codes.
    """
    info = info_of(spec.place_field_values)
    has_peak = info is not None and info.spectrum == PEAK
    if not (has_peak and spec.place_field_normalization == "global" and spec.is_homogeneous):
        return None
    return peak_wavenumber(mean(spec.place_cell_rf), surround_ratio(spec), dimensions)


def expected_period_cm(spec: NetworkSpec) -> float | None:
    """Return the period (cm) of the hexagonal lattice of the expected wavenumber, or None."""
    wavenumber = expected_wavenumber(spec)
    return None if wavenumber is None else 100 * hexagonal_period(wavenumber)
