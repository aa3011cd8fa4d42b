"""Head-direction cells against their definition in float64."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import encodings as oracle
from scipy import stats

from gridjax.task.target_codes import head_direction


def cells_of(n_cells, kappa=3.0, seed=0):
    return head_direction.draw_head_direction_cells(
        jax.random.key(seed), n_cells, np.float32(kappa)
    )


@pytest.mark.parametrize("kappa", [0.5, 20.0])
def test_codes_agree_with_float64(kappa):
    cells = cells_of(12, kappa)
    headings = np.random.default_rng(1).uniform(-9, 9, (4, 7)).astype(np.float32)
    ours = head_direction.encode_headings(cells, headings)
    assert ours.shape == (4, 7, 12)
    expected = oracle.head_directions(headings, cells.preferred, kappa)
    # exponents up to 2 kappa, rounded in float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6 * kappa)


def test_a_turn_around_changes_nothing():
    cells = cells_of(9)
    headings = np.linspace(-3, 3, 20, dtype=np.float32)
    once, again = (
        head_direction.encode_headings(cells, headings + turn) for turn in (0, 2 * np.pi)
    )
    np.testing.assert_allclose(once, again, rtol=0, atol=3e-6)


def test_preferred_headings_are_uniform():
    preferred = np.asarray(cells_of(20_000).preferred, np.float64)
    # one seed in 10^4 would fail a correct generator
    assert stats.kstest(preferred, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4


def test_decoding_is_the_weighted_circular_mean():
    cells = cells_of(11)
    outputs = np.random.default_rng(2).normal(size=(5, 6, 11)).astype(np.float32)
    ours = head_direction.decode_headings(cells, outputs)
    for index in np.ndindex(5, 6):
        weights = oracle.softmax(outputs[index].astype(np.float64))
        theirs = np.angle((weights * np.exp(1j * np.asarray(cells.preferred, np.float64))).sum())
        assert abs(np.angle(np.exp(1j * (ours[index] - theirs)))) < 1e-5


@settings(max_examples=3, deadline=None, derandomize=True)
@given(n_cells=st.integers(40, 80), kappa=st.floats(2, 10))
def test_a_perfect_code_of_evenly_spread_cells_decodes_to_the_heading(n_cells, kappa):
    preferred = np.linspace(-np.pi, np.pi, n_cells, endpoint=False, dtype=np.float32)
    cells = head_direction.HeadDirectionCells(preferred, np.float32(kappa))
    headings = np.linspace(-3, 3, 17, dtype=np.float32)
    code = head_direction.encode_headings(cells, headings)
    found = head_direction.decode_headings(cells, np.log(code))
    np.testing.assert_allclose(found, headings, rtol=0, atol=1e-3)
