"""Selection of the units of a gallery: the best units, and typical units."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError
from gridjax.report.run_data import NetworkRecord
from gridjax.run.results.run import Run

if TYPE_CHECKING:
    import xarray as xr

PER_ROW = 9
_TRIES = 60


class Unit(NamedTuple):
    """One unit of one network."""

    record: NetworkRecord
    unit: int
    score: float
    period_cm: float


class Row(NamedTuple):
    """One row of the gallery: units with their rate maps."""

    name: str
    units: list[Unit]
    maps: list[np.ndarray]


Load = Callable[[str], "xr.DataArray | None"]


def choose(records: list[NetworkRecord], load: Load, keep: str) -> list[Row]:
    """Return three rows of units of networks: best units, median units and random units.

    Median units are those nearest the median score of active units; if no unit is active, of all.
    ``load`` returns the kept maps of a run_id. ``keep`` is the run's setting keep_maps. Rows
    without any map are omitted.
    """
    n_kept = int(keep.removeprefix("best:")) if keep.startswith("best:") else None
    if not records or keep == "none":
        return []
    n_each = max(2, -(-PER_ROW // len(records)))
    orders = [np.argsort(-record.score, kind="stable")[:n_kept] for record in records]
    owner = np.repeat(np.arange(len(records)), [len(order) for order in orders])
    place = np.concatenate(orders)
    rank = np.concatenate([np.arange(len(order)) for order in orders])
    score = np.concatenate([m.score[order] for m, order in zip(records, orders, strict=True)])
    active = np.concatenate([m.is_active[order] for m, order in zip(records, orders, strict=True)])
    typical = np.flatnonzero(active) if active.any() else np.arange(len(score))

    of_kept = "" if len(place) == sum(len(record.unit) for record in records) else " of kept"
    by_score = np.argsort(-score, kind="stable")
    from_median = np.abs(score[typical] - np.median(score[typical]))
    chosen = {
        "best": by_score[rank[by_score] < n_each],
        f"median{of_kept}": typical[np.argsort(from_median, kind="stable")],
        f"random{of_kept}": np.random.default_rng(0).permutation(len(score)),
    }
    rows = [
        _row(name, [_unit(records[owner[i]], int(place[i])) for i in order[:_TRIES]], load)
        for name, order in chosen.items()
    ]
    return [row for row in rows if row.maps]


def _unit(record: NetworkRecord, place: int) -> Unit:
    score, period_cm = float(record.score[place]), float(record.period_cm[place])
    return Unit(record, int(record.unit[place]), score, period_cm)


def _row(name: str, order: list[Unit], load: Load) -> Row:
    """Return the first units of ``order`` that have a kept map, sorted by score."""
    with_map: list[tuple[Unit, np.ndarray]] = []
    for unit in order:
        if len(with_map) == PER_ROW:
            break
        kept = load(unit.record.run_id)
        if kept is None:
            continue
        place = np.flatnonzero(kept["unit"].to_numpy() == unit.unit)
        if len(place):
            with_map.append((unit, kept.to_numpy()[place[0]]))
    with_map.sort(key=lambda pair: -pair[0].score)
    return Row(name, [unit for unit, _ in with_map], [rates for _, rates in with_map])


def kept_maps(run: Run, run_id: str) -> xr.DataArray | None:
    """Return the kept maps of one network; None if it has no kept maps."""
    try:
        return run.rate_maps(run_id)
    except GridjaxError:
        return None
