"""Training of one network: its state, one gradient step, and a chunk of steps.

gridjax.training.population maps these functions over networks.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from gridjax.loop_over_time import UNROLLED
from gridjax.model import network, objective
from gridjax.model.padding import own_mean
from gridjax.model.recurrence import FUSED
from gridjax.model.weights import Params, init_params
from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.records.state_objective_info import NO_OBJECTIVE
from gridjax.spec.shapes import steps_ahead
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.task import Layout
from gridjax.training.environments import layout_of_step
from gridjax.training.forward_pass import forward, objective_of_states
from gridjax.training.landmarks import landmarks_of_step
from gridjax.training.noise import draw_noise
from gridjax.training.optimizers import optimizer_of
from gridjax.training.padding import selected_optimizer

NOT_DIVERGED = -1


class TrainState(struct.PyTreeNode):
    """State of one network in training, and its layout, which is drawn once."""

    step: Int[Array, ""]
    """gradient steps made"""
    diverged_at: Int[Array, ""]
    """first step with a non-finite loss or update, or NOT_DIVERGED; that update is not applied"""
    params: Params
    optimizer: Any
    layout: Layout


def init(static: StaticConfig, traced: TracedParams) -> TrainState:
    """Draw the layout and the initial weights of one network."""
    weights_key = stream(traced.weight_seed, Stream.WEIGHTS)
    params = init_params(weights_key, static, traced.padding)
    layout_key = stream(traced.layout_seed, Stream.LAYOUT)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        diverged_at=jnp.full((), NOT_DIVERGED, jnp.int32),
        params=params,
        optimizer=make_optimizer(static, traced).init(params),
        layout=task.draw(layout_key, static, traced),
    )


def make_optimizer(
    static: StaticConfig, traced: TracedParams
) -> optax.GradientTransformationExtraArgs:
    """Return the optimiser of a network; with padded shapes, a traced number selects it.

    Its update accepts the loss of the step as ``value``.
    """
    if traced.padding is None:
        return optax.with_extra_args_support(optimizer_of(static, traced))
    of_choice = selected_optimizer(traced.padding.optimizer, traced.learning_rate)
    return optax.with_extra_args_support(of_choice)


def step(static: StaticConfig, traced: TracedParams, state: TrainState) -> TrainState:
    """Make one gradient step on new trajectories; a network that diverges keeps its weights."""
    trajectories = jax.tree.map(lambda leaf: leaf[0], draw_ahead(static, traced, state.step, 1))
    return update(static, traced, state, trajectories, jnp.asarray(True))


def draw_ahead(
    static: StaticConfig, traced: TracedParams, first: Int[Array, ""], n_steps: int
) -> Trajectories:
    """Draw the trajectories of ``n_steps`` gradient steps, starting with step ``first``.

    Arrays have a leading axis of steps. The trajectories of a step depend only on its number.
    """

    def of_step(number: Int[Array, ""]) -> Trajectories:
        key = stream(traced.motion_seed, Stream.MOTION, number)
        return draw_paths(key, static.sequence_length, static.batch_size, static, traced)

    return jax.vmap(of_step)(first + jnp.arange(n_steps, dtype=jnp.int32))


def update(
    static: StaticConfig,
    traced: TracedParams,
    state: TrainState,
    trajectories: Trajectories,
    is_active: Bool[Array, ""],
    is_fused: bool = False,
) -> TrainState:
    """Make one gradient step on given trajectories if ``is_active``; otherwise change nothing.

    ``is_fused`` computes the recurrence in one kernel of a GPU (gridjax.model.fused_recurrence).
    A network whose loss or update is not finite keeps its weights and is marked as diverged.
    """
    layout, targets = layout_of_step(static, traced, state.layout, state.step), None
    if static.has_outputs:
        targets = task.targets(layout, trajectories.positions, trajectories.headings, static)
    masks = None
    if static.has_dropout:
        of_masks = stream(traced.motion_seed, Stream.DROPOUT, state.step)
        masks = network.draw_masks(of_masks, static, traced)

    noise = draw_noise(static, traced, state.step)
    landmarks = landmarks_of_step(static, traced, layout, trajectories, state.step)
    loop = FUSED if is_fused else UNROLLED

    def objective_of(params: Params) -> Float[Array, ""]:
        analysed, outputs = forward(
            params, layout, trajectories, traced.dt_s, static, masks, loop, noise, landmarks
        )
        loss = jnp.zeros(())
        if targets is not None:
            losses = objective.data_loss(outputs, targets, static, traced.padding)
            loss = own_mean(losses, traced.padding)
        if static.state_objective != NO_OBJECTIVE:
            of_states = objective_of_states(static, traced, params, trajectories, analysed, outputs)
            loss = traced.place_loss_weight * loss + traced.state_objective_weight * of_states
        return loss + objective.weight_penalty(params, traced.weight_decay, static)

    value, gradients = jax.value_and_grad(objective_of)(state.params)
    clip = traced.gradient_clip
    gradients = jax.tree.map(lambda gradient: jnp.clip(gradient, -clip, clip), gradients)
    optimizer = make_optimizer(static, traced)
    updates, moments = optimizer.update(gradients, state.optimizer, state.params, value=value)
    params: Params = jax.tree.map(jnp.add, state.params, updates)
    is_finite = jnp.isfinite(value) & _all_finite(params, moments, state.optimizer)
    is_made = is_active & is_finite
    # Select new or old values *after* the update: a gradient through `where` would pass on the NaN.
    params, moments = jax.tree.map(
        lambda new, old: jnp.where(is_made, new, old),
        (params, moments),
        (state.params, state.optimizer),
    )
    return state.replace(
        step=state.step + is_made.astype(jnp.int32),
        diverged_at=jnp.where(is_active & ~is_finite, state.step, state.diverged_at),
        params=params,
        optimizer=moments,
    )


def steps_to_make(state: TrainState, until: Int[Array, " *lane"]) -> Int[Array, " *lane"]:
    """Return the number of gradient steps left to step ``until``; 0 for a diverged network."""
    return jnp.where(state.diverged_at == NOT_DIVERGED, until - state.step, 0)


def chunk(
    static: StaticConfig,
    traced: TracedParams,
    state: TrainState,
    until: Int[Array, ""],
    n_steps: Int[Array, ""] | None = None,
    is_fused: bool = False,
) -> TrainState:
    """Make gradient steps until step ``until``, or until the network diverges.

    ``n_steps`` is the number of passes through the loop; the default is the number of steps to
    ``until``. Networks of one vmap share it, so that the loop has one trip count and no predicate
    per network. ``until`` and ``n_steps`` are traced: the length of a chunk affects neither the
    results nor the compilation. ``is_fused`` is that of ``update``.
    """
    n_steps = steps_to_make(state, until) if n_steps is None else n_steps
    layout, n_ahead = state.layout, steps_ahead(static)

    def group(carry: tuple[Array, TrainState]) -> tuple[Array, TrainState]:
        n_done, state = carry
        ahead = draw_ahead(static, traced, state.step, n_ahead)

        def one(place: Array, state: TrainState) -> TrainState:
            trajectories = jax.tree.map(
                lambda leaf: lax.dynamic_index_in_dim(leaf, place, keepdims=False), ahead
            )
            is_active = steps_to_make(state, until) > 0
            whole = state.replace(layout=layout)
            following = update(static, traced, whole, trajectories, is_active, is_fused)
            return following.replace(layout=None)

        n_now = jnp.minimum(n_ahead, n_steps - n_done)
        return n_done + n_now, lax.fori_loop(0, n_now, one, state)

    def is_left(carry: tuple[Array, TrainState]) -> Array:
        return carry[0] < n_steps

    # The layout is not part of the loop state, because it never changes.
    start = (jnp.zeros((), jnp.int32), state.replace(layout=None))
    _, trained = lax.while_loop(is_left, group, start)
    return trained.replace(layout=layout)


def _all_finite(params: Params, new: Any, old: Any) -> Array:
    """Return whether all weights and all numbers of the optimiser's state are finite.

    A single number of the optimiser may stay infinite, such as the lowest loss before any step.
    Arrays of one shape share a reduction, and each is first reduced along its last axis, because a
    GPU then needs fewer kernels.
    """
    by_shape: dict[tuple[int, ...], Array] = {}

    def add(is_fine: Array) -> None:
        by_shape[is_fine.shape] = by_shape.get(is_fine.shape, jnp.asarray(True)) & is_fine

    for leaf in jax.tree.leaves(params):
        add(jnp.isfinite(leaf))
    for leaf, before in zip(jax.tree.leaves(new), jax.tree.leaves(old), strict=True):
        is_finite = jnp.isfinite(leaf)
        add(is_finite | (leaf == before) if leaf.ndim == 0 else is_finite)
    of_rows = [jnp.atleast_1d(each).all(axis=-1).ravel() for each in by_shape.values()]
    return jnp.concatenate(of_rows).all()
