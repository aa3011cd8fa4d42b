"""Errors of one network with noisy moves and landmarks, beside those of a Kalman filter."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Float, Int

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.robustness.kalman import kalman_filter
from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.model.weights import Params
from gridjax.prng import Stream, normal, stream
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.task.landmarks import Landmarks, draw_landmarks, landmark_inputs
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.task import Layout
from gridjax.training import forward_pass
from gridjax.training.noise import Noise, with_noisy_moves

_PATHS, _VELOCITY, _LANDMARKS = range(3)  # numbers folded into the key
MOST_PATHS, MOST_MOVES = 10**5, 10**4
MOST_NOISE = 1e3


class LandmarkErrors(NamedTuple):
    """Mean squared errors of a network and of a Kalman filter, on the same noisy inputs.

    Errors are distances in the box: variances of the coordinates are summed. Those of the network
    are errors of its likelihood decoder.
    """

    move: Int[np.ndarray, " move"]
    """moves since the start"""
    mse_cm2: Float[np.ndarray, " move"]
    """of the network, with noisy moves and landmarks"""
    mse_without_cm2: Float[np.ndarray, " move"]
    """of the network, with the same noisy moves and without any landmark"""
    mse_exact_cm2: Float[np.ndarray, " move"]
    """of the network, with the same noisy moves and the true position after every move"""
    mse_kalman_cm2: Float[np.ndarray, " move"]
    """of the Kalman filter (`gridjax.metrics.kalman_filter`) on the inputs of ``mse_cm2``"""
    mse_kalman_in_box_cm2: Float[np.ndarray, " move"]
    """of its estimates, each moved to the nearest position in the box"""
    error_ratio: float
    """root of the sum of ``mse_cm2`` over that of ``mse_without_cm2``, after the burn-in"""
    efficiency: float
    """sum of ``mse_kalman_cm2`` over that of ``mse_cm2``, after the burn-in"""
    efficiency_in_box: float
    """the same of ``mse_kalman_in_box_cm2``"""
    efficiency_median: float
    """the same of medians, over trajectories and moves after the burn-in, in place of means: lost
    trajectories do not count"""
    median_without_cm: float
    """root of the median squared error of the network without landmarks, over trajectories and
    moves after the burn-in"""


def landmark_errors(
    spec: NetworkSpec,
    params: Params,
    layout: Layout,
    rate: float | None,
    noise_in_m: float | None,
    velocity_noise: float | None,
    n_moves: int,
    burn_in: int,
    every: int,
    n_paths: int,
) -> LandmarkErrors:
    """Measure the errors of one network with landmarks and without, and those of a Kalman filter.

    Args:
        spec, params, layout: the network.
        rate, noise_in_m, velocity_noise: probability of a landmark, its noise in metres, and the
            noise of the velocity input in m/s; None: those of the network's training.
        n_moves: moves of a trajectory.
        burn_in: number of the first moves that the efficiencies leave out.
        every: moves between two measurements.
        n_paths: number of trajectories.

    Raises GridjaxError for invalid numbers, and for networks without landmark inputs or with
    egocentric inputs, whose noise is not that of a displacement.
    """
    rate = check_float("rate", _given(rate, spec.landmark_rate), 0.0, 1.0)
    noise_m = check_float(
        "noise_in_m", _given(noise_in_m, spec.landmark_noise_in_m), 0.0, MOST_NOISE
    )
    of_velocity = _given(velocity_noise, spec.velocity_noise)
    of_velocity = check_float("velocity_noise", of_velocity, 0.0, MOST_NOISE)
    n_moves = check_int("n_moves", n_moves, 1, MOST_MOVES)
    every = check_int("every", every, 1, n_moves)
    last = n_moves - n_moves % every
    burn_in = check_int("burn_in", burn_in, 0, last - 1)
    n_paths = check_int("n_paths", n_paths, 1, MOST_PATHS)
    static = evaluation_config(spec.static)
    if not static.has_landmarks or static.inputs != "displacement":
        message = "the network has no landmark input beside displacements"
        fix = "choose a network trained with landmark_rate above 0 and inputs: displacement"
        raise invalid_argument(message, fix)
    sizes = (static, n_moves, n_paths)
    noises = (np.float32(of_velocity), np.float32(rate), np.float32(noise_m))
    paths, noisy, seen = _draw(*sizes, spec.traced, *noises)
    exact = Landmarks(jnp.ones_like(seen.is_seen), paths.positions)
    network = (spec.traced, params, layout, paths, noisy)
    squares = [
        _squared_errors(static, every, *network, landmarks) for landmarks in (seen, None, exact)
    ]
    moves = np.arange(every, n_moves + 1, every)
    half = spec.box_width_in_m / 2
    positions = _filtered(noisy, seen, (float(spec.traced.dt_s) * of_velocity) ** 2, noise_m)
    estimates = [each[moves - 1] for each in (positions, np.clip(positions, -half, half))]
    true = np.asarray(paths.positions, np.float64)[moves - 1]
    squares += [np.square(each - true).sum(axis=-1) for each in estimates]
    squares = [1e4 * np.asarray(each, np.float64) for each in squares]
    is_after = moves > burn_in
    own, without, _, free, in_box = (each[is_after].mean() for each in squares)
    middle = [float(np.median(squares[at][is_after])) for at in (-1, 0, 1)]
    return LandmarkErrors(
        moves,
        *(each.mean(axis=1) for each in squares),
        error_ratio=float(np.sqrt(own / without)),
        efficiency=float(free / own),
        efficiency_in_box=float(in_box / own),
        efficiency_median=middle[0] / middle[1],
        median_without_cm=float(np.sqrt(middle[2])),
    )


def _given(value: Any, default: float) -> Any:
    return default if value is None else value


def _filtered(
    noisy: Trajectories, seen: Landmarks, move_variance: float, noise_m: float
) -> Float[np.ndarray, "time batch d"]:
    """Return the positions that a Kalman filter estimates from noisy moves and landmarks, m."""
    start, moves, landmarks = (
        np.asarray(each, np.float64) for each in (noisy.start, noisy.moves, seen.positions)
    )
    is_seen = np.asarray(seen.is_seen)
    return kalman_filter(start, moves, landmarks, is_seen, move_variance, noise_m**2).positions


@partial(jax.jit, static_argnums=(0, 1, 2))
def _draw(
    static: StaticConfig,
    n_moves: int,
    n_paths: int,
    traced: TracedParams,
    velocity_noise: Float[Array, ""],
    rate: Float[Array, ""],
    noise_m: Float[Array, ""],
) -> tuple[Trajectories, Trajectories, Landmarks]:
    """Return the true paths, those with noisy moves, and the landmarks."""
    key = stream(traced.motion_seed, Stream.LANDMARK_PATHS)
    paths = draw_paths(random.fold_in(key, _PATHS), n_moves, n_paths, static, traced)
    noise = velocity_noise * normal(random.fold_in(key, _VELOCITY), paths.moves.shape)
    noisy = with_noisy_moves(paths, Noise(None, noise), traced.dt_s)
    of_landmarks = random.fold_in(key, _LANDMARKS)
    return paths, noisy, draw_landmarks(of_landmarks, paths.positions, rate, noise_m)


@partial(jax.jit, static_argnums=(0, 1))
def _squared_errors(
    static: StaticConfig,
    every: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    paths: Trajectories,
    noisy: Trajectories,
    landmarks: Landmarks | None,
) -> Float[Array, "move batch"]:
    """Return the squared errors (m^2) of the likelihood decoder; NaN without finite outputs."""
    entered = None if landmarks is None else landmark_inputs(layout, landmarks, static)
    _, outputs = forward_pass.forward(params, layout, noisy, traced.dt_s, static, landmarks=entered)
    at = slice(every - 1, None, every)
    outputs, positions = outputs[at], paths.positions[at]
    flat = outputs.reshape(-1, outputs.shape[-1])
    decoded = decode_likelihood(layout, flat, traced.box_width_in_m, static)
    squared = jnp.square(decoded.reshape(positions.shape) - positions).sum(axis=-1)
    return jnp.where(jnp.isfinite(outputs).all(axis=-1), squared, jnp.nan)
