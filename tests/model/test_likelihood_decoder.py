"""The likelihood decoder against brute force over a dense grid."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import decoders as oracle
from oracles import encodings as code_oracle

from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.prng import Stream, stream
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.target_codes.encodings import encoding

WIDTH, N_DENSE = 1.8, 91
"""A dense grid of 2 cm."""
SPEC = NetworkSpec(Np=24, place_field_values="gaussian", place_cell_rf=0.25, box_width_in_m=WIDTH)
decode = jax.jit(decode_likelihood, static_argnums=3)
draw = jax.jit(task.draw, static_argnums=1)


def layout_of(spec, seed=5):
    return draw(stream(seed, Stream.LAYOUT), spec.static, spec.traced)


def decoded_by(spec, layout, outputs):
    return np.asarray(decode(layout, outputs, spec.traced.box_width_in_m, spec.static))


def positions_in(rng, n, width=WIDTH, dimensions=2):
    return rng.uniform(-width / 2, width / 2, (n, dimensions)).astype(np.float32)


def exact_code(spec, layout):
    place = code_oracle.Cells(
        *(np.asarray(getattr(layout.code, f)) for f in code_oracle.Cells._fields)
    )
    code = code_oracle.PLACE_CODES[spec.place_field_values, spec.place_field_normalization]
    return lambda positions: code(positions, place)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"place_field_loss": "mse"},
        {"place_field_values": "difference_of_gaussians", "surround_scale": 1.7},
        {"place_field_normalization": "none", "place_field_loss": "mse"},
    ],
    ids=["gaussian", "mse", "difference", "plain"],
)
def test_no_point_of_a_dense_grid_fits_noisy_outputs_better(settings):
    spec = replace(SPEC, **settings)
    layout = layout_of(spec)
    encode = exact_code(spec, layout)
    rng = np.random.default_rng(0)
    codes = encode(positions_in(rng, 12))
    is_cross_entropy = spec.place_field_loss == "crossentropy"
    if is_cross_entropy:
        outputs = np.log(codes + 1e-4) + 3 + rng.normal(0, 0.5, codes.shape)
    else:
        outputs = codes + rng.normal(0, 0.3, codes.shape) * codes.max()
    outputs = outputs.astype(np.float32)
    ours = decoded_by(spec, layout, outputs)
    dense = oracle.likelihood(outputs, encode, spec.place_field_loss, WIDTH, N_DENSE)
    at_ours, at_dense = (
        oracle.misfit_at(outputs, encode, spec.place_field_loss, positions)
        for positions in (ours, dense)
    )
    # ours is the finer one and must not be worse, but for a grid point nearer to the optimum
    assert (at_ours <= at_dense * 1.001).all()
    assert (at_ours < at_dense).sum() > 6
    # both lie in one minimum, up to half a diagonal of the dense grid and its flatness
    assert np.linalg.norm(ours - dense, axis=-1).max() < 0.03


@pytest.mark.parametrize("loss", ["crossentropy", "mse"])
@pytest.mark.parametrize("code", ["gaussian", "difference_of_gaussians"])
def test_perfect_outputs_decode_within_two_millimetres_where_three_cells_cannot(code, loss):
    spec = NetworkSpec(Np=128, place_field_values=code, place_field_loss=loss, place_cell_rf=0.2)
    layout = layout_of(spec)
    rng = np.random.default_rng(1)
    positions = positions_in(rng, 300, spec.box_width_in_m)
    headings = np.zeros(300, np.float32)
    targets = np.asarray(task.targets(layout, positions, headings, spec.static))
    # The lowest cell of a difference is 0, of which no output is the logarithm. A floor far below
    # what counts keeps the misfit smooth where another cell becomes the lowest.
    outputs = np.log(np.maximum(targets, 1e-6)) if loss == "crossentropy" else targets
    error = np.linalg.norm(decoded_by(spec, layout, outputs) - positions, axis=-1)
    top = np.linalg.norm(encoding(spec.static).decode(layout.code, outputs) - positions, axis=-1)
    # the last refinement is 1.6 mm to a side, so half of its diagonal is 1.1 mm
    assert error.max() < 2e-3
    assert np.mean(top) > 0.05


@pytest.mark.parametrize("dimensions", [1, 3])
def test_perfect_outputs_of_a_line_and_a_cube_decode_within_three_millimetres(dimensions):
    spec = replace(SPEC, dimensions=dimensions, Np=200, place_cell_rf=0.3)
    layout = layout_of(spec)
    positions = positions_in(np.random.default_rng(1), 100, dimensions=dimensions)
    targets = np.asarray(task.targets(layout, positions, np.zeros(100), spec.static))
    decoded = decoded_by(spec, layout, np.log(targets + 1e-9))
    error = np.linalg.norm(decoded - positions, axis=-1)
    # the last refinement is 1.6 mm to a side, so half of the diagonal of a cube is 1.4 mm
    assert error.max() < 3e-3


def test_only_the_outputs_of_the_target_code_are_used():
    spec = replace(SPEC, n_head_direction_cells=6)
    layout = layout_of(spec)
    rng = np.random.default_rng(2)
    outputs = rng.normal(size=(9, 30)).astype(np.float32)
    other = outputs.copy()
    other[:, 24:] = rng.normal(size=(9, 6))
    np.testing.assert_array_equal(
        decoded_by(spec, layout, outputs), decoded_by(spec, layout, other)
    )
    other[:, :24] += 3 * rng.normal(size=(9, 24))
    assert (decoded_by(spec, layout, outputs) != decoded_by(spec, layout, other)).any()


@pytest.mark.slow
@pytest.mark.bits
def test_decoding_is_that_of_each_row_however_many_there_are():
    layout = layout_of(SPEC)
    outputs = np.random.default_rng(3).normal(size=(600, 24)).astype(np.float32)
    at_once = decoded_by(SPEC, layout, outputs)
    np.testing.assert_allclose(
        at_once[[0, 300, 599]], decoded_by(SPEC, layout, outputs[[0, 300, 599]]), atol=1e-6
    )


def test_cartesian_outputs_decode_to_themselves():
    spec = NetworkSpec(Np=2, place_field_values="cartesian", place_field_loss="mse")
    positions = positions_in(np.random.default_rng(4), 40, 2.2)
    decoded = decoded_by(spec, layout_of(spec), positions)
    assert np.linalg.norm(decoded - positions, axis=-1).max() < 2e-3
