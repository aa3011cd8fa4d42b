"""Layouts of every code, and the oracle's view of them."""

from dataclasses import replace
from functools import cache

import jax
import numpy as np
from oracles import encodings as oracle

from gridjax.prng import Stream, stream
from gridjax.spec.network import NetworkSpec
from gridjax.task.target_codes import encodings
from gridjax.task.target_codes.context import encoding_context
from gridjax.task.target_codes.place_cells import draw_place_cells

WIDTH = 1.9
USUAL = {"Np": 37, "place_cell_rf": 0.17, "surround_scale": 1.6}


def spec_of(code, **settings):
    usual = {**USUAL, "box_width_in_m": WIDTH, "box_height_in_m": WIDTH}
    return replace(NetworkSpec(), place_field_values=code, **usual | settings)


def drawn(spec, seed=0):
    """The layout of the target code, as NumPy arrays."""
    key, static = stream(seed, Stream.LAYOUT), spec.static
    init = encodings.encoding(static).init
    if init is draw_place_cells:
        # of one code for all, which it does not read: drawing is compiled once
        static = replace(static, place_field_values="gaussian", place_field_normalization="global")
    return jax.tree.map(np.asarray, _compiled(init)(key, static, spec.traced))


@cache
def _compiled(init):
    def draw(key, static, traced):
        return init(key, encoding_context(static, traced))

    return jax.jit(draw, static_argnums=1)


def encoded(spec, layout, positions):
    encode = jax.jit(encodings.encoding(spec.static).encode)
    return np.asarray(encode(layout, np.asarray(positions, np.float32)))


def decoded(spec, layout, outputs):
    decode = jax.jit(encodings.encoding(spec.static).decode)
    return np.asarray(decode(layout, np.asarray(outputs, np.float32)))


def somewhere(*shape, seed=0, width=WIDTH, dimensions=2):
    """Positions in the box and up to 5 cm beyond it."""
    rng = np.random.default_rng(seed)
    beyond = width / 2 + 0.05
    return rng.uniform(-beyond, beyond, (*shape, dimensions)).astype(np.float32)


def exactly(layout) -> oracle.Cells:
    """The place cells of a layout."""
    return oracle.Cells(*(getattr(layout, name) for name in oracle.Cells._fields))
