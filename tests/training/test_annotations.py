"""Shapes are as annotated and no number needs promotion, for every cell, code, loss and rule."""

import subprocess
import sys

import pytest

STRICT = """
import inspect
import itertools
from dataclasses import replace

import jax, numpy as np
from jaxtyping import install_import_hook, TypeCheckError

packages = ["gridjax.prng", "gridjax.task", "gridjax.model", "gridjax.training"]
with install_import_hook(packages, "beartype.beartype"):
    from gridjax.model import likelihood_decoder
    from gridjax.training import position_metrics, train_step
    from gridjax.task import arena, task
    from gridjax.task.target_codes import coordinate_codes, head_direction
    from gridjax.task.target_codes import measured_place_cells, place_cells
from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.spec.place_maps import PlaceMaps
from gridjax.model.cells import ACTIVATIONS
from gridjax.spec.registry import CELLS, ENCODINGS, LOSSES, MOTIONS, OPTIMIZERS, STARTS
from gridjax.spec.network import NetworkSpec

for tree in (
    train_step.TrainState, place_cells.PlaceCells,
    coordinate_codes.Affine, coordinate_codes.PolarUnits,
    head_direction.HeadDirectionCells, measured_place_cells.MeasuredCells, task.Layout,
):
    tree.__init__ = inspect.unwrap(tree.__init__)  # JAX rebuilds its trees with leaves of any kind
jax.config.update("jax_numpy_dtype_promotion", "strict")

USUAL = NetworkSpec(Ng=5, Np=8, batch_size=3, sequence_length=4)


def train(spec, traced, until):
    static = spec.static
    state = train_step.init(static, traced)
    following = train_step.chunk(static, traced, state, until)
    outputs = jax.numpy.zeros((6, static.n_outputs))
    width = traced.box_width_in_m
    found = likelihood_decoder.decode_likelihood(state.layout, outputs, width, static)
    assert found.shape == (6, static.dimensions)
    return following, position_metrics.progress(static, traced, following)


def check(**settings):
    spec = replace(USUAL, **settings)
    out = jax.eval_shape(lambda *given: train(spec, *given), spec.traced, np.int32(3))
    for leaf in jax.tree.leaves(out):
        assert leaf.dtype in (np.float32, np.int32) and not leaf.weak_type, (settings, leaf)
    assert all(leaf.shape == () for leaf in out[1]), settings


several = {
    "n_place_fields_per_cell": Poisson(0.4),
    "place_cell_rf": Uniform(0.1, 0.3),
    "surround_scale": Uniform(1.3, 3.0),
}
two = {"Np": 2, "place_field_loss": "mse"}
maps = PlaceMaps.of(np.ones((8, 5, 5)))
codes = {
    "cartesian": two,
    "polar": two | {"place_field_loss": "polarmse"},
    "high_dim_cartesian": {"place_field_loss": "mse"},
    "high_dim_polar": {"place_field_loss": "mse"},
    "gaussian": several,
    "difference_of_gaussians": several,
    "true_difference_of_gaussians": {"place_field_loss": "binarycrossentropy"},
    "general_difference_of_gaussians": several,
    "softmax_of_differences": several,
    "from_file": {"place_maps": maps},
}
assert set(codes) == set(ENCODINGS)
losses = {settings.get("place_field_loss", "crossentropy") for settings in codes.values()}
assert losses == set(LOSSES)
for code, settings in codes.items():
    check(place_field_values=code, **settings)
for code in ("gaussian", "difference_of_gaussians", "from_file"):
    check(
        place_field_values=code, place_field_normalization="none", place_field_loss="mse",
        place_maps=maps,
    )
dropout = {"recurrent_dropout": 0.2, "readout_dropout": 0.3}
for activation in ACTIVATIONS:
    check(activation=activation)
for cell in CELLS:
    check(rnn_type=cell)
    check(rnn_type=cell, inputs="egocentric", n_head_direction_cells=4, **dropout)
for initializer, optimizer in zip(
    itertools.cycle(("glorot_normal", "orthogonal", "pytorch_uniform", "glorot_uniform")),
    OPTIMIZERS,
    strict=False,
):
    # optax adds numbers of different types; the study's optimisers are gridjax's own
    is_own = optimizer in ("adam", "rmsprop", "sgd", "adagrad", "rmsprop_momentum")
    with jax.numpy_dtype_promotion("strict" if is_own else "standard"):
        check(initializer=initializer, optimizer=optimizer, gradient_clip=1e-3)
for motion in MOTIONS:
    for dimensions in MOTIONS.info(motion).dimensions:
        check(motion=motion, dimensions=dimensions)
for start in STARTS:
    check(start=start, rnn_type="LSTM")
for dimensions in (1, 3):
    for code in ENCODINGS:
        if dimensions in ENCODINGS.info(code).dimensions:
            check(place_field_values=code, dimensions=dimensions, **codes[code])
    for start in STARTS:
        if dimensions in STARTS.info(start).dimensions:
            check(start=start, dimensions=dimensions, velocity_noise=0.1)
check(start="zero", state_objective="distances")
check(start="zero", state_objective="distances", dimensions=3)
for cell in CELLS:
    check(
        rnn_type=cell, architecture="banino2018", n_bottleneck=7, n_head_direction_cells=4,
        inputs="egocentric", **dropout,
    )
try:
    arena.nearest_wall(np.zeros((4, 3), np.float32), np.float32(1))
except TypeCheckError:
    print("checked")
"""


@pytest.mark.slow
def test_shapes_are_as_annotated_and_dtypes_need_no_promotion():
    # a process of its own: annotations are checked where modules are imported under the hook
    done = subprocess.run(
        [sys.executable, "-c", STRICT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "checked\n"
