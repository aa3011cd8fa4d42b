"""Intervals: against draws one by one, binomial sums, and how often they hold the truth."""

import math

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.intervals import (
    Interval,
    mean_interval,
    share_interval,
    statistic_interval,
    upper_bound,
)


def clustered(rng, n_clusters, most=5, zeros=0.3):
    """Skewed shares, many of them 0, that a cluster's networks have in common; ragged."""
    clusters = np.repeat(np.arange(n_clusters), rng.integers(1, most + 1, n_clusters))
    base = np.where(rng.random(n_clusters) < zeros, 0, rng.beta(1, 6, n_clusters))
    return base[clusters] * rng.uniform(0.5, 1.5, len(clusters)), clusters


@pytest.mark.slow
def test_mean_interval_is_the_bootstrap_t_of_whole_clusters():
    values, clusters = clustered(np.random.default_rng(4), 20)
    found = mean_interval(values, clusters, level=0.9, n_draws=20_000, seed=7)
    low, high = oracle.bootstrap_t(values, clusters, 0.9, 20_000, seed=1)
    assert found.value == pytest.approx(values.mean())
    # two sets of draws: quantiles of t differ by a few hundredths of their range
    np.testing.assert_allclose(found[1:], (low, high), atol=0.05 * (high - low))


def test_networks_of_one_seed_are_no_independent_evidence():
    rng = np.random.default_rng(5)
    once = rng.beta(2, 5, 12)
    copied, clusters = np.repeat(once, 6), np.repeat(np.arange(12), 6)
    alone = mean_interval(once, n_draws=3000, seed=3)
    np.testing.assert_allclose(mean_interval(copied, clusters, n_draws=3000, seed=3), alone)
    pretended = mean_interval(copied, n_draws=3000)
    assert pretended.high - pretended.low < 0.6 * (alone.high - alone.low)


def test_mean_interval_ignores_order_names_and_scale():
    rng = np.random.default_rng(6)
    values, clusters = clustered(rng, 9)
    found = mean_interval(values, clusters, n_draws=999)
    turned = rng.permutation(len(values))
    names = np.array([f"seed {label}" for label in clusters])
    np.testing.assert_allclose(mean_interval(values[turned], names[turned], n_draws=999), found)
    scaled = mean_interval(-1e200 * values, clusters, n_draws=999)
    # mirrored: high and low change places, but for which draws lie at their quantiles
    np.testing.assert_allclose(np.array(scaled) / -1e200, np.array(found)[[0, 2, 1]], rtol=1e-9)


def test_of_normal_values_mean_interval_is_students():
    values = np.random.default_rng(8).normal(3, 2, 400)
    half = 1.6495 * values.std(ddof=1) / 20  # t of 399, 90 %
    found = mean_interval(values, level=0.9)
    np.testing.assert_allclose(found[1:], (values.mean() - half, values.mean() + half), atol=0.02)


def test_what_few_clusters_cannot_tell():
    one = mean_interval([0.1, 0.4], ["a", "a"])
    assert one.value == 0.25
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert mean_interval(np.full(6, 0.1)) == pytest.approx((0.1, 0.1, 0.1), rel=1e-15)
    # unlike networks, but seeds of one mean
    assert mean_interval([0.1, 0.3, 0.3, 0.1], [0, 0, 1, 1]) == pytest.approx((0.2, 0.2, 0.2))
    # one of eight: a third of all draws miss it, and tell no upper bound
    rare = [0, 0, 0, 0.4, 0, 0, 0, 0]
    assert mean_interval(rare).high == math.inf
    assert mean_interval(rare, within=(0, 1))[1:] == (0, 1)


@pytest.mark.parametrize("values", [[], [0.1, math.nan], [0.1, math.inf], [[0.1, 0.2]]])
def test_values_must_be_numbers(values):
    with pytest.raises(GridjaxError, match="values"):
        mean_interval(values)


@pytest.mark.parametrize("given", [{"clusters": [1]}, {"clusters": [1, math.nan]}, {"level": 1.0}])
def test_arguments_must_fit(given):
    for interval in (mean_interval, lambda *a, **k: statistic_interval(np.mean, *a, **k)):
        with pytest.raises(GridjaxError, match=next(iter(given))):
            interval([0.1, 0.2], **given)


def slope(rows):
    return np.polyfit(rows[:, 0], rows[:, 1], 1)[0]


def test_statistic_interval_of_a_slope():
    rng = np.random.default_rng(9)
    x = rng.uniform(0, 3, 300)
    rows = np.stack([x, 2 * x + rng.normal(0, 0.7, 300)], axis=1)
    found = statistic_interval(slope, rows, n_draws=1000, seed=2)
    residual = rows[:, 1] - np.polyval(np.polyfit(x, rows[:, 1], 1), x)
    half = 1.96 * residual.std(ddof=2) / (x.std() * math.sqrt(300))
    assert found.value == slope(rows)
    np.testing.assert_allclose(found[1:], (found.value - half, found.value + half), atol=0.2 * half)


