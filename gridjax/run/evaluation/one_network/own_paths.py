"""New paths of the motion of one network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_int
from gridjax.prng import Stream, stream
from gridjax.spec.network import NetworkSpec
from gridjax.task.motion.motion_models import draw_measured_paths

MOST_PATHS, MOST_MOVES = 10**5, 10**4


def own_paths(
    spec: NetworkSpec, n_paths: int, n_moves: int | None
) -> Float[np.ndarray, "path time+1 d"]:
    """Return positions along new paths of a network's motion, which are none of its training.

    Args:
        spec: the network.
        n_paths: number of paths.
        n_moves: number of moves of a path; None: as many as in the network's training.

    Returns positions in metres; the first of each path is its start. Raises GridjaxError for an
    invalid number.
    """
    n_paths = check_int("n_paths", n_paths, 1, MOST_PATHS)
    if n_moves is None:
        n_moves = spec.sequence_length
    n_moves = check_int("n_moves", n_moves, 1, MOST_MOVES)
    key = stream(spec.traced.motion_seed, Stream.OWN_PATHS)
    traced = jax.tree.map(jnp.asarray, spec.traced)
    drawn = draw_measured_paths(key, n_moves, n_paths, spec.static, traced)
    positions = jnp.concatenate([drawn.start[None], drawn.positions])
    return np.asarray(positions.swapaxes(0, 1))
