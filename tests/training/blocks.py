"""Tiny networks, blocks of them, and what JAX compiles."""

import logging
from contextlib import contextmanager
from dataclasses import replace

import jax
import numpy as np

from gridjax.spec import NetworkSpec
from gridjax.training import population

SPEC = NetworkSpec(
    Ng=9,
    Np=8,
    batch_size=6,
    sequence_length=4,
    place_cell_rf=0.3,
    surround_scale=1.7,
    box_width_in_m=1.8,
    box_height_in_m=1.8,
    border_m=0.2,
    learning_rate=3e-3,
    weight_decay=2e-2,
    n_epochs=2,
    n_grad_steps_per_epoch=50,
    layout_seed=3,
    weight_seed=6,
    motion_seed=7,
)
"""A network unlike the defaults in every number, with a stream of its own for each purpose.

Not weight_seed 5: there one input of a relu is 2e-9, where rounding decides the gradient.
"""

DIVERGING = replace(SPEC, learning_rate=1e30, motion_seed=8)


class Block:
    """The trainer of one bucket at one lane width, with targets given as one number or a list."""

    def __init__(self, width, static=SPEC.static):
        self.width = width
        self.trainer = population.make_trainer(static, width)
        self.device = jax.devices()[0]

    def stack(self, specs):
        return population.stack(specs, self.width, self.device)

    def until(self, step):
        return jax.device_put(np.broadcast_to(np.int32(step), self.width), self.device)

    def train(self, specs, *steps):
        """The state of a block trained to each of the steps in turn, as NumPy arrays."""
        traced = self.stack(specs)
        state = self.trainer.init(traced)
        for step in steps:
            state = self.trainer.chunk(traced, state, self.until(step))
        return jax.tree.map(np.array, state)


class _Counter(logging.Handler):
    def __init__(self):
        super().__init__()
        self.names = []

    def emit(self, record):
        message = record.getMessage()
        if message.startswith("Compiling"):
            self.names.append(message)


@contextmanager
def compilations():
    """A list of what JAX compiles inside the context."""
    counter = _Counter()
    logger = logging.getLogger("jax")
    logger.addHandler(counter)
    propagates, logger.propagate = logger.propagate, False
    try:
        with jax.log_compiles():
            yield counter.names
    finally:
        logger.removeHandler(counter)
        logger.propagate = propagates


def assert_same_bits(one, other):
    """Two trees hold the same types and bits."""

    def compare(a, b):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()

    jax.tree.map(compare, one, other)