def test_statistic_interval_is_scipys_bca_moved_outward():
    from scipy.stats import bootstrap, norm, t

    values = np.random.default_rng(10).exponential(2, 15) ** 2
    # a standard deviation: skewed, and biased downward
    found = statistic_interval(np.std, values, level=0.9, n_draws=20_000, seed=1)
    outward = math.sqrt(15 / 14) * t.ppf(0.95, 14)
    theirs = bootstrap(
        (values,),
        np.std,
        confidence_level=2 * norm.cdf(outward) - 1,
        n_resamples=20_000,
        method="BCa",
        rng=1,
    ).confidence_interval
    # the draws differ: a quantile of .99 moves by some hundredths of the interval
    np.testing.assert_allclose(found[1:], theirs, atol=0.04 * (theirs.high - theirs.low))


def test_statistic_interval_draws_clusters_whole():
    once = np.random.default_rng(11).beta(2, 5, 15)
    copied, clusters = np.repeat(once, 3), np.repeat(np.arange(15), 3)
    # whole clusters drawn: every value stays there a multiple of three times
    seen = []
    statistic_interval(lambda r: float(seen.append(r) or r.mean()), copied, clusters, n_draws=50)
    assert all(set(np.unique(r, return_counts=True)[1] % 3) == {0} for r in seen)
    alone = statistic_interval(np.mean, once, n_draws=500)
    np.testing.assert_allclose(statistic_interval(np.mean, copied, clusters, n_draws=500), alone)


def test_statistics_that_tell_nothing():
    assert math.isnan(statistic_interval(np.median, [1.0, 2.0], [5, 5]).low)
    assert statistic_interval(np.median, [3.0] * 5, n_draws=20) == (3, 3, 3)
    with pytest.raises(GridjaxError, match="not finite"):
        statistic_interval(lambda r: 1 / r.sum() if r.any() else math.nan, [0, 0, 1.0])
    with pytest.raises(GridjaxError, match="NaN"):
        statistic_interval(np.mean, [0, math.nan])


@pytest.mark.parametrize(("k", "n"), [(0, 64), (1, 7), (13, 40), (39, 40), (5, 5)])
def test_shares_against_binomial_sums(k, n):
    low, high = oracle.clopper_pearson(k, n, 0.05)
    np.testing.assert_allclose(share_interval(k, n, level=0.9), (k / n, low, high), atol=1e-9)
    assert upper_bound(k, n, level=0.95) == pytest.approx(high, abs=1e-9)


def test_none_of_64_is_at_most_4_6_percent():
    assert upper_bound(0, 64) == pytest.approx(1 - 0.05 ** (1 / 64), rel=1e-12)
    assert round(upper_bound(0, 64), 4) == 0.0457
    assert share_interval(0, 64).high == pytest.approx(1 - 0.025 ** (1 / 64))


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (1.5, 5), (0, 0)])
def test_counts_must_be_counts(k, n):
    for function in (share_interval, upper_bound):
        with pytest.raises(GridjaxError, match=r"^[kn] is"):
            function(k, n)


@pytest.mark.slow
@pytest.mark.parametrize("n_clusters", [8, 16, 64])
def test_coverage_of_skewed_shares(n_clusters):
    rng = np.random.default_rng(n_clusters)
    truth, held = 0.7 / 7, {"t": 0, "bca": 0}
    for _ in range(600):
        values, clusters = clustered(rng, n_clusters, most=1)
        t = mean_interval(values, clusters, n_draws=1000)
        bca = statistic_interval(lambda r: r.sum() / len(r), values, clusters, n_draws=500)
        for name, found in (("t", t), ("bca", bca)):
            assert isinstance(found, Interval)
            held[name] += found.low <= truth <= found.high
    # three standard errors of 600 below what the docstrings say
    assert held["t"] / 600 > 0.925
    assert held["bca"] / 600 > {8: 0.90, 16: 0.90, 64: 0.92}[n_clusters]


@pytest.mark.slow
@pytest.mark.parametrize(("share", "too_low"), [(0.067, 0.17), (0.1, 0.07)])
def test_rare_large_values_are_missed_as_often_as_the_docstring_says(share, too_low):
    """Contrasts of 30 seeds: one arm has few grid networks, the two beside it only chance units."""
    rng, n, missed = np.random.default_rng(1), 30, 0

    def arm(of_grids):
        has_grids = rng.random(n) < of_grids
        return rng.binomial(256, np.where(has_grids, rng.beta(2, 4, n), 0.01)) / 256

    truth = share * (2 / 6 - 0.01)
    for at in range(800):
        contrast = arm(share) - (arm(0) + arm(0)) / 2
        missed += truth > mean_interval(contrast, n_draws=1000, seed=at, within=(-1, 1)).high
    assert missed / 800 == pytest.approx(too_low, abs=0.035)
