"""Rollouts of one network under perturbations: noise, lesions and kicks of the state.

All perturbations of a network use the same trajectories and the same random numbers, scaled by the
dose. The perturbations follow one another in a loop, so that memory does not grow with their
number.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jaxtyping import Array, Float, Int, Key

from gridjax.metrics.ratemaps.accumulator import add_samples, empty_sums, finish
from gridjax.metrics.robustness.matched_units import matched_units
from gridjax.metrics.robustness.position_manifold import (
    fit_manifold,
    nearest_positions,
    normalised,
    part_along,
    tangents,
)
from gridjax.model import network, objective
from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.model.network import Masks
from gridjax.model.weights import Params
from gridjax.prng import Stream, normal, stream
from gridjax.run.evaluation.rollout import evaluation_paths
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.sweep.settings.perturbations import (
    KICK_ALONG,
    KICK_OFF,
    KICKED_AT,
    LESIONS,
    MOST_LESIONED,
    MOVES,
    MOVES_AFTER_KICK,
    N_MOVES,
    N_PATHS,
    STATE_NOISE,
    VELOCITY_NOISE,
    Condition,
)
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout
from gridjax.training import forward_pass
from gridjax.training.noise import Noise

_PATHS, _VELOCITY, _STATE, _UNITS, _OFF, _ALONG = range(6)
"""Numbers folded into the key."""
_LEAST_OFF = 1e-4
"""Share of a drawn direction below which its part off the tangent plane is rounding error."""


class PerturbedErrors(NamedTuple):
    """Measures of one network under each condition, as means over trajectories."""

    position_error_m: Float[Array, "condition move"]
    """error of the decoder of the target code"""
    likelihood_error_m: Float[Array, "condition move"]
    """error of the likelihood decoder"""
    likelihood_square_m2: Float[Array, "condition move"]
    """squared error of the likelihood decoder"""
    along: Float[Array, "condition move"]
    """root mean square norm of the deviation from the unperturbed state in the tangent plane of the
    position manifold, over that of the kick; NaN for other perturbations"""
    off: Float[Array, "condition move"]
    """the same for the rest of the deviation"""
    move_rms_m: Float[Array, ""]
    """root mean square length of a move"""


class _Doses(NamedTuple):
    """Conditions as numbers: the sizes of all perturbations, 0 without one."""

    velocity: Float[Array, "*condition"]
    state: Float[Array, "*condition"]
    lesion: Int[Array, "*condition"]
    """index of the order in which units are silenced"""
    lesioned: Float[Array, "*condition"]
    """share of the units that are silenced"""
    off: Float[Array, "*condition"]
    along: Float[Array, "*condition"]
    moves: Int[Array, "*condition move"]
    """moves of the trajectory at which the network is measured, from 1"""


class _Draws(NamedTuple):
    """Random numbers of a network, which all conditions scale."""

    velocity: Float[Array, "time batch 2"]
    """of mean squared length 1"""
    state: Float[Array, "time batch Ng"]
    ranks: Int[Array, "lesion batch analysed"]
    """place of each unit in each order of lesions"""
    off: Float[Array, "batch Ng"]
    """kicks of norm 1"""
    along: Float[Array, "batch Ng"]
    """kicks of norm 1"""


def perturbed_errors(
    static: StaticConfig,
    design: Design,
    conditions: tuple[Condition, ...],
    traced: TracedParams,
    params: Params,
    layout: Layout,
    maps: Float[Array, "analysed n n"],
    samples: Float[Array, "n n"],
    score_60: Float[Array, " analysed"],
) -> PerturbedErrors:
    """Measure one recurrent network under each condition.

    Args:
        static, design, traced, params, layout: as in the other measures of the network.
        conditions: perturbations with their doses.
        maps, samples: rate maps of the analysed layer, and samples of each bin.
        score_60: grid score of each unit, by which units are lesioned.
    """
    key = stream(traced.motion_seed, Stream.PERTURBATIONS)
    paths = draw_paths(random.fold_in(key, _PATHS), N_MOVES, N_PATHS, static, traced)
    start, inputs = forward_pass.start_and_inputs(layout, paths, traced.dt_s, static)
    h = network.hidden_states(params, start, inputs, static)
    analysed = network.analysed_layer(params, h, static)
    if not network.is_analysed(static):
        maps, samples = _state_maps(static, design, traced, params, layout)
    manifold = fit_manifold(maps, samples)
    width = traced.box_width_in_m
    rms = jnp.sqrt(jnp.square(h).mean())
    after_kick = h[np.array(MOVES_AFTER_KICK) + KICKED_AT - 1]
    basis = tangents(manifold, nearest_positions(manifold, after_kick, width), width)
    off, along = _unit_kicks(key, basis[MOVES_AFTER_KICK.index(0)])
    draws = _Draws(
        velocity=normal(random.fold_in(key, _VELOCITY), (N_MOVES, N_PATHS, 2)) / jnp.sqrt(2.0),
        state=normal(random.fold_in(key, _STATE), h.shape),
        ranks=_lesion_ranks(random.fold_in(key, _UNITS), params, analysed, score_60),
        off=off,
        along=along,
    )
    move_rms = jnp.sqrt(jnp.square(paths.moves).sum(axis=-1).mean())
    speed = move_rms / traced.dt_s
    norm = rms * jnp.sqrt(h.shape[-1])

    def one(dose: _Doses) -> tuple[Array, ...]:
        kick = norm * (dose.off * draws.off + dose.along * draws.along)
        state = (dose.state * rms * draws.state).at[KICKED_AT - 1].add(kick)
        noise = Noise(state, dose.velocity * speed * draws.velocity)
        masks = _masks(static, dose, draws.ranks)
        start, inputs = forward_pass.start_and_inputs(layout, paths, traced.dt_s, static, noise)
        changed = network.hidden_states(params, start, inputs, static, masks, noise=noise.state)
        at = dose.moves - 1
        errors = _decoding_errors(static, traced, params, layout, changed[at], paths, at, masks)
        deviation = changed[at] - h[at]
        along = part_along(deviation, basis)
        size = _rms_norm(kick)
        size = jnp.where(size > 0, size, jnp.nan)
        return (*errors, _rms_norm(along) / size, _rms_norm(deviation - along) / size)

    error, best, square, along, off = lax.map(one, _as_doses(conditions))
    return PerturbedErrors(error, best, square, along, off, move_rms)


def _as_doses(conditions: tuple[Condition, ...]) -> _Doses:
    def of(*names: str) -> Float[Array, " condition"]:
        doses = [each.dose if each.perturbation in names else 0.0 for each in conditions]
        return jnp.array(doses, jnp.float32)

    kicked = tuple(KICKED_AT + move for move in MOVES_AFTER_KICK)
    return _Doses(
        velocity=of(VELOCITY_NOISE),
        state=of(STATE_NOISE),
        lesion=jnp.array([_index_of_lesion(each) for each in conditions], jnp.int32),
        lesioned=of(*LESIONS),
        off=of(KICK_OFF),
        along=of(KICK_ALONG),
        moves=jnp.array([kicked if each.is_kick else MOVES for each in conditions], jnp.int32),
    )


def _index_of_lesion(condition: Condition) -> int:
    name = condition.perturbation
    return LESIONS.index(name) if name in LESIONS else 0


def _lesion_ranks(
    key: Key[Array, ""],
    params: Params,
    analysed: Float[Array, "time batch analysed"],
    score_60: Float[Array, " analysed"],
) -> Int[Array, "lesion batch analysed"]:
    """Return the place of each unit in the orders of ``LESIONS``.

    The random order differs between trajectories. Units that resemble the most grid-like ones come
    first in the last order.
    """
    n_units, n_batch = analysed.shape[-1], analysed.shape[1]
    drawn = random.uniform(key, (n_batch, n_units))
    by_score = jnp.argsort(-jnp.nan_to_num(score_60, nan=-jnp.inf), stable=True)
    n_chosen = round(MOST_LESIONED * n_units)
    rate = jnp.sqrt(jnp.square(analysed).mean(axis=(0, 1)))
    decoder = params.get("decoder", jnp.ones((n_units, 1)))
    partners = matched_units(by_score, n_chosen, rate, jnp.linalg.norm(decoder, axis=-1))
    last = jnp.full(n_units, n_units, jnp.int32)
    ranks = (
        jnp.argsort(jnp.argsort(drawn, axis=-1), axis=-1),
        jnp.broadcast_to(jnp.argsort(by_score), drawn.shape),
        jnp.broadcast_to(last.at[partners].set(jnp.arange(n_chosen)), drawn.shape),
    )
    return jnp.stack([rank.astype(jnp.int32) for rank in ranks])


def _masks(static: StaticConfig, dose: _Doses, ranks: Int[Array, "lesion batch analysed"]) -> Masks:
    """Return the masks that silence the first units of an order, everywhere they are read."""
    n_batch, n_units = ranks.shape[1:]
    n_silent = jnp.round(dose.lesioned * n_units)
    kept = (ranks[dose.lesion] >= n_silent).astype(jnp.float32)
    recurrent = kept if network.is_analysed(static) else jnp.ones((n_batch, static.Ng))
    return Masks(recurrent, kept[None])


def _unit_kicks(
    key: Key[Array, ""], basis: Float[Array, "batch 2 Ng"]
) -> tuple[Float[Array, "batch Ng"], Float[Array, "batch Ng"]]:
    """Draw directions of norm 1: at right angles to the tangent plane, and in it.

    A direction that does not exist is 0, such as one off the plane of a network of two units.
    """
    n_batch, _, n_units = basis.shape
    drawn = normal(random.fold_in(key, _OFF), (n_batch, n_units))
    off = drawn - part_along(drawn, basis)
    least = _LEAST_OFF * jnp.linalg.norm(drawn, axis=-1, keepdims=True)
    off = jnp.where(jnp.linalg.norm(off, axis=-1, keepdims=True) > least, off, 0.0)
    weights = normal(random.fold_in(key, _ALONG), (n_batch, 2))
    along = jnp.einsum("nb,nbu->nu", weights, basis)
    return normalised(off), normalised(along)


def _decoding_errors(
    static: StaticConfig,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    h: Float[Array, "move batch Ng"],
    paths: Trajectories,
    at: Int[Array, " move"],
    masks: Masks,
) -> tuple[Float[Array, " move"], ...]:
    """Return the mean errors of both decoders and the mean squared error of the second one.

    They are NaN for a network without outputs, and at moves at which an output of a trajectory is
    not finite, because decoders would return a position for it.
    """
    if not static.has_outputs:
        return (jnp.full(len(at), jnp.nan),) * 3
    analysed = network.analysed_layer(params, h, static)
    outputs = network.outputs(params, analysed, static, masks)
    code, _ = task.split_outputs(outputs, static)
    positions = paths.positions[at]
    decoded = encoding(static).decode(layout.code, code)
    flat = outputs.reshape(-1, static.n_outputs)
    best = decode_likelihood(layout, flat, traced.box_width_in_m, static)
    is_known = jnp.isfinite(outputs).all(axis=-1)
    error = jnp.where(is_known, objective.position_error(decoded, positions), jnp.nan)
    best_error = objective.position_error(best.reshape(positions.shape), positions)
    best_error = jnp.where(is_known, best_error, jnp.nan)
    return error.mean(axis=1), best_error.mean(axis=1), jnp.square(best_error).mean(axis=1)


def _state_maps(
    static: StaticConfig, design: Design, traced: TracedParams, params: Params, layout: Layout
) -> tuple[Float[Array, "Ng n n"], Float[Array, "n n"]]:
    """Return the mean cell output h in each of the reported bins, and the samples."""
    width = traced.box_width_in_m

    def batch(sums, index):
        paths = evaluation_paths(static, design, traced, index)
        received = forward_pass.start_and_inputs(layout, paths, traced.dt_s, static)
        h = network.hidden_states(params, *received, static)[: design.sequence_length]
        positions = paths.positions[: design.sequence_length].reshape(-1, 2)
        return add_samples(sums, positions, h.reshape(-1, static.Ng), width, width), None

    empty = empty_sums(design.n_bins[-1], static.Ng)
    return finish(lax.scan(batch, empty, jnp.arange(design.n_batches))[0])


def _rms_norm(vectors: Float[Array, "*move batch unit"]) -> Float[Array, "*move"]:
    return jnp.sqrt(jnp.square(vectors).sum(axis=-1).mean(axis=-1))
