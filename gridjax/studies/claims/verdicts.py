"""Verdicts on claims: whether each claim holds, by a rule that was recorded before training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridjax.metrics.statistics.intervals import Interval
from gridjax.metrics.statistics.multiple_testing import holm
from gridjax.metrics.statistics.power import needed_to_decide
from gridjax.studies.arms import Arm, divergence, shortage
from gridjax.studies.claims.claims_file import Claim
from gridjax.studies.competence import ALL, COMPETENT, FINISHED
from gridjax.studies.estimates import Estimate

HOLDS, DOES_NOT, UNDECIDED = "holds", "does not hold", "undecided"
NOT_ANSWERABLE = "not answerable at this size"
"""Outcome of a claim about competent networks if an arm has too few of them, of a claim about all
networks if too many of an arm diverged, and of a claim whose estimate is ``unanswerable``."""
NOT_FINISHED = "not finished"
"""Outcome of every claim if some networks of the study are not trained."""
ALPHA = 0.05
MANY = 1_000_000
"""Largest printed number of needed networks; a larger one is printed as "more than 1,000,000"."""


@dataclass(frozen=True)
class Verdict:
    """A claim, its estimate and the outcome."""

    claim: Claim
    estimate: Estimate
    p_holm: float
    """p after Holm's correction over the study's tests; NaN if the claim needs no test, is not
    answerable or not finished"""
    outcome: str
    """holds, does not hold, undecided, not answerable at this size or not finished"""
    networks_needed: float
    """number of networks with which the interval would exclude the margin with 80 % power, and, if
    the test is not significant, the value of the null, too, if the estimate stays the same;
    infinite if the estimate equals the margin; NaN if the claim is decided or has no interval"""
    arms: tuple[Arm, ...] = ()
    """the arms of the claim, and how many of their networks are competent"""
    caution: str = ""
    """a warning about all verdicts of this size, such as ``a smoke test``; added to the sentence"""
    reason: str = ""
    """why the claim is not answerable, or which part of the study is not finished"""

    @property
    def sentence(self) -> str:
        """The verdict in a sentence, and the warning about its size."""
        return f"{self._decision} This is {self.caution}." if self.caution else self._decision

    @property
    def _decision(self) -> str:
        if self.outcome in (NOT_ANSWERABLE, NOT_FINISHED):
            return f"{self.outcome.capitalize()}: {self.reason}."
        estimate, claim = self.estimate, self.claim
        if not math.isfinite(estimate.value):
            return f"Undecided: {estimate.remark or 'nothing was estimated'}."
        found = claim.shown(estimate.value)
        if not math.isnan(estimate.low):
            found += f" ({claim.shown(estimate.low)} to {claim.shown(estimate.high)})"
        wanted = f"it holds where the value is {claim.region}"
        if self.outcome == HOLDS:
            return f"Holds: {found}; {wanted}."
        if self.outcome == DOES_NOT:
            return f"Does not hold: {found}; {wanted}."
        if claim.low <= estimate.low and estimate.high <= claim.high:
            wanted += f", as the interval does, but p = {self.p_holm:.2g} after Holm's correction"
        if math.isnan(self.networks_needed):
            return f"Undecided: {found}; {wanted}."
        needed = f"more than {MANY:,} networks"
        if self.networks_needed < MANY:
            needed = f"about {self.networks_needed:,.0f} networks"
        return f"Undecided: {found}; {wanted}; a decision needs {needed}."


def judge(
    claims: Sequence[Claim],
    estimates: Mapping[str, Estimate],
    arms: Mapping[str, tuple[Arm, ...]] | None = None,
    caution: str = "",
    unfinished: str = "",
) -> list[Verdict]:
    """Return the verdict on every claim, in the order of the claims.

    A claim about competent networks is not answerable if an arm has fewer than eight of them, or if
    they are fewer than half of the arm; a claim about all networks that did not diverge is not if
    more than one in ten of an arm diverged; any claim is not if its estimate is ``unanswerable``.
    Such a claim is not tested: it does not count in Holm's correction.

    Args:
        claims: the claims.
        estimates: the estimate of each claim, by name.
        arms: the arms of each claim, by name; without them, every claim is answerable.
        caution: a warning about all verdicts, which is added to their sentences.
        unfinished: which networks of the study are not trained; the verdicts then have no numbers.

    Raises KeyError if a claim has no estimate.
    """
    arms = arms or {}
    gates = {COMPETENT: shortage, ALL: divergence, FINISHED: lambda _: ""}
    reasons = {claim.name: gates[claim.asked_of](arms.get(claim.name, ())) for claim in claims}
    blocked = {name: text or estimates[name].unanswerable for name, text in reasons.items()}
    tested = [
        claim.name
        for claim in claims
        if not blocked[claim.name] and _is_tested(claim, estimates[claim.name])
    ]
    adjusted = holm(np.array([estimates[name].p for name in tested]))
    corrected = dict(zip(tested, adjusted, strict=True))
    verdicts = []
    for claim in claims:
        estimate, p_holm = estimates[claim.name], float(corrected.get(claim.name, math.nan))
        if unfinished:
            nan = math.nan
            estimate = replace(estimate, value=nan, low=nan, high=nan, p=nan, remark=unfinished)
        if reason := unfinished or blocked[claim.name]:
            outcome = NOT_FINISHED if unfinished else NOT_ANSWERABLE
            verdict = Verdict(claim, estimate, math.nan, outcome, math.nan, reason=reason)
        else:
            verdict = _verdict(claim, estimate, p_holm, len(tested))
        verdicts.append(replace(verdict, arms=arms.get(claim.name, ()), caution=caution))
    return verdicts


def _is_tested(claim: Claim, estimate: Estimate) -> bool:
    """Return whether a claim needs its test: if it is primary and false under its null.

    A claim that is true under its null is decided only by its interval. Example: the claim is that
    a difference is small, and the null is no difference. If the null is an end of the claim's
    values, the test is needed. Example: the claim is that a difference is above 0.
    """
    contradicted = not claim.low < estimate.null < claim.high
    return claim.role == "primary" and math.isfinite(estimate.p) and contradicted


def _verdict(claim: Claim, estimate: Estimate, p_holm: float, n_tests: int) -> Verdict:
    low, high = estimate.low, estimate.high
    inside = claim.low <= low and high <= claim.high
    outside = high < claim.low or low > claim.high
    insignificant = math.isfinite(p_holm) and p_holm >= ALPHA
    if math.isnan(low) or math.isnan(high):
        outcome = UNDECIDED
    elif inside and not insignificant:
        outcome = HOLDS
    else:
        outcome = DOES_NOT if outside else UNDECIDED
    needed = math.nan
    if outcome == UNDECIDED and low <= high:
        needed = _needed(claim, estimate, n_tests if insignificant else 0)
    return Verdict(claim, estimate, p_holm, outcome, needed)


def _needed(claim: Claim, estimate: Estimate, n_tests: int) -> float:
    """Return the number of networks that would decide the claim if the estimate stays the same.

    Args:
        claim: the claim.
        estimate: its estimate, with an interval.
        n_tests: number of tests in Holm's correction if the claim's own test is not significant;
            else 0.
    """
    ends = [end for end in (claim.low, claim.high) if math.isfinite(end)]
    interval = Interval(estimate.value, estimate.low, estimate.high)
    of = (
        _for_none_or_all if claim.test == "share" and interval.value in (0, 1) else needed_to_decide
    )
    needed = 0.0  # equal networks: an interval of width 0 needs only significance
    if interval.low < interval.high:
        needed = max(of(interval, end, estimate.n) for end in ends)
        if n_tests and math.isfinite(estimate.null):
            stricter = _at_level(interval, 1 - ALPHA / n_tests)
            needed = max(needed, needed_to_decide(stricter, estimate.null, estimate.n))
    if math.isnan(needed):
        return needed
    if n_tests and "seed" in estimate.rows:
        # a test that flips the signs of k seeds cannot give a p below 2 / 2^k
        fewest = math.ceil(math.log2(2 * n_tests / ALPHA))
        needed = max(needed, estimate.n * fewest / max(estimate.rows["seed"].nunique(), 1))
    return max(math.ceil(needed) if math.isfinite(needed) else needed, float(estimate.n + 1))


def _for_none_or_all(interval: Interval, margin: float, n: int) -> float:
    """Return the number of networks with which the interval of none or of all excludes a margin.

    The bound of no event among n is 1 - .025^(1 / n): it shrinks as 1 / n, not as 1 / sqrt(n).
    """
    if margin == interval.value:
        return math.inf
    if interval.value == 0:
        return n * math.log1p(-interval.high) / math.log1p(-margin) if margin < 1 else 1.0
    return n * math.log(interval.low) / math.log(margin) if margin > 0 else 1.0


def _at_level(interval: Interval, level: float) -> Interval:
    """Return a 95 % interval with the halves that a normal distribution gives at another level."""
    from scipy.special import ndtri

    factor = float(ndtri((1 + level) / 2) / ndtri(1 - ALPHA / 2))
    value, low, high = interval
    return Interval(value, value - factor * (value - low), value + factor * (high - value))
