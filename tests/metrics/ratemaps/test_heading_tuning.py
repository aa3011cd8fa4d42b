"""Heading tuning beyond position: conjunctive units, units of position alone, and bad input."""

import jax
import numpy as np
import pytest
from scipy.special import i0, i1
from scipy.stats import binom

from gridjax import metrics
from gridjax.errors import GridjaxError
from gridjax.metrics import heading_tuning

KEY, WIDTH = jax.random.key(0), 2.0


def samples(n, seed=0, is_mixed=True):
    """Return positions and headings; if not mixed, headings depend on the position."""
    rng = np.random.default_rng(seed)
    positions = rng.uniform(-1, 1, (n, 2))
    headings = rng.uniform(-np.pi, np.pi, n)
    if not is_mixed:  # along walls that are near, as an animal runs
        along = np.arctan2(positions[:, 1], positions[:, 0]) + np.pi / 2
        headings = np.where(rng.uniform(size=n) < 0.6, along + rng.normal(0, 0.5, n), headings)
    return positions, headings


def lattice_rates(positions, n_units, seed=0):
    maps = metrics.lattice_module(jax.random.key(seed), n_units, 70, WIDTH, 40)
    place = np.minimum(((positions / WIDTH + 0.5) * 40).astype(int), 39)
    return maps[:, place[:, 0], place[:, 1]].T


def test_curves_and_shares_are_those_of_loops_over_samples():
    positions, headings = samples(400)
    rates = lattice_rates(positions, 3) * (1 + np.cos(headings))[:, None]
    found = heading_tuning(KEY, rates, positions, headings, WIDTH, 4, 6, 1)
    at = [tuple(np.floor((one + 1) / 2 * 4).astype(int)) for one in positions]
    turn = np.floor(np.mod(headings, 2 * np.pi) / (2 * np.pi) * 6).astype(int)
    for unit in range(3):
        own, share, others = rates[:, unit], 0.0, []
        for i in range(400):
            beside = [own[j] for j in range(400) if at[j] == at[i] and j != i]
            others.append(np.mean(beside) if beside else own[i])
        for heading in range(6):
            here = [i for i in range(400) if turn[i] == heading]
            curve, expected = own[here].mean(), np.mean([others[i] for i in here])
            assert found.curves[unit, heading] == pytest.approx(curve)
            assert found.expected[unit, heading] == pytest.approx(expected)
            share += len(here) * (curve - expected) ** 2
        assert found.variance_share[unit] == pytest.approx(share / (400 * own.var()))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_unit_of_the_rates_changes_nothing_but_the_curves(scale):
    positions, headings = samples(300)
    rates = lattice_rates(positions, 2) * (1 + np.cos(headings))[:, None]
    mixed = np.concatenate([scale * rates, rates], axis=1)
    found = heading_tuning(KEY, mixed, positions, headings, WIDTH, 4, 6, 3)
    for name, values in found._asdict().items():
        factor = scale if name in ("curves", "expected") else 1.0
        assert np.isfinite(values).all(), name
        np.testing.assert_allclose(values[:2], factor * values[2:], rtol=1e-9, err_msg=name)


def test_one_sample_in_each_bin_says_nothing_of_the_heading():
    positions = (np.stack(np.indices((3, 3)), axis=-1).reshape(-1, 2) - 1.0) / 2
    headings = np.linspace(0, 6, 9)
    rates = (2 + np.cos(headings))[:, None]
    found = heading_tuning(KEY, rates, positions, headings, WIDTH, 4, 6, 9)
    assert (found.variance_share, found.p_value, found.vector_length) == (0, 1, pytest.approx(0))
    assert np.isnan(found.preferred_rad)


