"""Place cells with Gaussian centres and surrounds; each cell has one or several fields.

The rate of a cell at a position depends on one field only: the field with the smallest
d^2 / (2 sigma^2), where d is the distance from its centre. In this module a is this value, and b is
d^2 / (2 sigma_I^2) of the same field. Sources: No Free Lunch from Deep Learning in Neuroscience
(2022), Sorscher et al. (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax, random
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Bool, Float, Int, Key

from gridjax.task import arena
from gridjax.task.padding import mask_cells, own_cells_and_slots
from gridjax.task.target_codes.context import EncodingContext

N_DECODED = 3
"""Number of place cells whose centres are averaged to decode a position."""
_WIDTHS, _RATIOS, _COUNTS, _FURTHER = 1, 2, 3, 16  # numbers folded into a layout's key


class PlaceCells(struct.PyTreeNode):
    """A population of place cells; positions and widths in metres.

    Each cell has the same number of slots for fields. Slots beyond its ``n_fields`` are empty.
    """

    centres: Float[Array, "Np field d"]
    sigma_e: Float[Array, "Np field"]
    """width of the centre Gaussian"""
    sigma_i: Float[Array, "Np field"]
    """width of the surround Gaussian"""
    n_fields: Int[Array, " Np"]
    alpha_e: Float[Array, ""]
    """weight of the centre"""
    alpha_i: Float[Array, ""]
    """weight of the surround"""
    n_cells: Int[Array, ""] | None = None
    """number of real cells, which come first; the others are padding. None if all are real"""

    @property
    def is_field(self) -> Bool[Array, "Np field"]:
        """Whether each slot holds a field."""
        return jnp.arange(self.centres.shape[-2]) < self.n_fields[..., None]


def draw_place_cells(key: Key[Array, ""], context: EncodingContext) -> PlaceCells:
    """Draw a layout: uniform centres in the box, and a width and a surround for each field.

    The first fields of a cell do not depend on the number of its fields.
    """
    further = jnp.arange(_FURTHER + 1, _FURTHER + context.n_field_slots)
    of_slots = jnp.concatenate([key[None], jax.vmap(partial(random.fold_in, key))(further)])

    def per_slot(draw: Callable[[Key[Array, ""]], Array]) -> Array:
        return jnp.moveaxis(jax.vmap(draw)(of_slots), 0, 1)

    def uniform(purpose: int, low: Array, high: Array) -> Float[Array, "Np field"]:
        return low + (high - low) * per_slot(
            lambda of_slot: random.uniform(random.fold_in(of_slot, purpose), (context.Np,))
        )

    centres = per_slot(
        lambda of_slot: arena.uniform_positions(
            of_slot, (context.Np,), context.box_width_in_m, context.dimensions
        )
    )
    ratio = uniform(_RATIOS, context.surround_scale_low, context.surround_scale_high)
    if context.surround_convention == "variance":
        ratio = jnp.sqrt(ratio)
    sigma_e = uniform(_WIDTHS, context.place_cell_rf_low, context.place_cell_rf_high)
    more_fields = draw_poisson(
        random.fold_in(key, _COUNTS), context.Np, context.mean_further_fields, context.n_field_slots
    )
    n_cells, own_slots = own_cells_and_slots(context.n_field_slots, context.padding)
    return PlaceCells(
        centres=centres,
        sigma_e=sigma_e,
        sigma_i=ratio * sigma_e,
        n_fields=jnp.minimum(context.n_fields + more_fields, own_slots),
        alpha_e=context.alpha_e,
        alpha_i=context.alpha_i,
        n_cells=n_cells,
    )


def draw_poisson(
    key: Key[Array, ""], n: int, mean: Float[Array, ""], most: int
) -> Int[Array, " n"]:
    """Draw n Poisson numbers of a mean, at most ``most``, by inversion.

    Each number is the count of k in 0 to most - 1 for which a uniform number exceeds P(N <= k).
    """
    counts = jnp.arange(most, dtype=jnp.float32)
    below = jnp.cumsum(jnp.exp(xlogy(counts, mean) - mean - gammaln(counts + 1)))
    return (random.uniform(key, (n, 1)) > below).sum(axis=-1, dtype=jnp.int32)


def scaled_distances(
    cells: PlaceCells, positions: Float[Array, "*n d"]
) -> tuple[Float[Array, "*n Np"], Float[Array, "*n Np"]]:
    """Return a and b of every cell: squared distances divided by twice the squared widths."""

    def of_slot(slot: Int[Array, ""] | int) -> tuple[Array, Array]:
        # Differences are squared, because the expanded square loses four digits near a centre.
        # An unrolled sum over the coordinates needs no array of differences.
        squared = reduce(
            add,
            (
                (positions[..., None, axis] - cells.centres[:, slot, axis]) ** 2
                for axis in range(positions.shape[-1])
            ),
        )
        a = squared / (2 * cells.sigma_e[:, slot] ** 2)
        return a, squared / (2 * cells.sigma_i[:, slot] ** 2)

    def nearer(slot: Int[Array, ""], nearest: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = of_slot(slot)
        better = (a < nearest[0]) & (slot < cells.n_fields)
        return jnp.where(better, a, nearest[0]), jnp.where(better, b, nearest[1])

    n_slots = cells.centres.shape[1]
    # A loop over slots: memory does not grow with their number.
    return of_slot(0) if n_slots == 1 else lax.fori_loop(1, n_slots, nearer, of_slot(0))


def softmax_gaussian(cells: PlaceCells, positions: Float[Array, "*n d"]) -> Float[Array, "*n Np"]:
    """Encode by softmax(-a); each row sums to 1."""
    return _softmax(cells, -scaled_distances(cells, positions)[0])


def plain_gaussian(cells: PlaceCells, positions: Float[Array, "*n d"]) -> Float[Array, "*n Np"]:
    """Encode by exp(-a), from 0 to 1."""
    return mask_cells(jnp.exp(-scaled_distances(cells, positions)[0]), cells.n_cells, 0.0)


def difference_of_softmaxes(
    cells: PlaceCells, positions: Float[Array, "*n d"]
) -> Float[Array, "*n Np"]:
    """Encode by softmax(-a) - softmax(-b), shifted to be at least 0 and divided by its sum."""
    a, b = scaled_distances(cells, positions)
    return shifted(cells, _softmax(cells, -a) - _softmax(cells, -b))


def difference_of_gaussians(
    cells: PlaceCells, positions: Float[Array, "*n d"]
) -> Float[Array, "*n Np"]:
    """Encode by alpha_E exp(-a) - alpha_I exp(-b), shifted to be at least 0, divided by its sum.

    The result depends only on alpha_E / alpha_I. True Differences of Gaussians have equal weights.
    """
    a, b = scaled_distances(cells, positions)
    return shifted(cells, cells.alpha_e * jnp.exp(-a) - cells.alpha_i * jnp.exp(-b))


def softmax_of_differences(
    cells: PlaceCells, positions: Float[Array, "*n d"]
) -> Float[Array, "*n Np"]:
    """Encode by softmax(-a + b).

    If each cell has one field, the tuning is Gaussian with width sigma / sqrt(1 - 1 / s^2), where s
    is the surround's width divided by the centre's.
    """
    a, b = scaled_distances(cells, positions)
    return _softmax(cells, b - a)


def _softmax(cells: PlaceCells, values: Float[Array, "*n Np"]) -> Float[Array, "*n Np"]:
    return jax.nn.softmax(mask_cells(values, cells.n_cells, -jnp.inf))


def shifted(cells: PlaceCells, q: Float[Array, "*n Np"]) -> Float[Array, "*n Np"]:
    """Return (q + |min q|) divided by its sum; the minimum and the sum are over cells."""
    lowest = mask_cells(q, cells.n_cells, jnp.inf).min(axis=-1, keepdims=True)
    raised = mask_cells(q + jnp.abs(lowest), cells.n_cells, 0.0)
    return raised / raised.sum(axis=-1, keepdims=True)


def decode_top_cells(cells: PlaceCells, outputs: Float[Array, "*n Np"]) -> Float[Array, "*n d"]:
    """Decode by the mean of the centres of the three most active cells, metres.

    If cells have several fields, one field of each cell is used: the three fields that lie closest
    together.
    """
    _, best = lax.top_k(mask_cells(outputs, cells.n_cells, -jnp.inf), N_DECODED)
    return _mean_of_closest(cells.centres[best], cells.is_field[best])


def decode_bottom_cells(cells: PlaceCells, outputs: Float[Array, "*n Np"]) -> Float[Array, "*n d"]:
    """Decode by the mean of the centres of the three least active cells, metres.

    In a true Difference of Gaussians, the least active cells lie on a ring around the position.
    """
    return decode_top_cells(cells, -outputs)


def _mean_of_closest(
    fields: Float[Array, "*n 3 field d"], is_field: Bool[Array, "*n 3 field"]
) -> Float[Array, "*n d"]:
    """Return the mean centre of three fields, one of each cell, chosen for the least variance."""
    if fields.shape[-2] == 1:
        return fields.mean(axis=(-3, -2))

    def of_position(flat: tuple[Array, Array]) -> Float[Array, " d"]:
        (one, two, three), exists = flat
        away = jnp.where(exists, 0.0, jnp.inf)
        # The variance of three points is a ninth of the sum of their three squared distances.
        spread = (
            _squared(one, two)[:, :, None]
            + _squared(one, three)[:, None, :]
            + _squared(two, three)[None]
            + (away[0][:, None, None] + away[1][:, None] + away[2])
        )
        i, j, k = jnp.unravel_index(spread.argmin(), spread.shape)
        return (one[i] + two[j] + three[k]) / 3

    shape = fields.shape[:-3]
    flat = (fields.reshape(-1, *fields.shape[-3:]), is_field.reshape(-1, *is_field.shape[-2:]))
    return lax.map(of_position, flat, batch_size=64).reshape(*shape, fields.shape[-1])


def _squared(
    one: Float[Array, "field d"], other: Float[Array, "field d"]
) -> Float[Array, "field field"]:
    return jnp.square(one[:, None] - other[None]).sum(axis=-1)
