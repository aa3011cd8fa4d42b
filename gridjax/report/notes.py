"""Notes that explain how to read a report; they contain numbers of the run."""

from __future__ import annotations

import math
from typing import Any

from gridjax.io import numbers
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.report.figures.lattice_periods import ENOUGH_PERIODS, TOO_FEW
from gridjax.report.run_data import RunData
from gridjax.report.summary import SHARES
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.theory.wavenumber import expected_period_cm


def reading_notes(data: RunData, rows: list[dict[str, Any]]) -> list[str]:
    """Return the notes of a report as paragraphs; ``rows`` are those of its summary."""
    notes = [
        "Read every statement about grid cells together with the position error. A network that"
        " does not path-integrate can have units that look like grid cells; they are no evidence"
        " about path integration.",
    ]
    dimensions = {record.spec.dimensions for record in data.records}
    if 2 in dimensions or not dimensions:
        notes += [
            "A score above a threshold is no evidence by itself."
            + _null_sentence(rows, data)
            + " Compare every share with its null, not with zero.",
            "The highest of many scores is high, and it grows with the number of units. Look at the"
            " median and random rows of the gallery before the best row.",
        ]
    if data.without_outputs.records:
        notes.append(
            "Networks without outputs do not answer where they are. Their position error is that of"
            " a linear readout of the units after the last move (beside it chance, the error of the"
            " mean position). Units of one period repeat within a larger box, so that even perfect"
            " lattices can have a large error."
        )
    if 3 in dimensions:
        readouts = (
            " Compare shares with those of random readouts of the target code (grey marks)."
            if data.of_dimensions(3).with_outputs.records
            else ""
        )
        notes.append(
            "Maps of a cube have no scores of the plane; each class has its share in the figure"
            f" of maps in a cube.{readouts} An ordered spectrum alone is no lattice: units that"
            " fire along a wall have one too."
        )
    if 1 in dimensions:
        notes.append("Maps of a line have no scores.")
    periods = _periods(data)
    if periods:
        notes.append(periods)
    notes.append(
        "Intervals resample seeds, not units or networks: units of one network are not independent,"
        " and networks of one seed share layout, initial weights and paths." + _seed_sentence(rows)
    )
    notes.append(
        "Differences between target codes hold for these settings. Another learning rate, size or"
        " length of training may suit another code, and small networks need not behave as large"
        " ones do."
    )
    return notes


def _seed_sentence(rows: list[dict[str, Any]]) -> str:
    """Return sentences about rows without an interval and intervals without an upper bound."""
    few = [row["seeds"] for row in rows if row["seeds"] < FEWEST_SEEDS]
    sentence = " Where all networks have the same share there is no interval."
    if few:
        count = "Every row" if len(few) == len(rows) else f"{len(few)} of {len(rows)} rows"
        verb = "has" if len(few) in (1, len(rows)) else "have"
        sentence = (
            f" {count} of the table {verb} fewer than {FEWEST_SEEDS} seeds and therefore no"
            " interval: how often an interval from so few seeds holds the true value is not known."
        )
    if any(row[name] < row[f"{name}_high"] == 1 for row in rows for name in SHARES):
        sentence += " An interval that ends at 100 % has no upper bound: too few seeds differ."
    return sentence


def _null_sentence(rows: list[dict[str, Any]], data: RunData) -> str:
    """Return sentences about the nulls of the networks in squares, with outputs and without."""
    squares = data.of_dimensions(2)
    text = ""
    if squares.with_outputs.records or not data.records:
        text = (
            " Random readouts of a target code, without network, training or path integration,"
            " reach high scores too" + _null_shares(rows)
        )
    if squares.without_outputs.records:
        text += (
            " The nulls of networks without outputs are the same network before training, random"
            " fields with the spectrum of its maps, and its maps with the bins in random order. A"
            " unit is above the null if it scores above the 99th percentile of each."
        )
    return text


def _null_shares(rows: list[dict[str, Any]]) -> str:
    shares = [row[f"null_share_above_{THRESHOLDS[0]}"] for row in rows if row["dimensions"] == 2]
    shares = [share for share in shares if not math.isnan(share)]
    if not shares:
        return "; this run has no such null."
    low, high = numbers.percent(min(shares)), numbers.percent(max(shares))
    share = low if low == high else f"{low.removesuffix(' %')} to {high}"
    return f": here {share} of them score above {THRESHOLDS[0]}."


def _periods(data: RunData) -> str:
    """Return a sentence about the periods that theory predicts in the box.

    The text is empty if no network in a square has the target code Difference of Softmaxes.
    """
    records = data.of_dimensions(2).with_outputs.records
    expected_cm = [expected_period_cm(record.spec) for record in records]
    per_box = [
        100 * record.spec.box_width_in_m / period_cm
        for record, period_cm in zip(records, expected_cm, strict=True)
        if period_cm is not None
    ]
    if not per_box:
        return ""
    low, high = min(per_box), max(per_box)
    expected = f"{low:.1f}" if round(low, 1) == round(high, 1) else f"{low:.1f} to {high:.1f}"
    few = (
        f" With {TOO_FEW} a lattice cannot be distinguished from one"
        " field with neighbours, so a hexagonal pattern is weak evidence."
        if low < ENOUGH_PERIODS
        else ""
    )
    return f"Theory expects lattices of {expected} periods in the box for DoS targets.{few}"