def test_a_conjunctive_unit_has_the_vector_length_and_direction_of_its_tuning():
    positions, headings = samples(40_000)
    kappa, preferred = np.array([0.5, 1.0, 2.0]), np.array([-2.0, 0.0, 1.0])
    tuning = np.exp(kappa * (np.cos(headings[:, None] - preferred) - 1))
    rates = lattice_rates(positions, 3) * tuning
    found = heading_tuning(KEY, rates, positions, headings, WIDTH, n_shuffles=20)
    # the mean vector of a von Mises density has the length I1 / I0; bins of 10 degrees lose .1 %
    np.testing.assert_allclose(found.vector_length, i1(kappa) / i0(kappa), atol=0.02)
    np.testing.assert_allclose(found.preferred_rad, preferred, atol=0.05)
    np.testing.assert_allclose(found.p_value, 1 / 21)


def test_units_of_position_alone_are_not_tuned_where_headings_depend_on_the_position():
    positions, headings = samples(6000, is_mixed=False)
    n_units, n_shuffles = 120, 99
    rates = lattice_rates(positions, n_units)
    turns = np.floor(np.mod(headings, 2 * np.pi) / (2 * np.pi) * 8).astype(int)
    naive = np.array([rates[turns == one].mean(axis=0) for one in range(8)])
    assert (naive.max(axis=0) / naive.min(axis=0)).mean() > 1.1  # the rates differ by heading
    # bins as fine as those of the maps, so that a bin has one rate
    found = heading_tuning(KEY, rates, positions, headings, WIDTH, 40, 8, n_shuffles)
    np.testing.assert_allclose(found.curves, found.expected, atol=1e-9)  # sparse bins included
    assert (found.variance_share < 1e-12).all()
    # and with noise of the rates, p-values are uniform: one in twenty is below .05
    noisy = rates + np.random.default_rng(1).normal(0, 0.5, rates.shape)
    found = heading_tuning(KEY, noisy, positions, headings, WIDTH, 20, 8, n_shuffles)
    n_significant = (found.p_value <= 0.05).sum()
    assert n_significant <= binom.ppf(0.9999, n_units, 0.05)
    assert n_significant >= binom.ppf(0.0001, n_units, 0.05)
    np.testing.assert_allclose(
        found.variance_share.mean(), found.chance_variance_share.mean(), rtol=0.15
    )


def test_headings_outside_one_turn_unknown_samples_and_constant_units_are_treated_as_said():
    positions, headings = samples(2000)
    rates = np.stack([lattice_rates(positions, 1)[:, 0], np.full(2000, 3.0), np.cos(headings)], 1)
    expected = heading_tuning(KEY, rates, positions, headings, WIDTH, n_shuffles=5)
    assert np.isnan(expected.p_value[1])
    assert np.isnan(expected.variance_share[1])
    assert np.isnan(expected.vector_length[2])  # a signed rate has no mean vector
    assert expected.variance_share[2] > 0.9
    more = [[9.0, 0.0], [0.0, np.nan], [0.0, 0.0]]
    found = heading_tuning(
        KEY,
        np.concatenate([rates, [[1, 1, 1], [1, 1, 1], [np.nan, 1, 1]]]),
        np.concatenate([positions, more]),
        np.concatenate([headings + 2 * np.pi, [0, 0, 0]]),
        WIDTH,
        n_shuffles=5,
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"headings": np.zeros(9)}, "shapes do not agree"),
        ({"positions": np.zeros((10, 3))}, "shapes do not agree"),
        ({"positions": np.full((10, 2), 150.0)}, "0 of 10 samples are known"),
        ({"rates": np.zeros(10)}, "rates are float64 of shape"),
        ({"box_width_m": 0}, "box_width_m is 0"),
        ({"n_headings": 1}, "n_headings is 1"),
        ({"n_shuffles": 0}, "n_shuffles is 0"),
    ],
)
def test_invalid_input_is_named(change, message):
    given = {"rates": np.zeros((10, 2)), "positions": np.zeros((10, 2)), "headings": np.zeros(10)}
    with pytest.raises(GridjaxError, match=message):
        heading_tuning(KEY, **({"box_width_m": 2.0} | given | change))
