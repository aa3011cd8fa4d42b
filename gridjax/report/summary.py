"""Summary of a run: one row for each target code, width and number of dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax.io.numbers import number, percent
from gridjax.metrics.statistics.seed_intervals import seed_interval
from gridjax.report.run_data import NetworkRecord, RunData, column, label, seeds_of
from gridjax.run.evaluation.network_metrics import THRESHOLDS

if TYPE_CHECKING:
    from rich.table import Table

SHARES = (*(f"share_above_{threshold}" for threshold in THRESHOLDS), "share_above_null_99")
VOLUME_SHARES = ("share_lattice", "share_local", "share_ordered")
"""Shares of units of a network in a cube: with a lattice, local order, or an ordered spectrum."""
MEDIANS = ("pos_decoding_err", "pos_decoding_err_T50", "score_60_by_neuron_max")
READOUT_MEDIANS = ("readout_err_cm", "readout_chance_err_cm")


def summary_rows(data: RunData) -> list[dict[str, Any]]:
    """Return the rows: one for each target code, width and number of dimensions, in a fixed order.

    Columns:
    ``code``; ``width_cm`` (NaN for codes without width); ``dimensions`` of the box; ``networks``
    and ``diverged``: numbers of networks; ``seeds``: number of distinct seeds of the networks that
    did not diverge.
    ``pos_decoding_err``, ``pos_decoding_err_T50`` (cm) and ``score_60_by_neuron_max``: medians over
    the networks that did not diverge; each also has ``_min`` and ``_max``.
    ``readout_err_cm`` and ``readout_chance_err_cm``: the same for a linear readout of the units and
    for the mean position; only for networks without outputs, which have no position errors.
    ``share_above_0.3`` and so on, and ``share_above_null_99`` (of networks without outputs, above
    each of their nulls): means over these networks; each also has ``_low`` and ``_high``, the 95 %
    interval of metrics.statistics.seed_intervals.
    ``layouts``: number of layouts with random readouts of the target code;
    ``null_share_above_0.3`` and so on: their mean share above each threshold.
    ``share_lattice``, ``share_local`` and ``share_ordered``, with ``_low`` and ``_high``, and
    ``null_share_lattice`` and so on, of random readouts: the same means for networks in a cube.

    Numbers are NaN if nothing was measured. Bounds are NaN if there is no interval.
    """
    rows = []
    for code in data.codes:
        records = [record for record in data.records if record.code == code]
        widths = sorted({record.width_cm for record in records}, key=lambda w: (math.isnan(w), w))
        # The widths of a code without a width are NaN. NaNs are not equal, so only one is kept.
        for width in widths if not math.isnan(widths[0]) else widths[:1]:
            of_width = [m for m in records if math.isnan(width) or m.width_cm == width]
            for dimensions in sorted({record.spec.dimensions for record in of_width}):
                group = [record for record in of_width if record.spec.dimensions == dimensions]
                finished = [record for record in group if not record.diverged]
                row = {"code": code, "width_cm": width, "dimensions": dimensions}
                row |= {"networks": len(group), "diverged": len(group) - len(finished)}
                row |= {"seeds": len(np.unique(seeds_of(finished)))}
                row |= _medians(finished, MEDIANS) | _shares(finished, (*SHARES, *VOLUME_SHARES))
                for name in VOLUME_SHARES:
                    row[f"null_{name}"] = _mean(column(finished, f"null_{name}"))
                without = [record for record in finished if not record.spec.has_outputs]
                row |= _medians(without, READOUT_MEDIANS)
                rows.append(row | _null_shares(data.nulls_of(finished)))
    return rows


def row_label(row: dict[str, Any]) -> str:
    """Return the name of a row: its target code, and its box unless this is a square."""
    return label(row["code"]) + {1: ", line", 3: ", cube"}.get(row["dimensions"], "")


def summary_tables(rows: Sequence[dict[str, Any]]) -> list[Table]:
    """Return the rows of a summary as tables for the terminal: one of cubes, one of other boxes."""
    cubes = [row for row in rows if row["dimensions"] == 3]
    others = [row for row in rows if row["dimensions"] != 3]
    tables = [_table(others)] if others or not cubes else []
    return [*tables, _table_of_cubes(cubes)] if cubes else tables


def _table_of_cubes(rows: Sequence[dict[str, Any]]) -> Table:
    table = _new_table(
        "Cubes: share of units of each kind, mean over networks, beside random readouts (null)",
        "error: median network; by definition 1 % of random fields have an ordered spectrum",
    )
    for head in ("lattice", "null", "local\norder", "null", "ordered\np ≤ .01", "null"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        shares = [percent(row[prefix + name]) for name in VOLUME_SHARES for prefix in ("", "null_")]
        table.add_row(*_first_cells(row), *shares)
    return table


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    has_readouts = any(math.isfinite(row["readout_err_cm"]) for row in rows)
    table = _new_table(
        "Share of units above a score60, mean over networks, beside random readouts (null)",
        "error, best: median network; by definition 1 % of the null is above its 99 %"
        + (
            "; *: error of a linear readout, and > null 99 % of three nulls" if has_readouts else ""
        ),
    )
    for head in (">0.3", "null", ">0.8", "null", "best", "> null\n99 %"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            *_first_cells(row),
            percent(row["share_above_0.3"]),
            percent(row["null_share_above_0.3"]),
            percent(row["share_above_0.8"]),
            percent(row["null_share_above_0.8"]),
            number(row["score_60_by_neuron_max"]),
            percent(row["share_above_null_99"]),
        )
    return table


def _new_table(title: str, caption: str) -> Table:
    """Return a table with the columns that boxes of all dimensions have."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    for head in ("target\ncode", "width\ncm", "net-\nworks", "error\ncm", "T = 50\ncm"):
        table.add_column(head, justify="right" if table.columns else "left", no_wrap=True)
    return table


