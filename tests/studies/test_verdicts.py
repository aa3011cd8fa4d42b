"""Verdicts: the rule that was written down, claim by claim."""

import itertools
import math
from dataclasses import replace

import pandas as pd
import pytest

from gridjax.metrics import share_interval
from gridjax.studies.claims.claims_file import Claim
from gridjax.studies.claims.verdicts import DOES_NOT, HOLDS, UNDECIDED, judge
from gridjax.studies.estimates import Estimate, undefined_estimate


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


def test_a_null_at_the_end_of_the_claimed_values_does_not_decide_alone():
    """The claim: a difference is above 0. An interval just above 0 is no significant test."""
    of = {"value": 0.03, "low": 0.001, "high": 0.06}
    for region in ({"low": 0.0}, {"low": 0.0, "high": 0.1}):
        assert judged(claim(**region), estimate(**of, p=0.04)).outcome == HOLDS
        assert judged(claim(**region), estimate(**of, p=0.074)).outcome == UNDECIDED


def test_a_test_that_is_not_significant_is_told_with_the_networks_it_needs():
    verdict = judged(claim(), estimate(0.03, 0.015, 0.045, p=0.056))
    assert verdict.sentence.startswith(
        "Undecided: 3 % (1.5 % to 4.5 %); it holds where the value is above 1 %, as the interval"
        " does, but p = 0.056 after Holm's correction; a decision needs about "
    )


def test_the_null_must_be_excluded_at_the_level_of_holm():
    """Five tests: the half width that excludes the null is that of a level of .99."""
    near = estimate(0.03, 0.0275, 0.0325, p=0.02, null=0.005)
    others = [(claim(f"b{k}"), estimate(0.03, 0.02, 0.04, p=0.5)) for k in range(4)]
    narrow = judged(claim(), near, *others)
    assert narrow.outcome == UNDECIDED
    assert narrow.networks_needed == 21  # the interval is narrow enough
    inside = estimate(0.03, 0.011, 0.08, p=0.02, null=0.009)
    by_hand = 20 * (2.80 / 1.96 * 0.019 * 2.576 / 1.96 / 0.021) ** 2
    assert judged(claim(), inside, *others).networks_needed == pytest.approx(
        max(by_hand, 20 * (2.80 / 1.96 * 0.019 / 0.02) ** 2, 20 * 8 / 10), rel=0.02
    )


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


@pytest.mark.parametrize(("margin", "n", "needed"), [(0.1, 32, 36), (0.05, 55, 72)])
def test_a_share_of_none_or_all_needs_what_its_exact_interval_needs(margin, n, needed):
    """None of 35 leaves an upper bound of 10.003 %, none of 36 one of 9.7 %."""
    assert share_interval(0, needed).high < margin < share_interval(0, needed - 1).high
    rare = replace(claim(low=-math.inf, high=margin), test="share")
    none = judged(rare, estimate(*share_interval(0, n), null=margin / 2, n=n))
    assert (none.outcome, none.networks_needed) == (UNDECIDED, needed)
    usual = replace(claim(low=1 - margin), test="share")
    of_all = judged(usual, estimate(*share_interval(n, n), null=0.5, n=n))
    assert (of_all.outcome, of_all.networks_needed) == (UNDECIDED, needed)


def test_between_two_margins_both_must_be_left():
    """Networks that would leave the nearer margin: the interval has left the other by then."""
    band = judged(claim(low=-0.02, high=0.04), estimate(0.0, -0.03, 0.03))
    nearer = judged(claim(low=-0.02), estimate(0.0, -0.03, 0.03))
    further = judged(claim(low=-math.inf, high=0.04), estimate(0.0, -0.03, 0.05))
    assert band.networks_needed == nearer.networks_needed
    outside = judged(claim(low=-0.02, high=0.04), estimate(0.05, 0.03, 0.07))
    assert outside.networks_needed > 20
    assert judged(claim(low=-0.04, high=0.02), estimate(0.0, -0.03, 0.03)).networks_needed == (
        band.networks_needed
    )
    assert further.networks_needed < band.networks_needed


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
    assert "a decision needs about" in judged(claim(), estimate(0.02, 0, 0.04)).sentence
    nothing = judged(claim(), undefined_estimate("no network"))
    assert nothing.sentence == "Not answerable at this size: no network."


