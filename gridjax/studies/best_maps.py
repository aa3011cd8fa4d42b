"""Figure of the best rate map of each of several networks, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.figures.unit_selection import kept_maps

if TYPE_CHECKING:
    import pandas as pd

    from gridjax.studies.evidence import Evidence

N_NETWORKS = 8
"""Networks of each arm."""
_NAME_IN, _ROW_IN, _TOP_IN = 1.25, 0.86, 0.05
BEST = "score_60_by_neuron_max"


def draw(evidence: Evidence, arms: Mapping[str, pd.DataFrame], name: str) -> FigureResult:
    """Draw the figure; see ``gridjax.studies.figures.best_maps``."""
    title = "Best map of each network"
    drawn = {arm: _best(evidence, rows) for arm, rows in arms.items()}
    drawn = {arm: found for arm, found in drawn.items() if found}
    if not drawn:
        return FigureResult(name, title, None, "No competent network has kept maps.")
    figure = plotting.new_figure(_TOP_IN + _ROW_IN * len(drawn), layout=None)
    width, height = figure.get_size_inches()
    pitch = (width - _NAME_IN) / N_NETWORKS
    side = pitch - 0.06
    for at, (arm, found) in enumerate(drawn.items()):
        top = height - _TOP_IN - at * _ROW_IN
        middle = (top - 0.14 - side / 2) / height
        words = {"ha": "right", "va": "center", "fontsize": plotting.SMALL, "linespacing": 1.2}
        figure.text((_NAME_IN - 0.08) / width, middle, arm.replace(", ", ",\n"), **words)
        for column, (score, rates) in enumerate(found):
            left = _NAME_IN + column * pitch
            box = (left / width, (top - 0.14 - side) / height, side / width, side / height)
            axes = figure.add_axes(box)
            plotting.draw_map(axes, rates)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            look = {"fontsize": plotting.SMALL, "fontweight": "normal", "loc": "center"}
            axes.set_title(f"{score:.2f}", pad=1.5, **look)
    n_box = {float(side_m) for rows in arms.values() for side_m in rows["box_width_in_m"]}
    box = f" The box is {n_box.pop():g} m wide." if len(n_box) == 1 else ""
    caption = (
        f"The unit with the largest score60, above its map, of each of the {N_NETWORKS} competent"
        " networks in which it is largest; dark: lowest rate of the map, bright: highest."
        f"{box} Maps were selected by score: they show the best that an arm has, not what is"
        " typical."
    )
    rows = [("arm", "score60 of the maps")]
    rows += [(arm, ", ".join(f"{score:.2f}" for score, _ in found)) for arm, found in drawn.items()]
    alt = "Rate maps of the best unit of several networks of " + plotting.listed(list(drawn))
    return FigureResult(name, title, figure, caption, alt, tuple(rows))


def _best(evidence: Evidence, rows: pd.DataFrame) -> list[tuple[float, np.ndarray]]:
    """Return score and map [x, y] of the best kept unit of networks, the best networks first."""
    able = rows[rows["is_competent"].astype(bool) & np.isfinite(rows[BEST])]
    able = able.drop_duplicates("run_id").nlargest(N_NETWORKS, BEST)
    scores = evidence.units.set_index(["run_id", "unit"])["score_60_by_neuron"]
    found = []
    for run_id in able["run_id"]:
        maps = kept_maps(evidence.run, run_id)
        if maps is None or not maps.sizes["unit"]:
            continue
        of_kept = scores.loc[run_id].reindex(maps["unit"].to_numpy()).to_numpy()
        if np.isfinite(of_kept).any():
            at = int(np.nanargmax(of_kept))
            found.append((float(of_kept[at]), np.asarray(maps[at])))
    return found
