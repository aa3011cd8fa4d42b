"""Predictions of theory for place cells before training, and for a drawn layout of them.

Theory: the wavenumber of most power, the lattice of that wavenumber, and the modes of the box. A
layout: the spectrum of its cells over the box, and the patterns that grow on their covariance.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem
from gridjax.metrics.spectral import box_modes, turing
from gridjax.metrics.spectral.box_modes import Mode, Triad
from gridjax.spec.constraints import read_spec
from gridjax.spec.field_distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.theory.wavenumber import expected_wavenumber, surround_ratio

CODES = ("difference_of_gaussians", "gaussian")
"""Target codes that theory speaks of: Difference of Softmaxes (DoS), and Gaussian ones."""
N_PLACES = 32
"""Places a side at which patterns grow."""
N_BINS = 44
"""Places a side at which spectra are taken."""
N_STEPS = 300
MOST_SPREAD = 0.12
"""Of near-hexagonal triads: longest wave over shortest, minus 1."""
_N_MODES = 4


@dataclass(frozen=True)
class Theory:
    """What theory expects of one target code in one box; NaN where it expects no length."""

    code: str
    dimensions: int
    sigma_m: float
    ratio: float
    """surround's standard deviation over the centre's; NaN of Gaussian codes"""
    box_width_m: float
    wavenumber_rad_m: float
    """k*, of most power"""
    cycles_per_box: float
    """n* = k* L / 2 pi"""
    wavelength_m: float
    """2 pi / k*, also the distance of the lattice's planes (in 2-D: rows) of fields"""
    period_m: float
    """distance of nearest fields of the lattice; gridjax.metrics.spectral.turing.lattice_period"""
    periods_per_box: float
    """L over that distance; in 2-D n* times sqrt 3 / 2"""
    fits: bool
    """whether the box holds turing.ENOUGH_CYCLES wavelengths"""
    modes: tuple[Mode, ...]
    """of a box that wraps around: those nearest n*, nearest first; of Gaussian codes the longest"""
    triads: tuple[Triad, ...]
    """the two near-hexagonal triads of modes nearest n*, in two dimensions"""

    def to_dict(self) -> dict[str, Any]:
        """Every field as JSON has it: None for what is not there."""
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

    Raises GridjaxError for values that no network can have, and for codes theory has nothing on.
    """
    if code not in CODES:
        raise GridjaxError(Problem(f"code is {code!r}", fix=f"choose {' or '.join(CODES)}"))
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
) -> Theory:
    """Return what theory expects of place cells of one width (m) in a box of side ``box_m``.

    ``surround_scale`` is the surround's width over the centre's, of standard deviations or (by
    ``surround_convention``) of variances; Gaussian codes do not read it.

    Raises GridjaxError for values that no network can have.
    """
    spec = place_code_spec(place_cell_rf, surround_scale, box_m, surround_convention, code)
    return theory_of(spec, dimensions)


def theory_of(spec: NetworkSpec, dimensions: int = 2) -> Theory:
    """Return what theory expects of the place cells of a network of one width, in its box."""
    is_global = spec.place_field_normalization == "global"
    if not (spec.is_homogeneous and is_global and spec.place_field_values in CODES):
        message = "theory is of DoS and Gaussian place cells of one field and one width"
        raise GridjaxError(Problem(message, fix="give numbers, not laws, and one field a cell"))
    sigma, side = mean(spec.place_cell_rf), spec.box_width_in_m
    ratio = wavenumber = math.nan
    if (expected := expected_wavenumber(spec, dimensions)) is not None:
        ratio, wavenumber = surround_ratio(spec), expected
    period = turing.lattice_period(wavenumber, dimensions)
    cycles = turing.cycles_per_box(wavenumber, side)
    return Theory(
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


def expected_power(theory: Theory, cycles: Any) -> Float[np.ndarray, "..."]:
    """Return the power that theory expects at cycles per box; units as in spectral.turing."""
    wavenumber = 2 * np.pi / theory.box_width_m * np.asarray(cycles, np.float64)
    if theory.code == "gaussian":
        return turing.gaussian_power(wavenumber, theory.sigma_m)
    return turing.surround_power(wavenumber, theory.sigma_m, theory.ratio, theory.dimensions)


def code_covariance(
    spec: NetworkSpec, n: int = N_PLACES, equal_variance: bool = True
) -> Float[np.ndarray, "position position"]:
    """Return the covariance of n x n places of the box under a network's own target code.

    As pattern_formation.covariance. Raises GridjaxError where the code does not vary.
    """
    from gridjax.metrics.spectral.pattern_formation import covariance
    from gridjax.task.code_maps import code_over_box

    return covariance(code_over_box(spec, n), equal_variance)


class DrawnLayout(NamedTuple):
    """What the place cells of one layout show, in two dimensions."""

    spec: NetworkSpec
    cycles: Float[np.ndarray, " ring"]
    """cycles per box"""
    power: Float[np.ndarray, " ring"]
    """mean over cells of their radial power; see gridjax.metrics.spectral.radial_spectrum"""
    linear: Float[np.ndarray, "unit n n"]
    """patterns grown on the correlation of places"""
    nonnegative: Float[np.ndarray, "unit n n"]


def check_drawable(spec: NetworkSpec) -> None:
    """Raise GridjaxError for fields too narrow for N_PLACES places a side."""
    sigma, side = mean(spec.place_cell_rf), spec.box_width_in_m
    if sigma < side / N_PLACES:
        message = f"fields of {sigma:g} m in a box of {side:g} m are too narrow to draw"
        fix = f"give --place-cell-rf of at least {side / N_PLACES:.3g}, or leave --out away"
        raise GridjaxError(Problem(message, fix=fix))


def draw_layout(spec: NetworkSpec, n_units: int = 64) -> DrawnLayout:
    """Draw the layout of a network; take its cells' spectrum and grow patterns on their covariance.

    Raises GridjaxError for fields too narrow for N_PLACES places a side or too wide to vary.
    """
    from gridjax.metrics.spectral.pattern_formation import grow
    from gridjax.metrics.spectral.radial_spectrum import mean_power, radial_power
    from gridjax.task.code_maps import code_maps, layout_of

    check_drawable(spec)
    correlation = code_covariance(spec)
    tuning = code_maps(spec, layout_of(spec), N_BINS).astype(np.float64)
    spectra = radial_power(tuning, spec.box_width_in_m)
    return DrawnLayout(
        spec=spec,
        cycles=spectra.cycles,
        power=mean_power(spectra),
        linear=grow(correlation, n_units, N_STEPS, nonnegative=False, seed=spec.seed),
        nonnegative=grow(correlation, n_units, N_STEPS, nonnegative=True, seed=spec.seed),
    )


def _nearest_modes(cycles: float, dimensions: int) -> tuple[Mode, ...]:
    """Return the modes nearest n*, the lowest of codes without one; none where they are legion."""
    if math.isnan(cycles):
        return tuple(box_modes.nearest_modes(0.0, _N_MODES, dimensions))
    if cycles > box_modes.MOST_CYCLES / 2:
        return ()
    return tuple(box_modes.nearest_modes(cycles, _N_MODES, dimensions))


def _nearest_triads(cycles: float) -> tuple[Triad, ...]:
    # nan compares false
    if not cycles <= box_modes.MOST_CYCLES / 4:
        return ()
    found = box_modes.hexagonal_triads(max(cycles, 1.0) + 2, MOST_SPREAD)
    return tuple(sorted(found, key=lambda triad: abs(triad.length - cycles))[:2])