def test_a_claim_without_an_estimate_is_an_error():
    with pytest.raises(KeyError):
        judge([claim()], {})


def by_hand(low, high, interval, p_holm, tested):
    """The rule of docs/reference/claims.md, word by word."""
    if any(math.isnan(end) for end in interval):
        return UNDECIDED
    if not (interval[1] >= low and interval[0] <= high):  # none of the interval lies there
        return DOES_NOT
    whole = interval[0] >= low and interval[1] <= high
    return HOLDS if whole and (not tested or p_holm < 0.05) else UNDECIDED


def test_verdicts_are_those_of_the_rule_applied_by_hand():
    """Three claims a study, every pairing of region, interval, role and p; Holm by hand too."""
    ends = [-math.inf, -0.1, 0.0, 0.1, math.inf]
    regions = [(a, math.inf) for a in ends[1:4]] + [(-math.inf, b) for b in ends[1:4]]
    regions += [(-0.1, 0.1), (0.0, 0.1)]
    intervals = [(a, b) for a in ends for b in ends if a < b] + [(0.1, 0.1), (math.nan, math.nan)]
    seen = set()
    for number, (region, interval) in enumerate(itertools.product(regions, intervals)):
        claims, found = [], {}
        for k, role in enumerate(("primary", "secondary", "primary")):
            p = [0.01, 0.03, 0.2, math.nan][(number + k * (1 + number // 4)) % 4]
            claims.append(claim(str(k), *region, role=role))
            # one value must be finite for a sentence
            middle = [end for end in interval if math.isfinite(end)] or [0.0]
            found[str(k)] = estimate(sum(middle) / len(middle), *interval, p=p)
        contradicted = region[0] >= 0 or region[1] <= 0  # the null of estimate() is 0
        tested = {n: found[n].p for n in "02" if contradicted and math.isfinite(found[n].p)}
        order = sorted(tested, key=lambda n: tested[n])
        least = 0.0
        adjusted = {}
        for rank, n in enumerate(order):
            least = max(least, tested[n] * (len(order) - rank))
            adjusted[n] = min(least, 1.0)
        for verdict in judge(claims, found):
            n = verdict.claim.name
            expected = by_hand(*region, interval, adjusted.get(n), n in tested)
            assert verdict.outcome == expected, (region, interval, n)
            assert (n in tested) == math.isfinite(verdict.p_holm)
            if n in tested:
                assert verdict.p_holm == pytest.approx(adjusted[n])
            assert math.isnan(verdict.networks_needed) or (
                expected == UNDECIDED and verdict.networks_needed > 20
            )
            assert verdict.sentence.startswith(expected.capitalize() + ": ")
            seen.add((expected, n in tested))
    assert len(seen) == 6


def test_no_number_is_told_where_nothing_is_known():
    alone = judged(claim(low=-math.inf, high=0.05), estimate(0.3, math.nan, math.nan))
    assert math.isnan(alone.networks_needed)
    assert alone.sentence == "Undecided: 30 %; it holds where the value is below 5 %."
    open_end = judged(claim(), estimate(0.03, -math.inf, 0.05))
    assert math.isinf(open_end.networks_needed)
    assert "more than 1,000,000 networks" in open_end.sentence


def test_equal_networks_of_three_seeds_lack_nothing_but_seeds():
    """All contrasts are 2 %: the interval is a point, and no p of three seeds is below 1 / 4."""
    three = estimate(0.02, 0.02, 0.02, p=0.25, n=9, seeds=3)
    verdict = judged(claim(), three)
    assert verdict.outcome == UNDECIDED
    assert verdict.networks_needed == 9 * 6 / 3  # 2 / 2^6 < .05
    assert "about 18 networks" in verdict.sentence