def _first_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a row that boxes of all dimensions have."""
    return (
        row_label(row),
        "–" if math.isnan(row["width_cm"]) else f"{row['width_cm']:.4g}",
        f"{row['networks'] - row['diverged']}/{row['networks']}",
        _error(row),
        number(row["pos_decoding_err_T50"], 1),
    )


def _error(row: dict[str, Any]) -> str:
    """Return the position error; without outputs that of a linear readout, with a star."""
    readout_cm = row["readout_err_cm"]
    if math.isnan(row["pos_decoding_err"]) and math.isfinite(readout_cm):
        return f"{number(readout_cm, 1)}*"
    return number(row["pos_decoding_err"], 1)


def _medians(finished: list[NetworkRecord], names: Sequence[str]) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in names:
        values = column(finished, name)
        measured = values[np.isfinite(values)]
        for suffix, function in (("", np.median), ("_min", np.min), ("_max", np.max)):
            row[name + suffix] = float(function(measured)) if len(measured) else math.nan
    return row


def _mean(values: np.ndarray) -> float:
    measured = values[np.isfinite(values)]
    return float(measured.mean()) if len(measured) else math.nan


def _shares(finished: list[NetworkRecord], names: Sequence[str]) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in names:
        values = column(finished, name)
        if name == "share_above_null_99":
            values = np.array([record.share_above_null for record in finished], float)
        is_measured = np.isfinite(values)
        mean = low = high = math.nan
        if is_measured.any():
            measured, seeds = values[is_measured], seeds_of(finished)[is_measured]
            mean = float(measured.mean())
            _, low, high = seed_interval(measured, seeds, within=(0, 1))
        row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
    return row


def _null_shares(nulls: list[np.ndarray]) -> dict[str, float]:
    row: dict[str, float] = {"layouts": len(nulls)}
    for threshold in THRESHOLDS:
        shares = [(scores > threshold).mean() for scores in nulls]
        row[f"null_share_above_{threshold}"] = float(np.mean(shares)) if shares else math.nan
    return row
