"""Selection of the units of a gallery: the best ones, and typical ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError
from gridjax.report.run_data import Member
from gridjax.run.storage.run_reader import Run

if TYPE_CHECKING:
    import xarray as xr

PER_ROW = 9
_TRIES = 60


class Unit(NamedTuple):
    """One unit of one network."""

    member: Member
    unit: int
    score: float
    period_cm: float


class Row(NamedTuple):
    """One row of maps."""

    name: str
    units: list[Unit]
    maps: list[np.ndarray]


Load = Callable[[str], "xr.DataArray | None"]


def choose(members: list[Member], load: Load, keep: str) -> list[Row]:
    """Choose a row of the best units of some networks, one of median and one of random ones.

    ``keep`` is the run's setting keep_maps; rows without any map are left out.
    """
    n_kept = int(keep.removeprefix("best:")) if keep.startswith("best:") else None
    if not members or keep == "none":
        return []
    n_each = max(2, -(-PER_ROW // len(members)))
    orders = [np.argsort(-member.score, kind="stable")[:n_kept] for member in members]
    owner = np.repeat(np.arange(len(members)), [len(order) for order in orders])
    place = np.concatenate(orders)
    rank = np.concatenate([np.arange(len(order)) for order in orders])
    score = np.concatenate([m.score[order] for m, order in zip(members, orders, strict=True)])

    of_kept = "" if len(place) == sum(len(member.unit) for member in members) else " of kept"
    by_score = np.argsort(-score, kind="stable")
    from_median = np.argsort(np.abs(score - np.median(score)), kind="stable")
    chosen = {
        "best": by_score[rank[by_score] < n_each],
        f"median{of_kept}": from_median,
        f"random{of_kept}": np.random.default_rng(0).permutation(len(score)),
    }
    rows = [
        _row(name, [_unit(members[owner[i]], int(place[i])) for i in order[:_TRIES]], load)
        for name, order in chosen.items()
    ]
    return [row for row in rows if row.maps]


def _unit(member: Member, place: int) -> Unit:
    score, period_cm = float(member.score[place]), float(member.period_cm[place])
    return Unit(member, int(member.unit[place]), score, period_cm)


def _row(name: str, order: list[Unit], load: Load) -> Row:
    """Take the first units of an order whose maps are there, then sort them by score."""
    found: list[tuple[Unit, np.ndarray]] = []
    for unit in order:
        if len(found) == PER_ROW:
            break
        kept = load(unit.member.run_id)
        if kept is None:
            continue
        place = np.flatnonzero(kept["unit"].to_numpy() == unit.unit)
        if len(place):
            found.append((unit, kept.to_numpy()[place[0]]))
    found.sort(key=lambda pair: -pair[0].score)
    return Row(name, [unit for unit, _ in found], [rates for _, rates in found])


def kept_maps(run: Run, run_id: str) -> xr.DataArray | None:
    """Return the kept maps of one network, None where there are none."""
    try:
        return run.rate_maps(run_id)
    except GridjaxError:
        return None
