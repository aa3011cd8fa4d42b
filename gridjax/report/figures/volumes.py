"""Figure of networks in a cube: shares of the classes of units, and the best maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax import plotting
from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.seed_intervals import seed_interval
from gridjax.plotting import FigureResult
from gridjax.report.run_data import NetworkRecord, RunData, column, label, seeds_of
from gridjax.run.evaluation.volume_scores import CLASSES, LATTICES
from gridjax.run.results.run import Run
from gridjax.theory.pattern_panels import ROW_IN, draw_volume

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

NAME, TITLE = "volumes", "Maps in a cube"
_NAMES = {"bcc": "BCC", "fcc": "FCC", "hcp": "HCP", "sc": "simple\ncubic", "local": "local\norder"}
_COLUMNS = (*(f"share_{name}" for name in CLASSES), "share_lattice", "share_ordered")
_LABELS = (*(_NAMES.get(name, name) for name in CLASSES), "any\nlattice", "ordered\np ≤ .01")
_NULLS = ("share_local", "share_lattice", "share_ordered")
"""Shares that random readouts of the target code have too."""
_BEST, _MOST_GROUPS = 2, 8
_SHARES_IN, _LEGEND_IN, _HEADER_IN = 2.7, 0.45, 0.3
_SPARE = ("#332288", "#117733", "#882255", "#999933", "#aa4499", "#6699cc", "#ddcc77")


class Group(NamedTuple):
    """Networks of one target code, activation and motion."""

    name: str
    records: list[NetworkRecord]
    colour: str


class Best(NamedTuple):
    """One of the best maps of a group."""

    rates: np.ndarray
    text: str
    cells: tuple[str, ...]
    """run_id, unit, class, largest correlation, p-value of the order, period"""


def draw(data: RunData, run: Run) -> FigureResult:
    """Draw the shares of each class, and the best maps of each group; ``data`` has cubes only."""
    if not data.finished:
        return FigureResult(NAME, TITLE, None, "No network in a cube is finished yet.")
    every = _groups(data)
    groups = every[:_MOST_GROUPS]
    best = {group.name: _best(group, run) for group in groups}
    shown = [group for group in groups if best[group.name]]
    height = _SHARES_IN + sum(ROW_IN[3] + _HEADER_IN for _ in shown)
    figure = plotting.new_figure(height, layout=None)
    axes = figure.add_axes(
        (0.09, 1 - (_SHARES_IN - 0.55) / height, 0.89, (_SHARES_IN - 0.55 - _LEGEND_IN) / height)
    )
    _draw_shares(axes, groups)
    top = height - _SHARES_IN
    for group in shown:
        place = {"fontsize": 8, "weight": "bold", "color": group.colour, "va": "center"}
        figure.text(0.015, (top - 0.12) / height, group.name, **place)
        for number, one in enumerate(best[group.name]):
            bottom = top - _HEADER_IN - 0.72 - 0.05
            draw_volume(figure, one.rates, number, bottom, one.text, is_first=True)
        top -= ROW_IN[3] + _HEADER_IN
    lines = [one.cells for group in shown for one in best[group.name]]
    head = ("run_id", "unit", "class", "correlation", "p of order", "period")
    caption = _caption(groups, [group.name for group in every[_MOST_GROUPS:]])
    return FigureResult(NAME, TITLE, figure, caption, _alt(groups), (head, *lines))


def _groups(data: RunData) -> list[Group]:
    """Return the groups, in the order of target codes."""
    found: dict[str, list[NetworkRecord]] = {}
    for code in data.codes:
        for record in sorted(data.of(code), key=lambda one: one.spec.activation):
            parts = (label(code), record.spec.activation, record.spec.motion.replace("_", " "))
            found.setdefault(", ".join(parts), []).append(record)
    used: set[str] = set()
    groups = []
    for name, records in found.items():
        spare = iter(_SPARE)
        colour = plotting.colour(records[0].code)
        while colour in used:
            colour = next(spare, plotting.GREY)
            if colour == plotting.GREY:
                break
        used.add(colour)
        groups.append(Group(name, records, colour))
    return groups


def _draw_shares(axes: Axes, groups: list[Group]) -> None:
    width = 0.8 / len(groups)
    for number, group in enumerate(groups):
        offset = (number - (len(groups) - 1) / 2) * width
        seeds = seeds_of(group.records)
        for place, name in enumerate(_COLUMNS):
            values = 100 * column(group.records, name)
            mean, low, high = seed_interval(values, seeds, within=(0.0, 100.0))
            at = place + offset
            named = group.name if place == 0 else None
            axes.plot([at], [mean], "o", color=group.colour, ms=3.5, label=named, zorder=3)
            if low < high:
                # few seeds can give ends far beyond all networks
                ends = np.clip([low, high], values.min(), values.max())
                axes.plot([at, at], ends, color=group.colour, lw=1.2, zorder=2)
            if name in _NULLS:
                null = 100 * np.nanmean(column(group.records, f"null_{name}"))
                axes.plot([at], [null], "_", color=plotting.GREY, ms=7, mew=1.2, zorder=4)
    ordered = len(_COLUMNS) - 1
    axes.plot([ordered - 0.45, ordered + 0.45], [1, 1], color=plotting.GREY, lw=0.8, ls=":")
    axes.set_xticks(range(len(_LABELS)), _LABELS)
    axes.set(xlim=(-0.6, len(_LABELS) - 0.4), ylabel="units (%)")
    axes.set_ylim(-1, max(5, axes.get_ylim()[1]))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=6.5, frameon=False)


def _best(group: Group, run: Run) -> list[Best]:
    """Return the maps with the largest correlations with an ideal lattice.

    They are of different networks if there are enough. The list is empty if no maps are kept.
    """
    order = sorted(group.records, key=lambda one: -one.row["symmetry_max"])
    found: list[Best] = []
    for record in order[:_BEST]:
        try:
            kept = run.rate_maps(record.run_id)
        except GridjaxError:
            continue
        found += _best_of(record, run, kept, -(-_BEST // len(order)))
    return found[:_BEST]


def _best_of(record: NetworkRecord, run: Run, kept: xr.DataArray, count: int) -> list[Best]:
    """Return the best kept maps of one network."""
    rows = run.units[run.units["run_id"] == record.run_id].set_index("unit")
    symmetry = rows[[f"symmetry_{name}" for name in LATTICES]].max(axis=1)
    units, best = kept["unit"].to_numpy(), []
    of_kept = symmetry.reindex(units).fillna(-1).to_numpy()
    for place in np.argsort(-of_kept, kind="stable")[:count]:
        row = rows.loc[units[place]]
        values = (f"{of_kept[place]:.2f}", f"{row['order_p_value']:.2g}")
        kind, period = str(row["lattice"]), row["period_cm"]
        text = f"{kind}, r {values[0]}, p {values[1]}, seed {record.spec.seed}"
        cells = (record.run_id, str(units[place]), kind, *values)
        in_cm = f"{period:.0f} cm" if np.isfinite(period) else "–"
        best.append(Best(kept.to_numpy()[place], text, (*cells, in_cm)))
    return best


def _caption(groups: list[Group], omitted: list[str]) -> str:
    networks = plotting.counted(sum(len(group.records) for group in groups), "network")
    return (
        "Top: share of the units of a network in each class of the score of volumes, mean of each"
        f" group ({networks} in all) with 95 % intervals over seeds (at least eight seeds)."
        f"{_omission(omitted)} Any lattice: the first six classes together. Ordered: the order"
        " exceeds that of 99 random fields with the spectrum and the values of the map; the dotted"
        " line is the 1 % of such fields that are called ordered. Grey marks: random readouts of"
        " the target codes. Silent units are in no class;"
        f" {_active(groups)} of the units are active. Below: for each group, the map with the"
        " largest correlation r with an ideal lattice in each of two networks: sections through the"
        " bin of the largest rate, and the"
        " surface at one standard deviation above the mean (none if no rate is that high). Below"
        " each: its class, r, the p-value of its order, and the seed. The best map of a large"
        " population looks regular; the shares say how many do."
    )


def _active(groups: list[Group]) -> str:
    """Return the mean share of active units as text."""
    shares = [column(group.records, "share_active") for group in groups]
    return f"{100 * np.mean(np.concatenate(shares)):.0f} %"


def _omission(names: list[str]) -> str:
    """Return a sentence that names the groups that are not drawn, or nothing."""
    return f" Not drawn: {'; '.join(names)}." if names else ""


def _alt(groups: list[Group]) -> str:
    parts = []
    for group in groups:
        lattice, local = (
            100 * float(np.mean(column(group.records, name)))
            for name in ("share_lattice", "share_local")
        )
        parts.append(f"{group.name}: {lattice:.0f} % lattices, {local:.0f} % local order")
    return f"Classes of units of networks in a cube; {'; '.join(parts)}."
