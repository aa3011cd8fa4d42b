"""Random readouts, time shifts, p-values and thresholds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.nulls import chance_scores

KEY = jax.random.key(5)


def test_readouts_are_random_projections_of_the_centred_code():
    rng = np.random.default_rng(0)
    code = rng.normal(size=(500, 30)) * rng.uniform(0.1, 3, 30) + 4
    mean, scale = code.mean(axis=0), np.sqrt(code.var(axis=0).sum())
    weights = chance_scores.random_readout_weights(KEY, 30, 2000)
    read = chance_scores.readout(*map(jnp.asarray, (code, mean, scale, weights)), jax.nn.relu)
    expected = np.maximum((code - mean) @ np.asarray(weights, np.float64) / scale, 0)
    np.testing.assert_allclose(read, expected, atol=1e-4)
    linear = chance_scores.readout(*map(jnp.asarray, (code, mean, scale, weights)), lambda x: x)
    # unit variance on average: 2000 readouts of about 15 independent dimensions
    assert float(linear.var(axis=0).mean()) == pytest.approx(1, abs=0.05)


def test_readout_weights_depend_on_the_key_and_are_standard_normal():
    weights = np.asarray(chance_scores.random_readout_weights(KEY, 200, 300))
    assert weights.std() == pytest.approx(1, abs=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.02)
    assert not np.array_equal(
        weights, chance_scores.random_readout_weights(jax.random.key(6), 200, 300)
    )


def test_p_values():
    null = np.array([[0.1, 0.2, 0.3, 0.4]] * 5 + [[np.nan, 0.2, 0.3, 0.4]])
    observed = np.array([0.5, 0.4, 0.35, 0.0, np.nan, 0.5])
    np.testing.assert_allclose(
        chance_scores.p_values(observed, null), [1 / 5, 2 / 5, 2 / 5, 1, np.nan, 2 / 5]
    )


def test_masked_scores_are_missing():
    observed = np.ma.masked_array([2.0, 2.0, 2.0], [False, True, False])
    null = np.ma.masked_array([[1.0, 1.0, 3.0]] * 3, [[False] * 3, [False] * 3, [True] * 3])
    # A masked null score counts as at least as high.
    p = chance_scores.p_values(observed, null)
    assert np.array_equal(p, [0.5, np.nan, 1.0], equal_nan=True)
    found = chance_scores.thresholds(null)
    assert np.isnan(found.per_cell[:, 2]).all()
    assert np.isfinite(found.per_cell[:, 0]).all()
    assert np.isnan(found.pooled).all()


def test_p_values_of_the_null_itself_are_at_most_nominal():
    rng = np.random.default_rng(1)
    p = chance_scores.p_values(rng.normal(size=20000), rng.normal(size=(20000, 19)))
    for level in (0.05, 0.25, 0.5):
        # three standard deviations of a share of 20,000
        assert abs((p <= level).mean() - level) < 3 * np.sqrt(level * (1 - level) / 20000)


def test_thresholds_per_cell_and_pooled():
    null = np.arange(200.0).reshape(2, 100)
    found = chance_scores.thresholds(null)
    np.testing.assert_allclose(found.per_cell, [[94.05, 194.05], [98.01, 198.01]])
    np.testing.assert_allclose(found.pooled, [189.05, 197.01])


@pytest.mark.parametrize(("n_units", "n_draws", "percent"), [(40, 101, 99.0), (256, 64, 95.0)])
def test_units_above_the_percentile_of_finite_draws(n_units, n_draws, percent):
    """Scores of units and draws of one distribution, drawn often, and counted."""
    rng = np.random.default_rng(0)
    units, draws = rng.normal(size=(4000, n_units)), rng.normal(size=(4000, n_draws))
    counts = (units > np.percentile(draws, percent, axis=1)[:, None]).sum(axis=1)
    found = chance_scores.count_above(n_units, n_draws, percent)
    assert counts.mean() == pytest.approx(found.mean(), rel=0.06)
    assert counts.std() == pytest.approx(found.std(), rel=0.06)
    binomial_sd = np.sqrt(n_units * percent / 100 * (1 - percent / 100))
    assert found.std() > 1.15 * binomial_sd
    for k in range(int(found.ppf(0.99))):
        assert (counts > k).mean() == pytest.approx(found.sf(k), abs=0.03)


def test_shifts_are_never_short_either_way_round():
    moves = chance_scores.shifts(KEY, 5000, 600.0, 20.0)
    assert moves.min() >= 20
    assert moves.max() <= 580
    # uniform in between
    np.testing.assert_allclose(np.quantile(moves, [0.25, 0.5, 0.75]), [160, 300, 440], atol=15)


@pytest.mark.parametrize("shortest", [-1.0, 300.0, 700.0, float("nan")])
def test_a_shift_must_fit_the_session(shortest):
    with pytest.raises(GridjaxError, match="600 s"):
        chance_scores.shifts(KEY, 3, 600.0, shortest)


def test_shifted_spikes_keep_their_intervals_and_go_around():
    train = np.array([10.0, 11.0, 13.0, 109.0])
    moved = chance_scores.shifted(train, 5.0, start_s=10.0, duration_s=100.0)
    np.testing.assert_allclose(moved, [15, 16, 18, 14])
    np.testing.assert_allclose(chance_scores.shifted(moved, 95.0, 10.0, 100.0), train)
