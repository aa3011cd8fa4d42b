"""Which units a gallery shows: the best, and typical ones beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError
from gridjax.study.reported import Member
from gridjax.study.results import Run

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
    kept: list[Unit] = []
    best: list[Unit] = []
    n_each = max(2, -(-PER_ROW // max(len(members), 1)))
    for member in members:
        order = np.argsort(-member.score, kind="stable")[:n_kept]
        units = [
            Unit(member, int(member.unit[i]), float(member.score[i]), float(member.period_cm[i]))
            for i in order
        ]
        kept += units
        best += units[:n_each]
    if not kept or keep == "none":
        return []
    is_all = len(kept) == sum(len(member.unit) for member in members)
    of_kept = "" if is_all else " of kept"
    median = float(np.median([unit.score for unit in kept]))
    shuffled = np.random.default_rng(0).permutation(len(kept))
    orders = {
        "best": sorted(best, key=lambda unit: -unit.score),
        f"median{of_kept}": sorted(kept, key=lambda unit: abs(unit.score - median)),
        f"random{of_kept}": [kept[index] for index in shuffled[:_TRIES]],
    }
    rows = [_row(name, order, load) for name, order in orders.items()]
    return [row for row in rows if row.maps]


def _row(name: str, order: list[Unit], load: Load) -> Row:
    """Take the first units of an order whose maps are there, then sort them by score."""
    found: list[tuple[Unit, np.ndarray]] = []
    for unit in order[:_TRIES]:
        kept = load(unit.member.run_id)
        if kept is None or len(found) == PER_ROW:
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
