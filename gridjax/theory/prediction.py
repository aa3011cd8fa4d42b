"""Predictions for a place code before training: wavenumber, lattice and box modes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem
from gridjax.metrics.spectral import box_modes, turing
from gridjax.metrics.spectral.box_modes import Mode, Triad
from gridjax.spec.constraints import read_spec
from gridjax.spec.fields.distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.target_code_info import PEAK, TARGET_CODES
from gridjax.spec.registry import ENCODINGS
from gridjax.theory.wavenumber import expected_wavenumber, surround_ratio

CODES = tuple(info.name for info in TARGET_CODES if info.spectrum)
"""Target codes with a theory: Difference of Softmaxes (DoS) and Gaussian."""
N_BINS = 44
"""Bins along a side of the box from which spectra are computed."""
MOST_SPREAD = 0.12
"""Largest spread of a near-hexagonal triad: longest wave over shortest, minus 1."""
_N_MODES = 4


@dataclass(frozen=True)
class Prediction:
    """Prediction for one target code in one box; lengths are NaN if theory predicts none."""

    code: str
    dimensions: int
    sigma_m: float
    """Standard deviation of the centre of a place field, metres."""
    ratio: float
    """Standard deviation of the surround divided by that of the centre; NaN for Gaussian codes."""
    box_width_m: float
    """Side L of the box, metres."""
    wavenumber_rad_m: float
    """k*, the wavenumber of most power, rad/m."""
    cycles_per_box: float
    """n* = k* L / (2 pi)."""
    wavelength_m: float
    """2 pi / k*, which is also the distance between planes (in 2-D: rows) of fields, metres."""
    period_m: float
    """Distance between nearest fields, metres; see turing.lattice_period."""
    periods_per_box: float
    """L / period_m; in 2-D it is n* times sqrt 3 / 2."""
    fits: bool
    """Whether the box holds at least turing.ENOUGH_CYCLES wavelengths."""
    modes: tuple[Mode, ...]
    """Modes of a periodic box nearest to n*, nearest first; longest waves for Gaussian codes."""
    triads: tuple[Triad, ...]
    """The two near-hexagonal triads of modes nearest to n*; empty except in two dimensions."""

    @property
    def has_peak(self) -> bool:
        """Whether the power of the code is largest at one wavenumber, k*."""
        return ENCODINGS.info(self.code).spectrum == PEAK

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value; NaN becomes None."""
        values = asdict(self)
        values["modes"] = [mode._asdict() for mode in self.modes]
        values["triads"] = [triad._asdict() for triad in self.triads]
        missing = {name for name, value in values.items() if value != value}
        return values | dict.fromkeys(missing)


def place_code_spec(
    place_cell_rf: float = 0.12,
    surround_scale: float = 2.0,
    box_m: float = 2.2,
    surround_convention: str = "std",
    code: str = "difference_of_gaussians",
    n_cells: int = 512,
    seed: int = 0,
) -> NetworkSpec:
    """Return the spec of a network with these place cells.

    Args:
        place_cell_rf: standard deviation of a place field's centre, metres.
        surround_scale: width of the surround divided by that of the centre.
        box_m: side of the square box, 0.001 to 1e6 metres.
        surround_convention: whether widths in ``surround_scale`` are standard deviations ("std") or
            variances ("variance").
        code: one of CODES.
        n_cells: number of place cells.
        seed: seed of the network.

    Raises GridjaxError for invalid values and for codes without a theory.
    """
    if code not in CODES:
        raise GridjaxError(
            Problem(f"there is no theory of code {code!r}", fix=f"choose {' or '.join(CODES)}")
        )
    if not 1e-3 <= box_m <= 1e6:
        raise GridjaxError(Problem(f"box is {box_m:g} m", fix="give a side from 0.001 to 1e6 m"))
    return read_spec(
        NetworkSpec(
            place_field_values=code,
            place_cell_rf=place_cell_rf,
            surround_scale=surround_scale,
            surround_convention=surround_convention,
            Np=n_cells,
            box_width_in_m=box_m,
            box_height_in_m=box_m,
            bin_side_in_m=box_m / N_BINS,
            seed=seed,
        )
    )


