"""Codes of a network's agents that always know the position: place cells, maps, random fields."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.agents.network_code import ISOTROPIC_FIELDS, WIDE_CELLS, drawn_cells, places_of
from gridjax.agents.population import standardised
from gridjax.metrics.coding.synthetic_codes import place_code
from gridjax.metrics.nulls.isotropic_fields import isotropic_maps
from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task import task
from gridjax.task.task import Layout

PLACE, MAPS, ISOTROPIC, PLACE_WIDE = "place", "maps", "isotropic", "place_wide"
EXACT = (PLACE, MAPS, ISOTROPIC, PLACE_WIDE)
WIDE_CM = 30.0
"""Standard deviation of the fields of wide place cells."""

Table = Float[Array, "place unit"]
"""Standardised rates of as many cells as the network has units, at the bin centres."""


def place_cells(static: StaticConfig, traced: TracedParams, layout: Layout, n_bins: int) -> Table:
    """Return rates of the network's own place cells: those whose outputs ``outputs`` has."""
    code = task.target_code(layout, places_of(n_bins, traced.box_width_in_m), static)
    cells = drawn_cells(traced.layout_seed, static.n_analysed, code.shape[1])
    return _table(PLACE, _maps(np.asarray(code, np.float64)[:, np.asarray(cells)]))


def mean_maps(rates: Float[Array, "place unit"]) -> Table:
    """Return mean rates of the units as a code that knows the position."""
    return _table(MAPS, _maps(rates))


def isotropic_fields(layout_seed: int | Array, rates: Float[Array, "place unit"]) -> Table:
    """Return a random field for each unit, with the radial spectrum and the values of its map."""
    key = jax.random.fold_in(stream(layout_seed, Stream.AGENT_CODES), ISOTROPIC_FIELDS)
    return _table(ISOTROPIC, isotropic_maps(key, _maps(rates), 1)[:, 0])


def wide_place_cells(static: StaticConfig, traced: TracedParams, n_bins: int) -> Table:
    """Return rates of Gaussian place cells of 30 cm at random places."""
    key = jax.random.fold_in(stream(traced.layout_seed, Stream.AGENT_CODES), WIDE_CELLS)
    width = float(traced.box_width_in_m)
    return _table(PLACE_WIDE, place_code(key, static.n_analysed, WIDE_CM, width, n_bins))


def _maps(rates: Float[Array, "place unit"] | np.ndarray) -> Float[np.ndarray, "unit n n"]:
    n = round(len(rates) ** 0.5)
    return np.moveaxis(np.asarray(rates, np.float64), -1, 0).reshape(-1, n, n)


def _table(name: str, maps: Float[np.ndarray, "unit n n"]) -> Table:
    return jnp.asarray(standardised(name, maps), jnp.float32)
