"""Wavenumber that the target code of a network selects, from its parameters."""

from __future__ import annotations

import math

from gridjax.metrics.spectral.turing import hexagonal_period, peak_wavenumber
from gridjax.spec.field_distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import ENCODINGS
from gridjax.spec.target_code_info import PEAK


def surround_ratio(spec: NetworkSpec) -> float:
    """Return the surround's standard deviation over the centre's."""
    ratio = mean(spec.surround_scale)
    return math.sqrt(ratio) if spec.surround_convention == "variance" else ratio


def expected_wavenumber(spec: NetworkSpec, dimensions: int = 2) -> float | None:
    """Return the wavenumber (rad/m) at which theory expects the targets to have most power.

    None for codes about which theory makes no statement: it is of Difference of Softmaxes with
    global normalisation, one field a cell and one width.
    """
    has_peak = ENCODINGS.info(spec.place_field_values).spectrum == PEAK
    if not (has_peak and spec.place_field_normalization == "global" and spec.is_homogeneous):
        return None
    return peak_wavenumber(mean(spec.place_cell_rf), surround_ratio(spec), dimensions)


def expected_period_cm(spec: NetworkSpec) -> float | None:
    """Return the period (cm) of the hexagonal lattice of that wavenumber; None without one."""
    wavenumber = expected_wavenumber(spec)
    return None if wavenumber is None else 100 * hexagonal_period(wavenumber)