def predict(
    place_cell_rf: float,
    surround_scale: float = 2.0,
    box_m: float = 2.2,
    dimensions: int = 2,
    surround_convention: str = "std",
    code: str = "difference_of_gaussians",
) -> Prediction:
    """Return the prediction for place cells of one width in a square box.

    Args:
        dimensions: dimensions of the box: 1, 2 or 3.

    The other arguments are those of ``place_code_spec``. Gaussian codes do not use
    ``surround_scale`` and ``surround_convention``.

    Raises GridjaxError for invalid values.
    """
    spec = place_code_spec(place_cell_rf, surround_scale, box_m, surround_convention, code)
    return predict_spec(spec, dimensions)


def predict_spec(spec: NetworkSpec, dimensions: int = 2) -> Prediction:
    """Return the prediction for the place cells of a network in its box.

    Args:
        dimensions: dimensions of the box: 1, 2 or 3.

    Raises GridjaxError for codes without a theory, and if the widths of cells or their numbers of
    fields differ.
    """
    is_global = spec.place_field_normalization == "global"
    if not (spec.is_homogeneous and is_global and spec.place_field_values in CODES):
        message = "there is no theory of this target code: only of DoS and Gaussian place cells"
        fix = "use one field a cell, one width and global normalisation"
        raise GridjaxError(Problem(message, fix=fix))
    sigma, side = mean(spec.place_cell_rf), spec.box_width_in_m
    ratio = wavenumber = math.nan
    if (expected := expected_wavenumber(spec, dimensions)) is not None:
        ratio, wavenumber = surround_ratio(spec), expected
    period = turing.lattice_period(wavenumber, dimensions)
    cycles = turing.cycles_per_box(wavenumber, side)
    return Prediction(
        code=spec.place_field_values,
        dimensions=dimensions,
        sigma_m=sigma,
        ratio=ratio,
        box_width_m=side,
        wavenumber_rad_m=wavenumber,
        cycles_per_box=cycles,
        wavelength_m=2 * math.pi / wavenumber,
        period_m=period,
        periods_per_box=side / period,
        fits=cycles >= turing.ENOUGH_CYCLES,
        modes=_nearest_modes(cycles, dimensions),
        triads=_nearest_triads(cycles) if dimensions == 2 else (),
    )


def expected_power(theory: Prediction, cycles: Any) -> Float[np.ndarray, "..."]:
    """Return the expected power at wavenumbers in cycles per box.

    The unit is that of turing.gaussian_power and turing.surround_power.
    """
    wavenumber = 2 * np.pi / theory.box_width_m * np.asarray(cycles, np.float64)
    if not theory.has_peak:
        return turing.gaussian_power(wavenumber, theory.sigma_m)
    return turing.surround_power(wavenumber, theory.sigma_m, theory.ratio, theory.dimensions)


def _nearest_modes(cycles: float, dimensions: int) -> tuple[Mode, ...]:
    """Return the modes nearest to n*, or no modes if n* is above half of MOST_CYCLES.

    If n* is NaN, return the longest modes.
    """
    if math.isnan(cycles):
        return tuple(box_modes.nearest_modes(0.0, _N_MODES, dimensions))
    if cycles > box_modes.MOST_CYCLES / 2:
        return ()
    return tuple(box_modes.nearest_modes(cycles, _N_MODES, dimensions))


def _nearest_triads(cycles: float) -> tuple[Triad, ...]:
    if not cycles <= box_modes.MOST_CYCLES / 4:  # NaN too
        return ()
    triads = box_modes.hexagonal_triads(max(cycles, 1.0) + 2, MOST_SPREAD)
    return tuple(sorted(triads, key=lambda triad: abs(triad.length - cycles))[:2])
