"""Code of a trained network for agents: its states at the starts, and the memory of goals."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from gridjax.agents.codes import Code, NetworkCode, read_rates
from gridjax.metrics.nulls.chance_scores import random_readout_weights
from gridjax.metrics.ratemaps.accumulator import add_samples, empty_sums
from gridjax.model import network
from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task import task
from gridjax.task.arena import bin_grid
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import along
from gridjax.task.task import Layout

_N_PATHS, _N_MOVES, _SAMPLES_PER_BIN = 500, 20, 100
_READ, _PATHS, ISOTROPIC_FIELDS, WIDE_CELLS = 0, 1, 3, 4
"""Numbers folded into the key."""


@partial(jax.jit, static_argnums=(0, 1))
def code_of_network(
    static: StaticConfig,
    n_bins: int,
    traced: TracedParams,
    params: Any,
    layout: Layout,
    read: Array,
    exact: Float[Array, "place exact"],
) -> Code:
    """Return the code of an agent that reads a network.

    Args:
        static, traced, params, layout: the network.
        n_bins: bins along each side of the box.
        read: index in ``codes.READ``: what the agent reads.
        exact: standardised rates of further units, which always know the position.
    """
    places = places_of(n_bins, traced.box_width_in_m)
    rest = along(jnp.stack([places, places]))
    code = task.start_code(layout, rest, static)
    starts = network.hidden_states(params, code, task.inputs(rest, traced.dt_s, static), static)[0]
    units = network.analysed_layer(params, starts, static)
    out = jax.nn.softmax(network.outputs(params, units, static), axis=-1)
    key = stream(traced.layout_seed, Stream.AGENT_CODES)
    of_weights, _ = jax.random.split(jax.random.fold_in(key, _READ))
    n_units, n_out = units.shape[-1], out.shape[-1]
    read_from = NetworkCode(
        params=params,
        starts=starts,
        read=read,
        cells=drawn_cells(traced.layout_seed, n_units, n_out),
        weights=random_readout_weights(of_weights, n_out, n_units),
        mean=out.mean(axis=0),
        offset=jnp.zeros(n_units),
        scale=jnp.ones(()),
    )
    goal = _mean_rates(static, n_bins, traced, layout, read_from)
    goal = jnp.where(jnp.isnan(goal), read_rates(read_from, starts, static), goal)
    offset = goal.mean(axis=0)
    power = jnp.square(goal - offset).mean()
    scale = jnp.where(power > 0, 1 / jnp.sqrt(power), 0.0)
    standardised = read_from._replace(offset=offset, scale=scale)
    return Code(places, exact, scale * (goal - offset), standardised)


def drawn_cells(layout_seed: Any, n_units: int, n_cells: int) -> Int[Array, " unit"]:
    """Return the numbers of as many place cells as a network has units, drawn from all cells.

    They are different ones if there are enough; fewer cells are repeated equally often, to within
    chance.
    """
    key = jax.random.fold_in(stream(layout_seed, Stream.AGENT_CODES), _READ)
    _, of_cells = jax.random.split(key)
    return jax.random.permutation(of_cells, max(n_units, n_cells))[:n_units] % n_cells


def places_of(n_bins: int, box_width_m: Any) -> Float[Array, "place 2"]:
    """Return the bin centres, metres; the second coordinate varies fastest."""
    centres = ((jnp.arange(n_bins) + 0.5) / n_bins - 0.5) * box_width_m
    return bin_grid(centres, 2)


def _mean_rates(
    static: StaticConfig, n_bins: int, traced: TracedParams, layout: Layout, code: NetworkCode
) -> Float[Array, "place unit"]:
    """Return the mean rates of what is read in each bin, along walks; NaN where no walk was."""
    key = jax.random.fold_in(stream(traced.motion_seed, Stream.AGENT_CODES), _PATHS)

    def batch(sums, index):
        paths = draw_paths(jax.random.fold_in(key, index), _N_MOVES, _N_PATHS, static, traced)
        start = task.start_code(layout, paths, static)
        h = network.hidden_states(
            code.params, start, task.inputs(paths, traced.dt_s, static), static
        )
        rates = read_rates(code, h, static).reshape(_N_MOVES * _N_PATHS, -1)
        sides = (traced.box_width_in_m,) * 2
        return add_samples(sums, paths.positions.reshape(-1, 2), rates, *sides), None

    n_batches = -(-_SAMPLES_PER_BIN * n_bins**2 // (_N_MOVES * _N_PATHS))
    empty = empty_sums(n_bins, code.offset.shape[-1])
    sums = lax.scan(batch, empty, jnp.arange(n_batches))[0]
    return sums.totals / sums.samples[:, None]
