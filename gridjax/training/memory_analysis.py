"""Device memory of a block in training, as the compiler reports it for the compiled steps."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from gridjax.spec.lowering import StaticConfig
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_traced_params
from gridjax.training import train_step
from gridjax.training.population import MATMUL_PRECISION, chunk_of_block, over_networks


def compile_chunk(
    static: StaticConfig,
    lane_width: int,
    traced: Any,
    state: Any,
    until: Any,
    is_fused: bool = False,
) -> jax.stages.Compiled:
    """Compile the steps of a block in advance, for given arguments or for their shapes.

    The functions of ``population.make_trainer`` compile the same program at their first call.
    """
    mapped = chunk_of_block(static, lane_width, is_fused)
    with jax.default_matmul_precision(MATMUL_PRECISION):
        return jax.jit(mapped, donate_argnums=1).lower(traced, state, until).compile()


def shapes_of_block(
    spec: NetworkSpec, static: StaticConfig, lane_width: int
) -> tuple[Any, Any, Any]:
    """Return the shapes of the arguments of the compiled steps, for networks like ``spec``.

    They are the shapes of ``traced``, ``state`` and ``until``, with a leading axis of lanes.
    """

    def in_lanes(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((lane_width, *np.shape(leaf)), np.asarray(leaf).dtype)

    traced = jax.tree.map(in_lanes, padded_traced_params(spec, static))
    state = jax.eval_shape(over_networks(partial(train_step.init, static), lane_width), traced)
    return traced, state, jax.ShapeDtypeStruct((lane_width,), np.int32)


def bytes_needed(compiled: jax.stages.Compiled) -> int:
    """Return the memory, in bytes, of a compiled function while it runs, with its arguments.

    ``peak_memory_in_bytes`` is not used: it can be smaller than the temporary memory alone. Donated
    arguments count once.
    """
    needed: Any = compiled.memory_analysis()
    return (
        needed.argument_size_in_bytes
        + needed.temp_size_in_bytes
        + needed.output_size_in_bytes
        - needed.alias_size_in_bytes
    )
