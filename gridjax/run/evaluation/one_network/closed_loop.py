"""Loop from place cells back to the state: outputs of one network enter it again as a start code.

After every few moves the state is replaced by the one that the start encoder computes from an
estimate of the place code. No true position enters after the start.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.metrics.robustness.diffusion import diffusion_constants
from gridjax.model import network
from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.model.weights import Params
from gridjax.prng import Stream, stream
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout

NONE, OUTPUTS, POSITION = "none", "outputs", "position"
FEEDBACK = (NONE, OUTPUTS, POSITION)
MOST_PATHS, MOST_MOVES = 10**5, 10**4


class ClosedLoop(NamedTuple):
    """Errors of a network without feedback and with it, along the same trajectories."""

    feedback: tuple[str, ...]
    """``none``; ``outputs``: the softmax of the outputs enters; ``position``: the place code of the
    position that the likelihood decoder finds in the outputs"""
    move: Int[np.ndarray, " move"]
    """moves since the start: those before which the state is replaced, and the last one"""
    error_cm: Float[np.ndarray, "feedback move"]
    """mean error of the likelihood decoder, before the state is replaced"""
    rms_cm: Float[np.ndarray, "feedback move"]
    """root mean square error of the likelihood decoder"""
    diffusion_cm2_per_move: Float[np.ndarray, " feedback"]
    """slope of the mean squared error over these moves (`gridjax.metrics.diffusion_constants`)"""


def closed_loop(
    spec: NetworkSpec, params: Params, layout: Layout, every: int, n_moves: int, n_paths: int
) -> ClosedLoop:
    """Measure the errors of one network with and without feedback.

    Args:
        spec, params, layout: the network.
        every: moves between two replacements of the state.
        n_moves: moves of a trajectory, a multiple of ``every`` and at least two of them.
        n_paths: number of trajectories.

    Raises GridjaxError for invalid numbers, and for networks whose softmax outputs are not the code
    from which their start is encoded.
    """
    every = check_int("every", every, 1, MOST_MOVES)
    n_moves = check_int("n_moves", n_moves, 2 * every, MOST_MOVES)
    n_paths = check_int("n_paths", n_paths, 1, MOST_PATHS)
    if n_moves % every:
        fix = f"give a multiple of every, {every}"
        raise invalid_argument(f"n_moves is {n_moves}", fix)
    static = evaluation_config(spec.static)
    if not _has_loop(static):
        message = "the outputs of the network are not the place code of its start"
        fix = (
            "choose a recurrent network in a square with start: place_code, place_field_loss:"
            " crossentropy and no head-direction cells"
        )
        raise invalid_argument(message, fix)
    errors = _errors_m(static, every, n_moves, n_paths, spec.traced, params, layout)
    errors = 100 * np.asarray(errors, np.float64)
    squares = np.square(errors).mean(axis=-1)
    moves = range(every, n_moves + 1, every)
    diffusion = [diffusion_constants(row, moves)[-1] for row in squares]
    return ClosedLoop(
        FEEDBACK, np.array(moves), errors.mean(axis=-1), np.sqrt(squares), np.array(diffusion)
    )


def _has_loop(static: StaticConfig) -> bool:
    is_place_code = static.start == PLACE_CODE and static.place_field_loss == "crossentropy"
    is_alone = static.has_outputs and not static.n_head_direction_cells
    return is_recurrent(static) and static.dimensions == 2 and is_place_code and is_alone


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _errors_m(
    static: StaticConfig,
    every: int,
    n_moves: int,
    n_paths: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
) -> Float[Array, "feedback segment batch"]:
    """Return the errors at the end of each segment of ``every`` moves; NaN without finite outputs.

    The rows are those of FEEDBACK.
    """
    key = stream(traced.motion_seed, Stream.CLOSED_LOOP)
    paths = draw_paths(key, n_moves, n_paths, static, traced)
    start = task.start_code(layout, paths, static)
    inputs = task.inputs(paths, traced.dt_s, static)
    segments = inputs.reshape(-1, every, *inputs.shape[1:])

    def run(code: Float[Array, "batch out"], moves: Array) -> Float[Array, "time batch out"]:
        return network.outputs(params, network.activity(params, code, moves, static), static)

    def decode(outputs: Float[Array, "*n out"]) -> Float[Array, "*n 2"]:
        flat = outputs.reshape(-1, outputs.shape[-1])
        decoded = decode_likelihood(layout, flat, traced.box_width_in_m, static)
        is_known = jnp.isfinite(flat).all(axis=-1, keepdims=True)
        return jnp.where(is_known, decoded, jnp.nan).reshape(*outputs.shape[:-1], 2)

    def with_outputs(code: Array, moves: Array) -> tuple[Array, Array]:
        last = run(code, moves)[-1]
        return jax.nn.softmax(last, axis=-1), last

    def with_position(code: Array, moves: Array) -> tuple[Array, Array]:
        decoded = decode(run(code, moves)[-1])
        return encoding(static).encode(layout.code, decoded), decoded

    without = run(start, inputs)[every - 1 :: every]
    fed_back = lax.scan(with_outputs, start, segments)[1]
    positions = lax.scan(with_position, start, segments)[1]
    decoded = jnp.concatenate([decode(jnp.stack([without, fed_back])), positions[None]])
    return jnp.linalg.norm(decoded - paths.positions[every - 1 :: every], axis=-1)
