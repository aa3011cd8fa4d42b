"""Translation processes: Gaussian fields whose values are replaced by those of a map, by rank.

The replacement changes the spectrum. The power of the Gaussian field is therefore adjusted in
advance, until the expected spectrum of the final field equals that of the map (Grigoriu 1995).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

ITERATIONS = 20
# Terms of the Hermite series of the map's values; the last term also gets the remainder.
TERMS = 8


def hermite_shares(
    values: Float[Array, "map value"], count: Float[Array, " map"]
) -> Float[Array, "term map"]:
    """Return the shares s_m in corr(f(g), f(g')) = sum over m of s_m corr(g, g')^m.

    The function f maps Gaussian numbers g to the map's values by rank. The shares are the squares
    of its Hermite coefficients, divided by the variance.

    Args:
        values: values in increasing order.
        count: number of values of each map; later entries are not used.
    """
    index = jnp.arange(values.shape[1], dtype=values.dtype)
    inside = index < count[:, None]
    gauss = ndtri(jnp.where(inside, (index + 0.5) / count[:, None], 0.5))
    centred = jnp.where(inside, values - _mean(values, inside)[:, None], 0.0)
    before, now, factorial, shares = jnp.ones_like(gauss), gauss, 1.0, []
    for order in range(1, TERMS + 1):
        factorial *= order
        shares.append(_mean(centred * now, inside) ** 2 / factorial)
        before, now = now, gauss * now - order * before
    variance = _mean(centred**2, inside)
    shares = jnp.stack(shares) / jnp.where(variance > 0, variance, 1.0)
    return shares.at[-1].add(jnp.maximum(1 - shares.sum(axis=0), 0.0))


def _mean(values, inside):
    return jnp.where(inside, values, 0.0).sum(axis=1) / jnp.maximum(inside.sum(axis=1), 1)


def translated(
    correlation: Float[Array, "map ..."], shares: Float[Array, "term map"]
) -> Float[Array, "map ..."]:
    """Return the correlations of a field, after the replacement, from those of its Gaussian."""
    total, product = jnp.zeros_like(correlation), 1.0
    for share in shares:
        product = product * correlation
        total = total + share.reshape(-1, *[1] * (correlation.ndim - 1)) * product
    return total


def adjusted(
    target: Float[Array, "map ring"],
    start: Float[Array, "map ring"],
    expected: Callable[[Float[Array, "map ring"]], Float[Array, "map ring"]],
) -> Float[Array, "map ring"]:
    """Return the power of a Gaussian field whose expected spectrum is that of the map.

    Args:
        target: spectrum of the map, with sum 1.
        start: power of the first iteration, with sum 1.
        expected: function from power to the expected spectrum, with sum 1.
    """

    def step(_, power):
        found = expected(power)
        ratio = target / jnp.maximum(found, 1e-6 * found.max(1, keepdims=True) + 1e-30)
        power = power * jnp.clip(ratio, 0.2, 5.0)
        return power / power.sum(1, keepdims=True)

    return jax.lax.fori_loop(0, ITERATIONS, step, start)
