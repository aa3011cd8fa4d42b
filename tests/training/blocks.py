"""Tiny networks, blocks of them, and what JAX compiles."""

import logging
from contextlib import contextmanager
from dataclasses import replace

import jax
import numpy as np

from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
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

RICH = replace(
    SPEC,
    place_field_values="general_difference_of_gaussians",
    place_cell_alpha_e=1.4,
    place_cell_alpha_i=0.8,
    n_place_fields_per_cell=Poisson(0.8),
    place_cell_rf=Uniform(0.25, 0.5),
    surround_scale=Uniform(1.4, 2.5),
    n_head_direction_cells=4,
    head_direction_kappa=5.0,
    recurrent_dropout=0.3,
    readout_dropout=0.2,
    state_noise=0.05,
    velocity_noise=0.1,
    gradient_clip=1e-2,
    state_objective="distances",
    code_size_weight=0.7,
    mean_rate_weight=0.3,
)
"""A network that reads every traced number but those of OTHER_MOTION, CUBE and MEASURED."""

OTHER_MOTION = replace(
    RICH,
    motion="von_mises_walk",
    optimizer="adamw_plateau",
    plateau_steps=1,
    plateau_patience=1,
)
"""A network that reads the numbers of another motion and of another optimiser."""

CUBE = replace(
    SPEC,
    dimensions=3,
    motion="flattened_walk",
    bin_side_in_m=0.15,
    landmark_rate=0.4,
    landmark_noise_in_m=0.1,
)
"""A network in a cube, which reads the factor of the vertical speed, with landmarks."""

MEASURED = replace(
    SPEC,
    place_field_values="from_file",
    place_maps=PlaceMaps.of(np.random.default_rng(0).gamma(0.5, size=(8, 5, 5)) + 0.01),
)
"""A network whose targets are measured place cells."""

BANINO = replace(
    SPEC,
    rnn_type="LSTM",
    architecture="banino2018",
    activation="tanh",
    Ng=5,
    Np=6,
    n_bottleneck=7,
    n_head_direction_cells=4,
    head_direction_kappa=5.0,
    inputs="egocentric",
    recurrent_dropout=0.25,
    readout_dropout=0.5,
    optimizer="rmsprop_momentum",
    learning_rate=0.5,
    gradient_clip=3e-3,
)
"""Another architecture, inputs, optimiser and dropout; the rate makes updates of some 1e-3."""

DIVERGING = replace(SPEC, learning_rate=1e30, motion_seed=8)

N_STEPS = 3
"""Gradient steps of most tests."""

CARTESIAN = replace(
    SPEC, Np=2, place_field_values="cartesian", place_field_loss="mse", activation="linear"
)
LANDMARKS = {"landmark_rate": 0.4, "landmark_noise_in_m": 0.2}
NOISY = replace(SPEC, state_noise=0.1, velocity_noise=0.3, activation="tanh", **LANDMARKS)
IN_ENVIRONMENTS = replace(SPEC, n_environments=3, context_input="one_hot", **LANDMARKS)


class Block:
    """The trainer of one bucket at one lane width, with targets given as one number or a list."""

    def __init__(self, width, static=SPEC.static):
        self.width = width
        self.trainer = population.make_trainer(static, width)
        self.device = jax.devices()[0]

    def stack(self, specs):
        return self.trainer.stack(specs, self.device)

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
