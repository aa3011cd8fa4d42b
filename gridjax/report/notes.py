"""Notes on how to read a report and on its limits, with the run's own numbers."""

from __future__ import annotations

import math
from typing import Any

from gridjax.io import numbers
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.report.figures.lattice_periods import ENOUGH_PERIODS
from gridjax.report.run_data import Reported
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.theory.wavenumber import expected_period_cm


def caveats(data: Reported, rows: list[dict[str, Any]]) -> list[str]:
    """Return what a reader should know before believing a run, with its own numbers.

    ``rows`` are those of its summary.
    """
    found = [
        "No claim about grid cells without the position error beside it. A network that does not"
        " know where it is can have units that look like grids; they say nothing about path"
        " integration.",
        "A score above a threshold proves nothing alone."
        + _null_sentence(rows)
        + " Compare every share with its null, never with zero.",
        "The best of many units is always good, and the more units, the better. Look at the median"
        " and random rows of the gallery before the best ones.",
    ]
    periods = _periods(data)
    if periods:
        found.append(periods)
    found.append(
        "Intervals resample seeds, not units or networks: units of one network are not independent,"
        " and networks of one seed share layout, initial weights and paths." + _seed_sentence(rows)
    )
    found.append(
        "Differences between target codes are differences at these settings. Every code may need"
        " its own learning rate, size and length of training, and the small networks that a laptop"
        " can train need not do what large ones do."
    )
    return found


def _seed_sentence(rows: list[dict[str, Any]]) -> str:
    """Say where there is no interval, and why."""
    few = [row["seeds"] for row in rows if row["seeds"] < FEWEST_SEEDS]
    if not few:
        return " Where all networks have the same share there is no interval."
    rows_here = "Every row" if len(few) == len(rows) else f"{len(few)} of {len(rows)} rows"
    verb = "has" if len(few) in (1, len(rows)) else "have"
    return (
        f" {rows_here} of the table {verb} fewer than {FEWEST_SEEDS} seeds and therefore no"
        " interval: how often an interval from so few seeds holds the true value is not known."
    )


def _null_sentence(rows: list[dict[str, Any]]) -> str:
    shares = [row[f"null_share_above_{THRESHOLDS[0]}"] for row in rows]
    shares = [share for share in shares if not math.isnan(share)]
    text = (
        " Random readouts of a target code, without any network, training or path integration,"
        " score high too"
    )
    if not shares:
        return f"{text}; the target codes here have no place cells, so there is no such null."
    low, high = numbers.percent(min(shares)), numbers.percent(max(shares))
    share = low if low == high else f"{low.removesuffix(' %')} to {high}"
    return f"{text}: here {share} of them score above {THRESHOLDS[0]}."


def _periods(data: Reported) -> str:
    """Say how many periods theory lets one expect in the box, for DoS targets."""
    expected_cm = [expected_period_cm(member.spec) for member in data.members]
    per_box = [
        100 * member.spec.box_width_in_m / period_cm
        for member, period_cm in zip(data.members, expected_cm, strict=True)
        if period_cm is not None
    ]
    if not per_box:
        return ""
    low, high = min(per_box), max(per_box)
    expected = f"{low:.1f}" if round(low, 1) == round(high, 1) else f"{low:.1f} to {high:.1f}"
    few = (
        f" Fewer than {ENOUGH_PERIODS} cannot tell a lattice from a blob with neighbours; a"
        " hexagonal look there is weak evidence."
        if low < ENOUGH_PERIODS
        else ""
    )
    lattice = "Of the lattice that theory expects from DoS targets"
    return f"{lattice}, the box holds {expected} periods.{few}"
