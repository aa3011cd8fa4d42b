"""Walks of one network out of its box: positions, and rates of the analysed layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.model.weights import Params
from gridjax.prng import Stream, stream
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.motion_info import WALK
from gridjax.task.motion import square_walk
from gridjax.task.task import Layout
from gridjax.training import forward_pass

_AT_ONCE = 250
MOST_PATHS, MOST_MOVES = 10**5, 10**4


def walk_outside(
    spec: NetworkSpec,
    params: Params,
    layout: Layout,
    n_paths: int,
    n_moves: int,
    units: Sequence[int] | None,
) -> tuple[Float[np.ndarray, "path move 2"], Float[np.ndarray, "path move unit"]]:
    """Run a network along walks that start in its box and that no wall holds.

    The network receives the place code of the start, and then velocities alone. Speeds and turns
    are those of its training away from the walls.

    Args:
        spec, params, layout: the network.
        n_paths: number of walks; rounded up to a multiple of 250.
        n_moves: number of moves of a walk.
        units: units of the analysed layer to return; None for all.

    Raises GridjaxError for invalid numbers, and for networks without recurrence, outside squares or
    with another motion than the walk.
    """
    n_paths = check_int("n_paths", n_paths, 2, MOST_PATHS)
    n_moves = check_int("n_moves", n_moves, 5, MOST_MOVES)
    static = evaluation_config(spec.static)
    if not is_recurrent(static) or static.dimensions != 2 or static.motion != WALK:
        message = "the network does not walk in a square by integrating velocities"
        fix = "choose a network with recurrence, dimensions: 2 and motion: walk"
        raise invalid_argument(message, fix)
    n_units = static.n_analysed
    chosen = np.arange(n_units) if units is None else np.asarray(units)
    if chosen.ndim != 1 or not len(chosen) or not np.isin(chosen, np.arange(n_units)).all():
        raise invalid_argument(f"units are {units}", f"give numbers from 0 to {n_units - 1}")
    positions, rates = [], []
    for batch in range(-(-n_paths // _AT_ONCE)):
        where, activity = _batch(static, n_moves, spec.traced, params, layout, jnp.int32(batch))
        positions.append(np.asarray(where))
        rates.append(np.asarray(activity[:, :, chosen]))
    return np.concatenate(positions), np.concatenate(rates)


@partial(jax.jit, static_argnums=(0, 1))
def _batch(
    static: StaticConfig,
    n_moves: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    index: Array,
) -> tuple[Float[Array, "batch time 2"], Float[Array, "batch time analysed"]]:
    key = stream(traced.motion_seed, Stream.OUTSIDE, index)
    # the animal turns and slows down within this distance of a wall: never
    without_walls = traced._replace(border_m=jnp.float32(-jnp.inf))
    paths = square_walk.simulate(key, n_moves, _AT_ONCE, without_walls)
    analysed, _ = forward_pass.forward(params, layout, paths, traced.dt_s, static)
    return paths.positions.swapaxes(0, 1), analysed.swapaxes(0, 1)
