"""Mapping of the functions of one network over the networks of a block.

No other module maps over the axis of networks. Networks of one bucket fill blocks of ``lane_width``
lanes. Jitted, asynchronous calls train a block on one device; each device has its own block. The
last bits of the results depend on the lane width, but not on neighbours, lane, order or chunk
length. The lane width is therefore fixed for a run, and a finished network can be replaced by the
next network while its neighbours continue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_traced_params
from gridjax.training import position_metrics, train_step
from gridjax.training.padding import in_own_shapes, is_in_padded_shapes
from gridjax.training.position_metrics import Progress
from gridjax.training.train_step import TrainState

Device = Any
"""A jax.Device; type checkers do not accept that name as a type."""
MATMUL_PRECISION = "float32"
"""Precision of every matrix product; the default precision of accelerators is lower."""


MOST_TRAINERS = 12
"""Number of buckets whose compiled functions are kept, in addition to those in use."""


def over_networks(fn: Callable[..., Any], lane_width: int) -> Callable[..., Any]:
    """Map a function of one network over the leading axis of all its arguments.

    A width of 1 uses no vmap, because a vmap over one lane is up to 40 % slower.
    """
    if lane_width > 1:
        return jax.vmap(fn)

    def single(*arguments: Any) -> Any:
        result = fn(*jax.tree.map(lambda leaf: leaf[0], arguments))
        return jax.tree.map(lambda leaf: leaf[None], result)

    return single


def chunk_of_block(
    static: StaticConfig, lane_width: int, is_fused: bool = False
) -> Callable[..., TrainState]:
    """Map ``train_step.chunk`` over the networks of a block, with one number of passes for all."""
    of_network = partial(train_step.chunk, static, is_fused=is_fused)
    if lane_width == 1:
        return over_networks(of_network, lane_width)

    def chunk(traced: TracedParams, state: TrainState, until: Int[Array, " lane"]) -> TrainState:
        n_steps = train_step.steps_to_make(state, until).max()
        mapped = jax.vmap(of_network, in_axes=(0, 0, 0, None))
        return mapped(traced, state, until, n_steps)

    return chunk


class Trainer(NamedTuple):
    """The compiled functions of one bucket; every argument has a leading axis of lanes."""

    init: Callable[[TracedParams], TrainState]
    chunk: Callable[[TracedParams, TrainState, Array], TrainState]
    """trains each lane to its step in the last argument; donates the state"""
    progress: Callable[[TracedParams, TrainState], Progress]
    stack: Callable[[Sequence[NetworkSpec], Device], TracedParams]
    """puts the traced parameters of a block on a device; copies of the last one fill the rest"""


@lru_cache(maxsize=MOST_TRAINERS)
def make_trainer(static: StaticConfig, lane_width: int, is_fused: bool = False) -> Trainer:
    """Build the functions that train a block of ``lane_width`` networks of one bucket.

    ``is_fused`` computes the recurrence in one kernel of a GPU (gridjax.model.fused_recurrence).
    Equal arguments return the same functions, so a second run does not compile again if at most
    MOST_TRAINERS buckets are in use.
    """

    def jitted(mapped: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        compiled = jax.jit(mapped, **options)

        def call(*arguments: Any) -> Any:
            with jax.default_matmul_precision(MATMUL_PRECISION):
                return compiled(*arguments)

        return call

    return Trainer(
        init=jitted(over_networks(partial(train_step.init, static), lane_width)),
        chunk=jitted(chunk_of_block(static, lane_width, is_fused), donate_argnums=1),
        progress=jitted(over_networks(partial(position_metrics.progress, static), lane_width)),
        stack=partial(_stack, static, lane_width),
    )


def _stack(
    static: StaticConfig, lane_width: int, specs: Sequence[NetworkSpec], device: Device
) -> TracedParams:
    filled = [*specs, *[specs[-1]] * (lane_width - len(specs))]
    leaves = [padded_traced_params(spec, static) for spec in filled]
    return jax.device_put(jax.tree.map(lambda *lane: np.stack(lane), *leaves), device)


@partial(jax.jit, donate_argnums=0)
def replace_lanes(
    state: TrainState, other: TrainState, is_other: Bool[Array, " lane"]
) -> TrainState:
    """Return a block with some lanes replaced by those of another block; donates ``state``."""

    def choose(ours: Array, theirs: Array) -> Array:
        return jnp.where(is_other.reshape(-1, *[1] * (ours.ndim - 1)), theirs, ours)

    return jax.tree.map(choose, state, other)


@jax.jit
def take_lanes(state: TrainState, lanes: Int[Array, " lane"]) -> TrainState:
    """Return a block with the given lanes of another block, in this order."""
    return jax.tree.map(lambda leaf: leaf[lanes], state)


def lane(tree: Any, index: int) -> Any:
    """Return one network of a block."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def unpadded_lane(tree: TrainState, index: int, spec: NetworkSpec) -> TrainState:
    """Return one network of a block in its own shapes; remove padding if there is any."""
    state: TrainState = lane(tree, index)
    if not is_in_padded_shapes(state):
        return state
    own = jax.eval_shape(partial(train_step.init, spec.static), spec.traced)
    return in_own_shapes(state, own)
