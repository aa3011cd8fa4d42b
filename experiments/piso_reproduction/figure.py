"""The figure: shares of grid-like units by setting, published, ours and of nulls; best maps."""

from typing import Any

import numpy as np
import pandas as pd

from gridjax import plotting

from .comparison import SHARE, of_setting
from .networks import CRITERION, SETTINGS

LOOKS: dict[str, dict[str, Any]] = {
    "published": {"color": "black", "marker": "s", "ls": "-", "ms": 4},
    "gridjax": {"color": "#0072b2", "marker": "o", "ls": "-", "ms": 4},
    "shuffled_layers": {"color": "#d55e00", "marker": "v", "ls": "--", "ms": 3.5},
    "random_readouts": {"color": "#009e73", "marker": "^", "ls": "--", "ms": 3.5},
    "isotropic": {"color": "#cc79a7", "marker": "D", "ls": "--", "ms": 3},
    "untrained": {"color": plotting.GREY, "marker": "x", "ls": ":", "ms": 4},
}
"""Look of each table."""
LABELS = {
    "shuffled_layers": "null: shuffled layers",
    "random_readouts": "null: random readouts",
    "isotropic": "null: isotropic fields",
    "untrained": "null: untrained",
}
COUNTS = dict[str, list[int]]
"""Numbers of networks in each setting, by table."""


def draw(
    published: pd.DataFrame,
    ours: pd.DataFrame,
    nulls: pd.DataFrame | None,
    maps: dict[str, np.ndarray] | None,
) -> plotting.FigureResult:
    """Draw the figure from tables.

    Args:
        published: the published table.
        ours: rows of our networks.
        nulls: rows of nulls, told apart by the column ``null``; None for none.
        maps: best maps, as ``best_maps`` returns them; None for none.
    """
    tables: dict[str, pd.DataFrame] = {"published": published, "gridjax": ours}
    if nulls is not None:
        tables |= {str(name): rows for name, rows in nulls.groupby("null", sort=False)}
    figure = plotting.new_figure(4.4 if maps else 3.2)
    whole: Any = figure.subfigures(2, 1, height_ratios=(1, 3)) if maps else [None, figure]
    if maps:
        _draw_maps(whole[0], maps)
    sizes = [one for one in SETTINGS if one[0] == SETTINGS[0][0]]
    rhos = [one for one in SETTINGS if one[1] == SETTINGS[-1][1]]
    left, right = whole[1].subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": (9, 5)})
    counts: COUNTS = {name: [] for name in tables}
    for panel, settings, axis in ((left, sizes, 1), (right, rhos, 0)):
        for place, (name, table) in enumerate(tables.items()):
            move = 0.07 * (place - (len(tables) - 1) / 2)
            _draw_shares(panel, name, table, settings, axis, move, counts)
    left.set(xlabel="size of the code $s_0$ (rho .8)", ylabel="grid-like share of active units")
    right.set(xlabel="rho ($s_0$ .84)")
    left.set_ylim(-0.02, 1.02)
    handles, labels = left.get_legend_handles_labels()
    texts = [
        f"{label}, n = {_range(counts[name])}" for label, name in zip(labels, tables, strict=True)
    ]
    whole[1].legend(handles, texts, loc="outside lower center", ncols=3)
    return plotting.FigureResult(
        "piso", "Networks of Xu et al. (2025)", figure, _caption(counts), _caption(counts)
    )


def _draw_shares(
    panel: Any,
    name: str,
    table: pd.DataFrame,
    settings: list[tuple[float, float]],
    axis: int,
    move: float,
    counts: COUNTS,
) -> None:
    """Draw the mean and two standard errors of a table at the settings that it has."""
    found = []
    for place, (rho, size) in enumerate(settings):
        # A null that does not depend on the setting has no rho.
        rows = table if table["rho"].isna().all() else of_setting(table, rho, size)
        rows = rows[rows[SHARE].notna()]
        if not len(rows):
            continue
        is_of_networks = "network" in rows and rows["network"].notna().all()
        clusters = rows["network"].to_numpy() if is_of_networks else np.arange(len(rows))
        shares = rows[SHARE].groupby(clusters).mean()
        error = shares.std(ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else 0.0
        counts[name].append(len(shares))
        found.append((place + move, shares.mean(), 2 * error))
    if not found:
        return
    x, value, bars = np.array(found).T
    look = LOOKS.get(name, LOOKS["untrained"])
    panel.errorbar(x, value, bars, label=LABELS.get(name, name), lw=0.9, elinewidth=0.8, **look)
    panel.set_xticks(range(len(settings)), [f"{one[axis]:g}" for one in settings])


def _draw_maps(part: Any, maps: dict[str, np.ndarray]) -> None:
    panels = part.subplots(1, len(SETTINGS))
    for place, panel in enumerate(panels):
        panel.imshow(maps["maps"][place].astype(float).T, origin="lower", vmin=0)
        panel.set(xticks=[], yticks=[])
        rho, size = maps["rho"][place], maps["size"][place]
        panel.set_title(f"{rho:g}, {size:g}", fontsize=6, loc="center", fontweight="normal")
        panel.set_xlabel(f"{maps['gridness'][place]:.2f}", fontsize=6)
    part.suptitle("Best unit of each setting: rho, $s_0$; gridness below", fontsize=7)


def _range(numbers: list[int]) -> str:
    if not numbers:
        return "0"
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def _caption(counts: COUNTS) -> str:
    needed = CRITERION["networks_of_each_setting"]
    few = min(counts["gridjax"], default=0)
    wait = "" if few >= needed else f" No verdict: it needs {needed} networks of each setting."
    return (
        "Mean share of grid-like units among active units (published scorer) and two standard "
        "errors over networks, as in the criterion. n is the number of networks in a setting with "
        f"active units: {_range(counts['published'])} published, {_range(counts['gridjax'])} of "
        "gridjax; for nulls, the number of trained networks that their draws come from (of the "
        f"untrained null: of its networks).{wait}"
    )
