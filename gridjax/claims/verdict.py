"""Verdicts: what the estimates say of the claims, by the rule that was written down before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridjax.claims.claim import Claim
from gridjax.claims.estimate import Estimate
from gridjax.measure.statistics.intervals import Interval
from gridjax.measure.statistics.multiple import holm
from gridjax.measure.statistics.power import needed_to_decide

HOLDS, DOES_NOT, UNDECIDED = "holds", "does not hold", "undecided"
ALPHA = 0.05


@dataclass(frozen=True)
class Verdict:
    """A claim, its estimate and what follows."""

    claim: Claim
    estimate: Estimate
    p_holm: float
    """the test's p after Holm's correction over the study's primary tests; NaN where it has none"""
    outcome: str
    """holds, does not hold or undecided"""
    networks_needed: float
    """networks at which the interval would leave the margin with 80 % power, if the estimate
    stayed; infinite where it lies on the margin, NaN where it is decided or nothing is known"""

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
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
        needed = "more networks than anyone will train"
        if math.isfinite(self.networks_needed):
            needed = f"about {self.networks_needed:,.0f} networks"
        return f"Undecided: {found}; {wanted}; deciding needs {needed}."


def judge(claims: Sequence[Claim], estimates: Mapping[str, Estimate]) -> list[Verdict]:
    """Return the verdict on every claim, in the claims' order.

    Raises KeyError where an analysis left a claim without an estimate: it must say why instead.
    """
    primary = [claim.name for claim in claims if claim.role == "primary"]
    corrected = dict(
        zip(primary, holm(np.array([estimates[name].p for name in primary])), strict=True)
    )
    return [
        _verdict(claim, estimates[claim.name], float(corrected.get(claim.name, math.nan)))
        for claim in claims
    ]


def _verdict(claim: Claim, estimate: Estimate, p_holm: float) -> Verdict:
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
    if outcome == UNDECIDED and low < high:
        ends = [end for end in (claim.low, claim.high) if math.isfinite(end)]
        interval = Interval(estimate.value, low, high)
        needed = max(needed_to_decide(interval, end, estimate.n) for end in ends)
        needed = max(needed, float(estimate.n + 1)) if needed == needed else math.nan
    return Verdict(claim, estimate, p_holm, outcome, needed)
