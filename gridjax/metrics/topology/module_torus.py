"""The torus of one module of grid cells: long bars of its population vectors, against nulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from gridjax.metrics.arguments import check_array, check_int, invalid_argument, to_floats
from gridjax.metrics.lattice.modules import mean_orientation, modules
from gridjax.metrics.nulls.chance_scores import p_values, random_readout_weights, readout
from gridjax.metrics.nulls.isotropic_fields import isotropic_maps
from gridjax.metrics.topology.fuzzy_distances import varying
from gridjax.metrics.topology.persistence import N_COMPONENTS, N_POINTS, Bars, bars, load_ripser

PERIOD_SPREAD, TURN_SPREAD_RAD = 0.1, np.deg2rad(5)
"""Largest relative difference from the median period of a module, and largest difference from its
mean orientation, of a unit that ``torus_units`` selects."""
MOST_DRAWS, MOST_POINTS = 1000, 5000
ROTATED, ISOTROPIC, READOUTS = "rotated", "isotropic", "random_readouts"


class ModuleTorus(NamedTuple):
    """Bars of one module, their ratios, and the ratios of the nulls."""

    bars: Bars
    circle_ratio: float
    """Length of the second bar of the first homology over that of the third; large for a torus."""
    cavity_ratio: float
    """Length of the first bar of the second homology over that of the second; NaN unless asked
    for."""
    null_circle_ratios: dict[str, Float[np.ndarray, " draw"]]
    """The same ratios of draws of each null: ``rotated``, ``isotropic`` and, with a code,
    ``random_readouts``."""
    null_cavity_ratios: dict[str, Float[np.ndarray, " draw"]]

    @property
    def p_circles(self) -> dict[str, float]:
        """p-value of ``circle_ratio`` against each null, at least 1 / (1 + number of draws)."""
        null = self.null_circle_ratios
        return {name: float(p_values(self.circle_ratio, null[name])) for name in null}

    @property
    def p_cavities(self) -> dict[str, float]:
        """p-value of ``cavity_ratio`` against each null; NaN unless asked for."""
        null = self.null_cavity_ratios
        return {name: float(p_values(self.cavity_ratio, null[name])) for name in null}


def torus_units(
    period_cm: Float[np.ndarray, " unit"], orientation_rad: Float[np.ndarray, " unit"]
) -> Bool[np.ndarray, " unit"]:
    """Return which units belong to the largest module and are close to its middle.

    Their periods differ by at most 10 % from the median of the module, and their orientations by at
    most 5 degrees from its mean (mod 60 degrees). No unit is selected if there is no module.

    Args:
        period_cm: [unit], periods of the lattices, NaN for units without a lattice.
        orientation_rad: [unit], orientations of the lattices.
    """
    found = modules(period_cm, orientation_rad)
    if not len(found.size):
        return np.zeros(len(period_cm), bool)
    largest = int(found.size.argmax())
    own = found.of_unit == largest
    period_cm, orientation_rad = to_floats(period_cm), to_floats(orientation_rad)
    turned = orientation_rad - mean_orientation(orientation_rad[own])
    turned = np.abs((turned + np.pi / 6) % (np.pi / 3) - np.pi / 6)
    spread = np.abs(period_cm / found.period_cm[largest] - 1)
    return own & (spread <= PERIOD_SPREAD) & (turned <= TURN_SPREAD_RAD)


def module_torus(
    key: Key[Array, ""],
    maps: Any,
    code: Any = None,
    activation: Callable[[Array], Array] = jax.nn.relu,
    n_draws: int = 10,
    n_points: int = N_POINTS,
    has_cavities: bool = False,
) -> ModuleTorus:
    """Return whether the population vectors of one module lie on a torus, against three nulls.

    The points are the population vectors at the bins within the largest disc around the centre of
    the box. They pass through the method of Gardner et al. (2022): z-scores, 6 principal
    components, fuzzy choice of ``n_points``, fuzzy distances, persistent homology with coefficients
    in Z/47. The nulls have as many units:

    - ``rotated``: each map is rotated around the centre by a random angle. Moving the maps along
      their lattice would break nothing, because the phases of a torus are arbitrary.
    - ``isotropic``: isotropic fields with the radial spectrum and the values of each map.
    - ``random_readouts``: activation((y - mean y) . w / scale) of a target code y, normal w. Their
      power may lie on one annulus, which makes a torus of more dimensions.

    A call takes seconds (1,200 points; minutes with cavities) for the module and for each draw of a
    null. Use it for the best modules of a run, not for all networks.

    Args:
        key: random key of the nulls.
        maps: [unit, n, n], rate maps of the units of one module (`torus_units`), without NaN; at
            least 6 units, n at least 8.
        code: [n * n, output], the target code at the bins in the order of the maps, such as
            `gridjax.code_over_box` returns; None leaves out the random readouts.
        activation: function of the random readouts.
        n_draws: number of draws of each null.
        n_points: number of points that are kept.
        has_cavities: whether to compute the second homology, too.

    A bar that does not exist has the length 0; a ratio to it is infinite, and 0 / 0 is 0.

    Raises GridjaxError for invalid arguments, and if the package ripser is not installed (extra
    ``torus``). Source: Gardner et al. (2022), Nature 602.
    """
    load_ripser()
    maps = _checked_maps(maps)
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    n_points = check_int("n_points", n_points, 20, MOST_POINTS)
    code = None if code is None else _checked_code(code, maps)
    is_inside = disc(maps.shape[-1])

    def bars_of(each: Float[np.ndarray, "unit n n"]) -> Bars:
        return bars(each[:, is_inside].T, n_points, has_cavities)

    own = bars_of(maps)
    nulls: dict[str, Iterator[Float[np.ndarray, "unit n n"]]] = {
        ROTATED: rotated_maps(jax.random.fold_in(key, 0), maps, n_draws),
        ISOTROPIC: _isotropic(jax.random.fold_in(key, 1), maps, n_draws),
    }
    if code is not None:
        of_readouts = jax.random.fold_in(key, 2)
        nulls[READOUTS] = _readouts(of_readouts, code, maps.shape, activation, n_draws)
    found = {name: [bars_of(each) for each in draws] for name, draws in nulls.items()}
    return ModuleTorus(
        own,
        _ratio(own.circles, 1),
        _ratio(own.cavities, 0) if has_cavities else float("nan"),
        {name: np.array([_ratio(one.circles, 1) for one in of]) for name, of in found.items()},
        {
            name: np.array([_ratio(one.cavities, 0) if has_cavities else np.nan for one in of])
            for name, of in found.items()
        },
    )


def disc(n: int) -> Bool[np.ndarray, "n n"]:
    """Return which bins of a map have their centre within the largest disc around its centre."""
    away = np.arange(n) - (n - 1) / 2
    return np.hypot(away[:, None], away) <= n / 2


def rotated_maps(
    key: Key[Array, ""], maps: Float[np.ndarray, "unit n n"], n_draws: int
) -> Iterator[Float[np.ndarray, "unit n n"]]:
    """Yield draws of maps that are each rotated around the centre by an independent angle.

    Maps are interpolated linearly. Bins outside the disc of ``disc`` have no meaning.
    """
    from scipy.ndimage import map_coordinates

    middle = (maps.shape[-1] - 1) / 2
    places = np.indices(maps.shape[1:]) - middle
    angles = 2 * np.pi * np.asarray(jax.random.uniform(key, (n_draws, len(maps))), np.float64)
    for of_draw in angles:
        turned = []
        for one, angle in zip(maps, of_draw, strict=True):
            x = np.cos(angle) * places[0] - np.sin(angle) * places[1] + middle
            y = np.sin(angle) * places[0] + np.cos(angle) * places[1] + middle
            turned.append(map_coordinates(one, [x, y], order=1, mode="nearest"))
        yield np.stack(turned)


def _isotropic(key, maps, n_draws: int) -> Iterator[Float[np.ndarray, "unit n n"]]:
    fields = isotropic_maps(key, maps, n_draws)
    return (fields[:, draw] for draw in range(n_draws))


def _readouts(key, code, shape, activation, n_draws: int) -> Iterator[Any]:
    mean = code.mean(axis=0)
    scale = np.sqrt(np.square(code - mean).sum(axis=1).mean())
    for draw in range(n_draws):
        of_draw = jax.random.fold_in(key, draw)
        weights = random_readout_weights(of_draw, code.shape[1], shape[0])
        rates = readout(code, mean, scale, weights, activation)
        yield np.asarray(rates, np.float64).T.reshape(shape)


def _ratio(lengths: Float[np.ndarray, " bar"], place: int) -> float:
    """Return the length of the bar at ``place`` over the next one; missing bars have length 0."""
    long, short = np.append(lengths, np.zeros(place + 2))[place : place + 2]
    return float(long / short) if short > 0 else (np.inf if long > 0 else 0.0)


def _checked_maps(maps: Any) -> Float[np.ndarray, "unit n n"]:
    array = check_array("maps", maps, 3)
    if array.shape[1] != array.shape[2] or array.shape[1] < 8:
        fix = "give maps [unit, n, n] of a square box, n at least 8"
        raise invalid_argument(f"maps have shape {array.shape}", fix)
    if not np.isfinite(array).all():
        raise invalid_argument("maps contain NaN or infinity", "give maps without missing bins")
    n_varying = int(varying(array[:, disc(array.shape[1])].T).sum())
    if n_varying < N_COMPONENTS:
        fix = f"give at least {N_COMPONENTS} units of one module that vary"
        raise invalid_argument(f"maps of {n_varying} units vary", fix)
    return array


def _checked_code(code: Any, maps: Float[np.ndarray, "unit n n"]) -> Float[np.ndarray, "bin out"]:
    array = check_array("code", code, 2)
    if len(array) != maps.shape[1] * maps.shape[2]:
        n = maps.shape[1]
        fix = f"give [n * n, output]: code_over_box(spec, n={n})"
        raise invalid_argument(f"code has shape {array.shape}, maps {maps.shape}", fix)
    return array
