"""Targets that are coordinates, against their definitions in float64."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import decoders as decoder_oracle
from oracles import encodings as oracle
from scipy import stats
from task.layouts import decoded, drawn, encoded, somewhere, spec_of

from gridjax.task.target_codes import coordinate_codes

SMALLEST_P = 1e-4  # one seed in 10^4 would fail a correct generator
SIZES = {"cartesian": 2, "polar": 2, "high_dim_cartesian": 15, "high_dim_polar": 14}


def parts(code, layout):
    """What the oracle is told of a layout."""
    if code == "high_dim_cartesian":
        return layout.matrix, layout.offset
    if code == "high_dim_polar":
        return layout.radius.matrix[0], layout.radius.offset, layout.preferred
    return ()


def expected_code(code, layout, positions):
    return getattr(oracle, code)(positions, *parts(code, layout))


def expected_decoding(code, layout, outputs):
    name = {"cartesian": None, "high_dim_cartesian": "affine"}.get(code, code)
    if name is None:
        return outputs
    return getattr(decoder_oracle, name)(outputs, *parts(code, layout))


@pytest.mark.parametrize("code", SIZES)
def test_codes_and_decoders_agree_with_float64(code):
    spec = spec_of(code, Np=SIZES[code])
    layout, positions = drawn(spec), somewhere(6, 9)
    ours = encoded(spec, layout, positions)
    expected = expected_code(code, layout, positions)
    # some roundings of numbers of order 1
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)
    outputs = expected + np.random.default_rng(4).normal(0, 0.3, expected.shape)
    outputs = outputs.astype(np.float32)
    theirs = expected_decoding(code, layout, outputs)
    np.testing.assert_allclose(decoded(spec, layout, outputs), theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("code", ["cartesian", "polar", "high_dim_cartesian"])
def test_perfect_codes_decode_to_the_position(code):
    spec = spec_of(code, Np=SIZES[code])
    layout, positions = drawn(spec), somewhere(50)
    found = decoded(spec, layout, encoded(spec, layout, positions))
    np.testing.assert_allclose(found, positions, rtol=0, atol=2e-6)


def test_many_angle_units_decode_an_angle_to_half_their_distance():
    spec = spec_of("high_dim_polar", Np=1000)
    layout, positions = drawn(spec), somewhere(200)
    found = decoded(spec, layout, encoded(spec, layout, positions))
    np.testing.assert_allclose(
        np.linalg.norm(found, axis=-1), np.linalg.norm(positions, axis=-1), atol=1e-5
    )
    turn = np.angle(np.exp(1j * (np.arctan2(*found.T) - np.arctan2(*positions.T))))
    # the largest of 500 gaps is 2 pi (log 500 + 9) / 500 with probability 1 - exp(-9)
    assert np.abs(turn).max() < np.pi * (np.log(500) + 9) / 500


def test_cartesian_is_the_position_bit_for_bit_and_has_no_layout():
    spec, positions = spec_of("cartesian", Np=2), somewhere(4, 3)
    assert drawn(spec) is None
    np.testing.assert_array_equal(encoded(spec, None, positions), positions)
    np.testing.assert_array_equal(decoded(spec, None, positions), positions)


def test_polar_of_known_positions():
    positions = np.array([[3, 4], [0, 2], [-1, 0], [0, -0.5]], np.float32)
    ours = coordinate_codes.polar(positions, "atan2")
    expected = [[5, np.arctan2(4, 3)], [2, np.pi / 2], [1, np.pi], [0.5, -np.pi / 2]]
    np.testing.assert_allclose(ours, expected, rtol=1e-6)
    published = coordinate_codes.polar(positions[2], "atan")
    np.testing.assert_allclose(published, [1, 0], atol=1e-6)


def test_the_maps_are_uniform_and_of_streams_of_their_own():
    affine = drawn(spec_of("high_dim_cartesian", Np=3000))
    units = drawn(spec_of("high_dim_polar", Np=6000))
    numbers = {
        1: [*affine.matrix, affine.offset, *units.radius.matrix, units.radius.offset],
        np.pi: [units.preferred],
    }
    rows = []
    for limit, values in numbers.items():
        for row in values:
            law = stats.uniform(-limit, 2 * limit)
            assert row.shape == (3000,)
            assert stats.kstest(row.astype(np.float64), law.cdf).pvalue > SMALLEST_P
        rows += values
    # each layout's own: both codes draw from one key, one after the other
    for own in (rows[:3], rows[3:]):
        correlations = np.corrcoef(own) - np.eye(len(own))
        assert np.abs(correlations).max() < 4.5 / np.sqrt(3000)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(n_outputs=st.integers(2, 40), n_coordinates=st.integers(1, 2))
def test_the_closed_form_is_the_pseudo_inverse(n_outputs, n_coordinates):
    rng = np.random.default_rng(n_outputs)
    matrix = rng.uniform(-1, 1, (n_coordinates, n_outputs + 3))
    affine = coordinate_codes.Affine(matrix=matrix, offset=rng.uniform(-1, 1, n_outputs + 3))
    outputs = rng.normal(size=(5, n_outputs + 3))
    with jax.enable_x64(True):
        ours = coordinate_codes.decode_affine(affine, outputs)
    theirs = (outputs - affine.offset) @ np.linalg.pinv(matrix)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
