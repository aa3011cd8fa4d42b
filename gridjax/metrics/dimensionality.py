"""Dimensionality of a layer's activity: participation ratio and TwoNN, in float64.

Both are computed in float32 if the activity is float32, for devices without float64. XLA's compiler
for TPUs would compute products of float64 matrices from three products of bfloat16, with three
correct digits.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, UInt

from gridjax.errors import GridjaxError, Problem
from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.float_pairs import computes_in_float64, exponent_of, times_power_of_two

FEWEST_POINTS = 20
"""Number of different points below which the dimension is NaN."""
DISCARD = 0.1
"""Share of the largest ratios that TwoNN leaves out of its fit by default."""
_CANDIDATES = 4
_NUMBERS_AT_ONCE = 2**19
"""Numbers in the largest block of distances or differences of one network: 4 MiB."""
_GRAIN = 2.0**50
"""Ratio of the largest value to the smallest difference that is not treated as rounding."""


def participation_ratio(activity: Float[Any, "sample unit"]) -> float:
    """Return (sum lambda)^2 / sum lambda^2 over the eigenvalues of the covariance of the units.

    The ratio does not depend on the scale or the offset of the activity. It is NaN if no unit
    varies, or if a value is not finite.

    Args:
        activity: [sample, unit], any unit.

    Source: Gao et al. 2017, bioRxiv 214262.
    """
    with jax.enable_x64(computes_in_float64(jax.default_backend())):
        return float(_ratio(_on_device(activity)))


def two_nn(points: Float[Any, "sample unit"], discard: float = DISCARD) -> float:
    """Return the TwoNN intrinsic dimension of points.

    For each point, mu is the distance to its second neighbour divided by the distance to its first
    neighbour, and F is the distribution function of mu. The dimension is the slope of a line
    through the origin, fitted to -log(1 - F(mu)) as a function of log mu. Equal points count once.
    The dimension is NaN for fewer than FEWEST_POINTS different points, if a value is not finite,
    and if every mu is 1.

    Args:
        points: [sample, unit], any unit.
        discard: share of the largest ratios that is left out of the fit.

    Raises GridjaxError unless 0 <= discard < 1.
    Source: Facco, d'Errico, Rodriguez and Laio 2017, Sci Rep 7:12140.
    """
    if not 0 <= discard < 1:
        message = f"discard={discard!r} is not a share of the ratios"
        raise GridjaxError(Problem(message, fix="give at least 0 and less than 1, as 0.1"))
    with jax.enable_x64(computes_in_float64(jax.default_backend())):
        return float(_dimension(_on_device(points), jnp.asarray(discard, float), _NUMBERS_AT_ONCE))


def _on_device(values: Any) -> Float[Array, "sample unit"]:
    """Return values on the default device, in float64; in float32 where it has no float64.

    Those of float32 are differences from the first sample, divided by the largest difference.
    """
    refuse_forked_process()
    values = np.asarray(values, np.float64)
    if not computes_in_float64(jax.default_backend()) and values.size:
        values = values - values[0]
        largest = np.abs(values).max()
        values = (values / largest if largest > 0 else values).astype(np.float32)
    return jnp.asarray(values)


def ratio_of_eigenvalues(activity: Float[Array, "sample unit"]) -> Float[Array, ""]:
    """Return the participation ratio of activity; traceable, see participation_ratio.

    It is tr(C)^2 / ||C||_F^2, where C is the covariance or the Gram matrix, whichever is smaller.
    Both have the same nonzero eigenvalues.
    """
    if not activity.size:
        return jnp.full((), jnp.nan)
    # The first sample is subtracted before the mean, so that a constant unit becomes exactly 0.
    centred = activity - activity[0]
    centred -= centred.mean(axis=0)
    largest = jnp.abs(centred).max()
    centred /= jnp.where(largest > 0, largest, 1.0)
    n_samples, n_units = activity.shape
    product = _matmul(*((centred.T, centred) if n_units <= n_samples else (centred, centred.T)))
    ratio = jnp.trace(product) ** 2 / jnp.square(product).sum()
    return jnp.where(jnp.isfinite(activity).all() & (largest > 0), ratio, jnp.nan)


def dimension_of_neighbours(
    points: Float[Array, "n unit"],
    discard: Float[Array, ""] | float = DISCARD,
    numbers_at_once: int = _NUMBERS_AT_ONCE,
) -> Float[Array, ""]:
    """Return the TwoNN dimension of points; traceable, see two_nn."""
    if not points.size:
        return jnp.full((), jnp.nan)
    split = _distinct if points.dtype == np.float64 else _distinct_in_float32
    distinct, centred, is_first = split(points)
    n = is_first.sum()
    first, second = _two_nearest(distinct, centred, is_first, numbers_at_once).T
    # -log(1 - F) of the largest ratio is infinite, so this ratio is always left out.
    n_used = jnp.minimum(n - jnp.ceil(discard * n), n - 1)
    rank = jnp.arange(1, len(points) + 1)
    is_used = rank <= n_used
    log_mu = jnp.sort(jnp.where(is_first, jnp.log(second / first), jnp.inf))
    log_mu = jnp.where(is_used, log_mu, 0.0)
    empirical = -jnp.log1p(-jnp.where(is_used, rank, 0) / n)
    square = jnp.square(log_mu).sum()
    is_defined = (n >= FEWEST_POINTS) & (square > 0) & jnp.isfinite(points).all()
    return jnp.where(is_defined, (log_mu * empirical).sum() / square, jnp.nan)


_ratio = jax.jit(ratio_of_eigenvalues)
_dimension = jax.jit(dimension_of_neighbours, static_argnums=2)
_matmul = partial(jnp.matmul, precision="highest")


def _distinct(
    points: Float[Array, "n unit"],
) -> tuple[Float[Array, "n unit"], Float[Array, "n unit"], Bool[Array, " n"]]:
    """Return the points twice, divided by the largest value, and the first of equal points.

    The points of the first result have accurate differences, those of the second are centred; in
    float64 they are the same. Points are equal if they differ by less than the rounding error of
    the largest value in float64.
    """
    centred = points - points[0]
    centred -= centred.mean(axis=0)
    largest = jnp.abs(centred).max()
    centred /= jnp.where(largest > 0, largest, 1.0)
    whole = jnp.rint(centred * _GRAIN)
    name = _hash(whole.astype(jnp.int64).astype(jnp.uint64))
    place = jnp.arange(len(points))
    # The first point with a name is the one that no earlier point shares it with.
    earlier = (name[:, None] == name) & (place < place[:, None])
    distinct = whole / _GRAIN
    return distinct, distinct, ~earlier.any(axis=1)


def _distinct_in_float32(
    points: Float[Array, "n unit"],
) -> tuple[Float[Array, "n unit"], Float[Array, "n unit"], Bool[Array, " n"]]:
    """Return the same for float32 points, whose largest value is below 1 and at least 1/2.

    Centred points are rounded, so they are used for products alone. Differences of the points
    themselves are exact up to their own rounding.
    """
    centred = points - points[0]
    centred -= centred.mean(axis=0)
    exponent = -exponent_of(jnp.abs(centred).max())
    # No operation here rounds, except that of values below 2^-27 to multiples of 2^-50.
    scaled = times_power_of_two(points, exponent)
    whole = jnp.rint(scaled * np.float32(_GRAIN)) + 0.0  # which makes -0 equal to 0
    bits = lax.bitcast_convert_type(whole, jnp.uint32)
    names = [_hash_of_32_bits(bits, seed) for seed in range(2)]
    place = jnp.arange(len(points))
    earlier = place < place[:, None]
    for name in names:
        earlier &= name[:, None] == name
    return scaled, times_power_of_two(centred, exponent), ~earlier.any(axis=1)


def _hash(values: UInt[Array, "n unit"]) -> UInt[Array, " n"]:
    """Return 64-bit hashes of rows: mixed values (splitmix64) times fixed odd numbers, summed."""
    factors = np.random.default_rng(0).integers(2**63, size=values.shape[1], dtype=np.uint64)
    mixed = (values ^ (values >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> 27)) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> 31)) * (2 * factors + 1)).sum(axis=1)


def _hash_of_32_bits(values: UInt[Array, "n unit"], seed: int) -> UInt[Array, " n"]:
    """Return 32-bit hashes of rows: values times odd numbers, mixed (MurmurHash3), summed."""
    factors = np.random.default_rng(seed).integers(2**31, size=values.shape[1], dtype=np.uint32)
    mixed = values * (2 * factors + 1)
    mixed = (mixed ^ (mixed >> 16)) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> 13)) * np.uint32(0xC2B2AE35)
    return ((mixed ^ (mixed >> 16)) * (2 * factors[::-1] + 1)).sum(axis=1, dtype=jnp.uint32)


def _two_nearest(
    points: Float[Array, "n unit"],
    centred: Float[Array, "n unit"],
    is_first: Bool[Array, " n"],
    numbers_at_once: int,
) -> Float[Array, "n 2"]:
    """Return the distances to the two nearest other points, of which only first points count.

    One matrix product gives squared distances as |a|^2 - 2 a.b + |b|^2, and the points with the
    smallest are candidates. The rounding error of this formula can exceed the distance of near
    points, so the candidates' distances are computed again from differences. If another point may
    be as near as the second candidate, the differences from all points are computed.
    """
    n_points, n_units = points.shape
    squares = jnp.square(centred).sum(axis=1)
    # 4 times the rounding bound of one dot product (Higham 2002, section 3.1); 3 are summed.
    rounding = 4 * (n_units + 4) * float(jnp.finfo(points.dtype).eps)
    n_rows = min(n_points, max(1, numbers_at_once // max(n_points, _CANDIDATES * n_units)))
    place = jnp.arange(n_points)

    def of_rows(at):
        rows = points[at]
        about = squares + squares[at][:, None] - 2 * _matmul(centred[at], centred.T)
        about = jnp.where(is_first & (place != at[:, None]), about, jnp.inf)

        def take(about, _):
            nearest = about.argmin(axis=1)
            return jnp.where(place == nearest[:, None], jnp.inf, about), nearest

        about, near = lax.scan(take, about, length=_CANDIDATES)
        exact = jnp.square(rows - points[near]).sum(axis=-1)
        found = _smallest_two(jnp.where(is_first[near] & (near != at), exact, jnp.inf).T)
        # Bound of the squared length of a point that is as near as the second candidate.
        longest = 2 * (squares[at] + found[:, 1])
        return found, about.min(axis=1) - rounding * longest <= found[:, 1]

    blocks = jnp.minimum(jnp.arange(-(-n_points // n_rows) * n_rows), n_points - 1)
    found, is_doubtful = lax.map(of_rows, blocks.reshape(-1, n_rows))
    found = found.reshape(-1, 2)[:n_points]
    is_doubtful = is_doubtful.reshape(-1)[:n_points] & is_first

    def settle(state):
        is_doubtful, found = state
        this = jnp.argmax(is_doubtful)
        exact = jnp.square(points - points[this]).sum(axis=1)
        exact = jnp.where(is_first & (place != this), exact, jnp.inf)
        return is_doubtful.at[this].set(False), found.at[this].set(_smallest_two(exact[None])[0])

    # A point that is not finite makes every comparison false or the result NaN.
    _, found = lax.while_loop(lambda state: state[0].any(), settle, (is_doubtful, found))
    return jnp.sqrt(found)


def _smallest_two(values: Float[Array, "row column"]) -> Float[Array, "row 2"]:
    least = values.argmin(axis=1)
    rest = jnp.where(jnp.arange(values.shape[1]) == least[:, None], jnp.inf, values)
    return jnp.stack([values.min(axis=1), rest.min(axis=1)], axis=1)
