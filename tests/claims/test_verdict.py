"""Verdicts: the rule that was written down, claim by claim."""

import math

import pandas as pd
import pytest

from gridjax.claims.claim import Claim
from gridjax.claims.estimate import Estimate, nothing
from gridjax.claims.verdict import DOES_NOT, HOLDS, UNDECIDED, judge


def claim(name="a", low=0.01, high=math.inf, role="primary"):
    return Claim(name, "c", "p", "e", "t", "n", role, "percent", low, high)


def estimate(value, low, high, p=math.nan, null=0.0, n=20, seeds=10):
    rows = pd.DataFrame({"run_id": map(str, range(n)), "seed": [k % seeds for k in range(n)]})
    return Estimate(value, low, high, n, rows, p=p, null=null)


def judged(one, of, *others):
    pairs = [(one, of), *others]
    return judge([each for each, _ in pairs], {each.name: found for each, found in pairs})[0]


@pytest.mark.parametrize(
    ("low", "high", "interval", "outcome"),
    [
        (0.01, math.inf, (0.02, 0.04), HOLDS),
        (0.01, math.inf, (0.01, 0.04), HOLDS),  # the margin itself belongs to the region
        (0.01, math.inf, (0.009, 0.04), UNDECIDED),
        (0.01, math.inf, (-0.02, 0.01), UNDECIDED),
        (0.01, math.inf, (-0.02, 0.009), DOES_NOT),
        (-math.inf, 0.05, (0.0, 0.0457), HOLDS),
        (-math.inf, 0.05, (0.06, 0.2), DOES_NOT),
        (0.9, 1.1, (0.95, 1.05), HOLDS),
        (0.9, 1.1, (1.2, 1.4), DOES_NOT),
        (0.9, 1.1, (0.5, 2.0), UNDECIDED),
        (0.01, math.inf, (0.02, math.inf), HOLDS),  # few seeds leave an end open
        (0.01, math.inf, (-math.inf, math.inf), UNDECIDED),
        (0.01, math.inf, (math.nan, math.nan), UNDECIDED),
    ],
)
def test_an_interval_decides(low, high, interval, outcome):
    middle = sum(interval) / 2
    verdict = judged(claim(low=low, high=high), estimate(middle, *interval))
    assert verdict.outcome == outcome


def test_a_primary_claim_that_its_null_contradicts_needs_its_test():
    of = {"value": 0.03, "low": 0.02, "high": 0.04}
    assert judged(claim(), estimate(**of, p=0.04)).outcome == HOLDS
    assert judged(claim(), estimate(**of, p=0.06)).outcome == UNDECIDED
    assert judged(claim(role="secondary"), estimate(**of, p=0.06)).outcome == HOLDS


def test_where_the_claim_holds_under_the_null_the_interval_decides_alone():
    small = claim(low=-math.inf, high=0.02)
    verdict = judged(small, estimate(0.0, -0.01, 0.01, p=0.9))
    assert verdict.outcome == HOLDS
    assert math.isnan(verdict.p_holm)


def test_holm_runs_over_the_tests_that_are_needed():
    of = {"value": 0.03, "low": 0.02, "high": 0.04}
    alone = judged(claim(), estimate(**of, p=0.02))
    others = [(claim(f"b{k}"), estimate(**of, p=0.5)) for k in range(2)]
    beside = judged(claim(), estimate(**of, p=0.02), *others)
    secondary = [(claim(f"b{k}", role="secondary"), estimate(**of, p=0.5)) for k in range(2)]
    assert alone.p_holm == pytest.approx(0.02)
    assert beside.p_holm == pytest.approx(0.06)
    assert (alone.outcome, beside.outcome) == (HOLDS, UNDECIDED)
    assert judged(claim(), estimate(**of, p=0.02), *secondary).p_holm == pytest.approx(0.02)


def test_what_is_needed_grows_towards_the_margin():
    near = judged(claim(), estimate(0.011, -0.01, 0.03))
    far = judged(claim(), estimate(0.02, -0.001, 0.04))
    assert near.networks_needed > 90 * far.networks_needed > 90 * 20
    # the half width must shrink from .021 to .01 x 1.96 / (1.96 + .84)
    assert far.networks_needed == pytest.approx(20 * (0.021 / 0.01 * 2.80 / 1.96) ** 2, rel=0.02)
    assert math.isinf(judged(claim(), estimate(0.01, 0.0, 0.03)).networks_needed)
    assert math.isnan(judged(claim(), estimate(0.03, 0.02, 0.04)).networks_needed)


def test_few_seeds_can_never_be_significant_and_the_number_says_so():
    """Flipping the signs of four seeds has no p below 2 / 16; five tests need eight seeds."""
    others = [(claim(f"b{k}"), estimate(0.03, 0.02, 0.04, p=0.5)) for k in range(4)]
    four = estimate(0.03, 0.02, 0.04, p=0.125, n=20, seeds=4)
    assert judged(claim(), four, *others).networks_needed == 20 * 8 / 4


def test_a_verdict_is_a_sentence():
    assert judged(claim(), estimate(0.03, 0.02, 0.04)).sentence == (
        "Holds: 3 % (2 % to 4 %); it holds where the value is above 1 %."
    )
    assert judged(claim(), estimate(-0.03, -0.04, -0.02)).sentence.startswith("Does not hold: −3 %")
    assert "deciding needs about" in judged(claim(), estimate(0.02, 0, 0.04)).sentence
    assert judged(claim(), nothing("no network")).sentence == "Undecided: no network."


def test_a_claim_without_an_estimate_is_an_error():
    with pytest.raises(KeyError):
        judge([claim()], {})
