"""Estimates for particular designs: curves, crossed factors, populations and matched networks."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from gridjax.studies.designs import (
    matched_difference,
    max_departure,
    resampled_statistic,
    variance_between,
    variance_share,
)


def test_a_spike_stands_out_and_a_parabola_does_not():
    random = np.random.default_rng(3)
    levels = np.arange(9.0, 16.0)
    rows = pd.DataFrame(
        [
            {"run_id": f"{s}-{w}", "seed": s, "w": w, "x": (w - 12) ** 2 + random.normal()}
            for s in range(24)
            for w in levels
        ]
    )
    smooth = max_departure(rows, "x", "w")
    spiked = max_departure(rows.assign(x=rows["x"] + 3 * (rows["w"] == 12)), "x", "w")
    assert smooth.p > 0.05
    assert math.isnan(smooth.low)
    assert math.isnan(smooth.high)
    assert spiked.p < 0.01
    assert spiked.high == spiked.p
    assert "at 12" in spiked.remark
    fewer = max_departure(rows[1:], "x", "w")  # a seed without every level is not behind the number
    assert (fewer.n, set(fewer.rows["seed"])) == (23 * 7, set(range(1, 24)))


def test_the_factor_that_carries_the_variance_is_found():
    random = np.random.default_rng(1)
    of_layout = random.normal(size=8)
    rows = pd.DataFrame(
        [
            {"run_id": f"{a}{b}{c}", "l": a, "w": b, "m": c, "x": of_layout[a] + 0.1 * b * c}
            for a in range(8)
            for b in range(3)
            for c in range(3)
        ]
    )
    found = variance_share(rows, "x", ["l", "w", "m"])
    assert found.value > 0.8
    assert found.low > 0
    assert found.unanswerable == ""
    assert variance_share(rows, "x", ["w", "l", "m"]).value < 0.2
    assert "not complete" in variance_share(rows[1:], "x", ["l", "w", "m"]).remark
    assert "same value" in variance_share(rows.assign(x=1.0), "x", ["l", "w", "m"]).remark


def test_a_share_of_few_levels_has_no_interval():
    """With four levels, intervals contained the true share in .55 to .72 of samples."""
    random = np.random.default_rng(2)
    index = np.indices((7, 2, 2)).reshape(3, -1)
    rows = pd.DataFrame(dict(zip("lwm", index, strict=True)))
    rows = rows.assign(run_id=rows.index.astype(str), x=random.normal(size=len(rows)))
    found = variance_share(rows, "x", ["l", "w", "m"])
    assert 0 <= found.value <= 1
    assert found.n == 28
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.unanswerable == "the crossed design has 7 levels of l: at least 8 are needed"


def test_the_null_of_a_variance_share_is_an_equal_share_of_what_the_factors_explain():
    index = np.indices((8, 2, 2)).reshape(3, -1)
    rows = pd.DataFrame(dict(zip("lwm", index, strict=True)))
    x = rows["l"] + np.random.default_rng(4).normal(scale=3, size=len(rows))
    rows = rows.assign(run_id=rows.index.astype(str), x=x)
    shares = [
        variance_share(rows, "x", [first, *[f for f in "lwm" if f != first]]) for first in "lwm"
    ]
    for found in shares:
        assert found.null == pytest.approx(sum(one.value for one in shares) / 3)
        assert found.null < 0.3  # the interaction explains the rest


def test_variance_between_groups_is_epsilon_squared():
    values = np.array([0.0, 0.0, 2.0, 2.0, 4.0])
    assert variance_between(np.array(list("aabbc")), values) == pytest.approx(1)
    assert variance_between(np.array(list("ababa")), values) < 0.5
    assert variance_between(np.array(list("ab")), np.zeros(2)) == 0
    assert variance_between(np.array(list("abcde")), values) == 0
    # one-way analysis of variance: 1 - mean square within / mean square of all
    groups = np.array(list("aaabb"))
    within = (np.square([0 - 2 / 3, 0 - 2 / 3, 2 - 2 / 3, -1, 1])).sum() / 3
    assert variance_between(groups, values) == pytest.approx(1 - within / values.var(ddof=1))
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 4)
    by_chance = [variance_between(groups, random.normal(size=24)) for _ in range(2000)]
    assert np.mean(by_chance) == pytest.approx(0, abs=0.01)  # eta squared: 5 / 23


def test_a_population_is_resampled():
    rows = pd.DataFrame({"run_id": map(str, range(30)), "x": np.r_[np.zeros(15), np.ones(15)]})
    rows = rows.assign(seed=range(30))
    values = rows["x"].to_numpy()
    found = resampled_statistic(rows, lambda some: float(values[some].mean()), 0.0, ["x"])
    assert found.value == 0.5
    assert 0.2 < found.low < 0.45 < 0.55 < found.high < 0.8
    assert list(found.rows) == ["run_id", "seed", "x"]
    threes = rows.assign(seed=np.repeat(range(10), 3))  # networks of one seed are alike
    wider = resampled_statistic(threes, lambda some: float(values[some].mean()), 0.0, ["x"])
    assert wider.high - wider.low > 1.4 * (found.high - found.low)
    assert "at least 10" in resampled_statistic(rows[:9], lambda some: 0.0, 0.0, []).remark


def test_networks_matched_by_error_make_pairs():
    ours = [{"run_id": f"a{k}", "seed": k, "x": 5.0 + k, "error": 10.0 + 2 * k} for k in range(9)]
    theirs = [{"run_id": f"b{k}", "seed": k, "x": 1.0 * k, "error": 10.4 + 2 * k} for k in range(9)]
    rows = pd.DataFrame([*ours, *theirs])
    first = rows["run_id"].str.startswith("a")
    found = matched_difference(rows, "x", first, ~first, "error", 1.0)
    # of equal errors: 5 + (error - 10) / 2 minus (error - 10.4) / 2
    assert found.value == pytest.approx(5.2)
    assert found.n == 18
    assert found.remark.startswith("9 pairs of networks. Their mean difference of error is -0.4,")
    assert "which explains -0.2 (subtracted)" in found.remark
    match = found.rows.set_index("run_id")["match"]
    assert all(match[match[name]] == name for name in match.index)
    few = rows[first | (rows["run_id"] == "b4")]
    is_first = few["run_id"].str.startswith("a")
    # one network is in one pair: eight of the nine others have no match
    alone = matched_difference(few, "x", is_first, ~is_first, "error", 100.0)
    assert alone.n == 0
    assert "too few seeds with every arm (1)" in alone.remark
    none = matched_difference(few, "x", is_first, ~is_first, "error", 0.1)
    assert none.n == 0


def errors_of_pairs(rows, first, caliper):
    """Return the errors of each pair; copies of the networks give enough seeds for an estimate."""
    copies = [
        rows.assign(run_id=rows["run_id"] + str(k), seed=10 * k + rows["seed"]).assign(
            error=rows["error"] + 1000 * k
        )
        for k in range(9)
    ]
    frame = pd.concat(copies, ignore_index=True)
    is_first = pd.Series(np.tile(first.to_numpy(), 9))
    found = matched_difference(frame, "x", is_first, ~is_first, "error", caliper).rows
    errors = found.set_index("run_id")["error"]
    of_first = found[found["run_id"].str[0] < "m"]
    pairs = [(errors[one.run_id], errors[one.match]) for one in of_first.itertuples()]
    return [pair for pair in pairs if pair[0] < 500]


@pytest.mark.parametrize("caliper", [0.2, 0.6, 5.0])
def test_the_most_pairs_with_the_least_distances_are_made(caliper):
    """Against all ways to match nine networks with five."""
    random = np.random.default_rng(2)
    rows = pd.DataFrame({"run_id": [*"abcdefghi", *"vwxyz"], "seed": [*range(9), *range(5)]})
    rows = rows.assign(error=3 * random.random(14), x=random.random(14))
    first = rows["run_id"] < "m"
    errors = rows["error"].to_numpy()
    distance = abs(np.subtract.outer(errors[first], errors[~first]))
    ways = []
    for chosen in itertools.permutations(range(9), 5):
        apart = distance[list(chosen), range(5)]
        ways.append((-(apart <= caliper).sum(), apart[apart <= caliper].sum()))
    most, least = min(ways)
    pairs = errors_of_pairs(rows, first, caliper)
    assert len(pairs) == -most
    assert sum(abs(a - b) for a, b in pairs) == pytest.approx(least)


@pytest.mark.slow
@pytest.mark.parametrize("means", [(3.5, 3.5), (3.5, 3.0), (3.5, 2.7)])
def test_intervals_of_matched_networks_cover_the_true_difference(means):
    """300 samples of two arms of 32 networks whose column does not depend on the arm."""
    random, covered, n = np.random.default_rng(4), 0, 300
    for _ in range(n):
        errors = np.concatenate([random.normal(mean, 0.5, 32) for mean in means])
        rows = pd.DataFrame({"run_id": map(str, range(64)), "seed": [*range(32)] * 2})
        rows = rows.assign(error=errors, x=random.normal(size=64))
        first = rows.index < 32
        found = matched_difference(
            rows, "x", pd.Series(first), pd.Series(~first), "error", caliper=0.5
        )
        covered += found.low <= 0 <= found.high
    assert 0.9 <= covered / n <= 0.98
