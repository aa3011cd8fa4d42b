"""Gains above chance: whether networks have grid units, or order, that a claim can be about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gridjax.metrics.statistics.intervals import mean_interval
from gridjax.studies.estimates import DIFFERENCES

if TYPE_CHECKING:
    import pandas as pd


def without_gain(
    arms: Mapping[str, pd.DataFrame],
    column: str = "gain",
    what: str = "grid units",
    null: str = "by chance",
) -> str:
    """Return that the networks of no arm have a gain; empty if those of one arm have.

    The text is a reason for ``unanswerable``: what no network has can neither be lost nor be
    explained. An arm has a gain if the 95 % interval of its mean, from resampled seeds, is above 0.
    The text is empty, too, if an arm has no network with a value.

    Args:
        arms: rows of networks, with ``seed``, by the name of the arm.
        column: a difference of two shares, such as ``gain`` of `Evidence.networks`.
        what: what the gain is of.
        null: what it exceeds.
    """
    known = {name: rows.dropna(subset=[column]) for name, rows in arms.items()}
    if any(rows.empty for rows in known.values()):
        return ""
    gains = {
        name: mean_interval(rows[column], rows["seed"], within=DIFFERENCES)
        for name, rows in known.items()
    }
    if any(gain.low > 0 for gain in gains.values()):
        return ""
    texts = (
        f"{name}: {100 * gain.value:.1f}, {100 * gain.low:.1f} to {100 * gain.high:.1f}"
        for name, gain in gains.items()
    )
    return f"networks have no more {what} than {null} (points; {'; '.join(texts)})"
