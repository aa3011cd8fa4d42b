"""Estimates: means, differences and shares over networks that share seeds."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from gridjax.metrics.statistics.intervals import Interval, binomial_interval
from gridjax.studies.designs import resampled_statistic, slope
from gridjax.studies.estimates import (
    ALIKE,
    DIFFERENCES,
    EXACT,
    bounds_in_range,
    mean_vs_null,
    paired_difference,
    seed_contrast,
    share,
    undefined_estimate,
)


def shares(values):
    return pd.DataFrame({"run_id": [f"n{k}" for k in range(len(values))], "x": values}).assign(
        seed=np.arange(len(values))
    )


def test_equal_shares_have_the_bounds_of_a_binomial_share():
    found = mean_vs_null(shares([0.0] * 32), "x", 0.01, (0, 1))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 32))  # 10.9 %
    assert found.remark == EXACT
    found = mean_vs_null(shares([1.0] * 32), "x", 0.5, (0, 1))
    assert (found.low, found.high) == (pytest.approx(0.025 ** (1 / 32)), 1)
    found = mean_vs_null(shares([0.0] * 32), "x", 0.01)  # without a range
    assert math.isnan(found.high)
    assert found.remark == ALIKE


@pytest.mark.parametrize("n_large", [1, 2, 3])
def test_shares_of_few_networks_have_a_finite_bound(n_large):
    """One unit of 256 in one to three of 32 networks: resampling gives 100 %."""
    found = mean_vs_null(shares([1 / 256] * n_large + [0.0] * (32 - n_large)), "x", 0.01, (0, 1))
    assert found.value == pytest.approx(n_large / 32 / 256)
    assert found.low >= 0
    assert 0.10 < found.high < 0.12
    assert found.remark == EXACT


def test_a_bound_that_draws_give_is_cut_off_at_the_range():
    cut_off, remark = bounds_in_range(Interval(0.02, -0.01, 0.06), 32, (0, 1))
    assert (cut_off, remark) == ((0.02, 0, 0.06), "")
    one_side, remark = bounds_in_range(Interval(0.02, 0.01, math.inf), 32, (0, 1))
    assert (one_side.low, remark) == (0.01, EXACT)
    assert one_side.high == binomial_interval(0.64, 32, 0.95).high


def test_differences_have_bounds_within_their_range():
    pairs = shares([0.0] * 12).assign(arm="a")
    frame = pd.concat([pairs, pairs.assign(arm="b", run_id=pairs["run_id"] + "b")])
    found = paired_difference(frame, "x", frame["arm"] == "a", frame["arm"] == "b", DIFFERENCES)
    assert -0.6 < found.low < 0 == found.value < found.high < 0.6
    assert found.low == pytest.approx(-found.high)


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 32])
@pytest.mark.parametrize("share_of_zeros", [0.85, 0.97])
@pytest.mark.parametrize("shape", [(1, 6), (50, 50)])
def test_bounds_of_few_different_shares_cover(n, share_of_zeros, shape):
    """Where resampling gives no bound, the binomial one is too low in at most .025 of samples."""
    random = np.random.default_rng(0)
    truth = (1 - share_of_zeros) * shape[0] / sum(shape)
    too_low, n_samples = 0, 200
    for _ in range(n_samples):
        values = random.beta(*shape, n) * (random.random(n) > share_of_zeros)
        too_low += mean_vs_null(shares(values), "x", 0.01, (0, 1)).high < truth
    assert too_low <= binom.ppf(0.999, n_samples, 0.04)


@pytest.fixture
def frame():
    """Two arms of twelve seeds; seeds differ by far more than arms do."""
    random = np.random.default_rng(5)
    rows = [
        {"run_id": f"{arm}{seed}", "seed": seed, "arm": arm, "x": 10.0 * seed + 0.3 * (arm == "a")}
        for seed in range(12)
        for arm in "ab"
    ]
    made = pd.DataFrame(rows)
    return made.assign(x=made["x"] + 0.05 * random.normal(size=len(made)))


def test_a_difference_is_taken_within_seeds(frame):
    found = paired_difference(frame, "x", frame["arm"] == "a", frame["arm"] == "b")
    wide = frame.pivot_table(index="seed", columns="arm", values="x")
    assert found.value == pytest.approx((wide["a"] - wide["b"]).mean())
    assert 0.2 < found.low < found.value < found.high < 0.4  # seeds alone differ by 110
    assert found.p == pytest.approx(2 / 2**12)
    assert found.n == 24
    assert set(found.rows["run_id"]) == set(frame["run_id"])


def test_seeds_without_both_arms_do_not_count(frame):
    some = frame[(frame["arm"] == "a") | (frame["seed"] < 9)]
    found = paired_difference(some, "x", some["arm"] == "a", some["arm"] == "b")
    assert found.n == 18
    assert sorted(found.rows["seed"].unique()) == list(range(9))


def test_seven_seeds_give_nothing_and_the_reason(frame):
    some = frame[frame["seed"] < 7]
    found = paired_difference(some, "x", some["arm"] == "a", some["arm"] == "b")
    assert math.isnan(found.value)
    assert found.n == 0
    assert found.remark == "too few seeds with every arm (7)"
    assert mean_vs_null(some, "x").remark == "too few seeds with a value (7)"
    assert undefined_estimate("why").remark == "why"


def test_a_mean_resamples_seeds_and_tests_against_its_null(frame):
    found = mean_vs_null(frame, "x", null=55.0)
    assert found.value == pytest.approx(frame["x"].mean())
    assert found.high - found.low > 20  # 24 networks, but only twelve seeds
    assert found.p > 0.5
    assert mean_vs_null(frame, "x", null=-100.0).p < 0.001


def test_open_ends_stop_where_the_measure_does():
    rare = pd.DataFrame({"run_id": list("abcdefgh"), "seed": range(8), "x": [0.0] * 7 + [0.2]})
    found = seed_contrast(rare, "x", lambda group: group["x"].mean(), DIFFERENCES)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_values_that_are_all_alike_have_no_interval(frame):
    same = mean_vs_null(frame.assign(x=0.0), "x")
    assert same.value == 0
    assert math.isnan(same.low)
    assert "resampling gives no interval" in same.remark
    assert math.isnan(resampled_statistic(frame.assign(x=0.0), lambda some: 0.0, 0.0, ["x"]).high)


def test_a_share_is_exact():
    rows = pd.DataFrame({"run_id": map(str, range(64)), "seed": range(64)})
    found = share(rows, pd.Series([False] * 64))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 64))
    assert "0 of 64 networks: at most 4.6 %" in found.remark
    assert math.isnan(share(rows[:0], pd.Series([], dtype=bool)).value)


def test_a_slope_is_that_of_each_seed(frame):
    doses = pd.concat([frame.assign(dose=dose, x=frame["x"] + 2 * dose) for dose in (0, 1, 3)])
    found = slope(doses[doses["arm"] == "a"], "x", "dose")
    assert found.value == pytest.approx(2)
    assert math.isnan(slope(frame.assign(dose=1.0), "x", "dose").value)


def test_means_differences_and_their_p_are_those_of_direct_calculation():
    """Unequal arms, a diverged network, several networks of a seed; p over all signs by a loop."""
    random = np.random.default_rng(8)
    rows = [
        {"run_id": f"{seed}-{arm}-{k}", "seed": seed, "arm": arm, "x": random.normal(0.4 * arm)}
        for seed in range(9)
        for arm in (0, 1, 2)
        for k in range(1 + (seed + arm) % 3)
    ]
    rows[4]["x"] = math.nan
    frame = pd.DataFrame(rows)
    found = paired_difference(frame, "x", frame["arm"] == 2, frame["arm"] == 0)
    differences, used = [], []
    for seed in range(9):
        means = []
        for arm in (2, 0):
            own = [r for r in rows if (r["seed"], r["arm"]) == (seed, arm) and r["x"] == r["x"]]
            means.append(sum(r["x"] for r in own) / len(own))
            used += [r["run_id"] for r in own]
        differences.append(means[0] - means[1])
    assert found.value == pytest.approx(sum(differences) / 9)
    assert sorted(found.rows["run_id"]) == sorted(used)
    extreme = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        >= abs(sum(differences)) - 1e-12
        for signs in itertools.product((-1, 1), repeat=9)
    ]
    assert found.p == pytest.approx(sum(extreme) / 2**9)
    swapped = paired_difference(frame, "x", frame["arm"] == 0, frame["arm"] == 2)
    assert swapped.value == pytest.approx(-found.value)
    assert (swapped.p, swapped.n) == (found.p, found.n)

    mean = mean_vs_null(frame, "x", null=0.1)
    values = [row["x"] for row in rows if row["x"] == row["x"]]
    assert mean.value == pytest.approx(sum(values) / len(values))
    assert mean.n == len(values) == len(frame) - 1
    assert mean.null == 0.1


def test_a_network_beside_its_like_of_the_same_seed_adds_nothing(frame):
    one = frame[frame["arm"] == "a"]
    twice = pd.concat([one, one.assign(run_id=one["run_id"] + "'")])
    alone, both = mean_vs_null(one, "x"), mean_vs_null(twice, "x")
    assert (both.low, both.high, both.p) == pytest.approx((alone.low, alone.high, alone.p))
    assert (alone.n, both.n) == (12, 24)


def test_pairing_is_by_seed_and_not_by_order(frame):
    """Shuffled rows change nothing; shuffled seeds of one arm do, though every mean stays."""
    random = np.random.default_rng(1)
    base = paired_difference(frame, "x", frame["arm"] == "a", frame["arm"] == "b")
    mixed = frame.iloc[random.permutation(len(frame))]
    again = paired_difference(mixed, "x", mixed["arm"] == "a", mixed["arm"] == "b")
    assert again.value == pytest.approx(base.value)
    assert (again.p, again.low) == pytest.approx((base.p, base.low))
    b = frame["arm"] == "b"
    wrong = frame.assign(seed=np.where(b, 11 - frame["seed"], frame["seed"]))
    unpaired = paired_difference(wrong, "x", wrong["arm"] == "a", wrong["arm"] == "b")
    assert unpaired.value == pytest.approx(base.value)
    assert unpaired.high - unpaired.low > 100 * (base.high - base.low)


def test_a_share_is_that_of_the_rows_given():
    rows = pd.DataFrame({"run_id": list("abcdef"), "seed": range(6), "x": range(6)})
    some = rows[rows["x"] > 1]
    found = share(some, some["x"] > 4, 0.05, "Told.")
    assert (found.value, found.n, found.null) == (0.25, 4, 0.05)
    assert found.remark.endswith(" Told.")
    assert found.low == pytest.approx(1 - 0.975 ** (1 / 4))  # one of four, Clopper and Pearson
    assert list(found.rows["is_counted"]) == [False, False, False, True]
    assert math.isnan(found.p)
