"""Common parts of the figures of studies: dots for networks, intervals, bands for nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax import plotting
from gridjax.metrics.nulls.chance_scores import count_above
from gridjax.metrics.statistics.seed_intervals import seed_interval
from gridjax.run.evaluation.evaluation import NULL_PERCENTILE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from gridjax.plotting import FigureResult
    from gridjax.studies.evidence import Evidence

_JITTER = 0.12
BAND = "#e3e3e3"
PUBLISHED = "#cc79a7"
"""Colour of published numbers."""


def arms(
    axes: Axes,
    groups: Sequence[tuple[float, pd.DataFrame]],
    column: str,
    colour: str,
    marker: str = "o",
    factor: float = 1.0,
    width: float = 1.0,
    label: str | None = None,
    is_of_competent: bool = False,
    is_hollow: bool = False,
) -> None:
    """Draw each arm: its networks as small dots, their mean, and its 95 % interval over seeds.

    Args:
        axes: the axes to draw on.
        groups: for each arm, its position along x and its rows; one row for each network.
        column: the column along y; rows in which it is not finite are omitted.
        colour, marker: colour and marker of the dots and the mean.
        factor: number by which the column is multiplied (100 for percent).
        width: the distance between neighbouring positions.
        label: the text of the legend.
        is_of_competent: whether the mean and its interval are those of the competent networks. The
            other networks are then hollow dots.
        is_hollow: whether all dots and the mean are hollow.
    """
    for at, frame in groups:
        frame = frame[np.isfinite(frame[column])]
        values = factor * frame[column].to_numpy()
        spread = np.linspace(-_JITTER, _JITTER, len(values)) if len(values) > 1 else np.zeros(1)
        is_counted = np.ones(len(frame), bool)
        if is_of_competent:
            is_counted = frame["is_competent"].to_numpy(bool)
        filled = "none" if is_hollow else colour
        for some, face in ((is_counted, filled), (~is_counted, "none")):
            if some.any():
                look = {"mfc": face, "mew": 0 if face == colour else 0.5, "ms": 2.2, "alpha": 0.45}
                x = (at + width * spread)[some]
                axes.plot(x, values[some], marker, color=colour, zorder=2, **look)
        frame, values = frame[is_counted], values[is_counted]
        if frame.empty:
            continue
        mean = values.mean()
        _, low, high = seed_interval(values, frame["seed"].to_numpy())
        if low < high:
            ends = np.clip(
                [low, high], values.min(), values.max()
            )  # few seeds can give infinite ends
            axes.plot([at, at], ends, color=colour, lw=1.4, zorder=3)
        face, edge, thick = ("white", colour, 1.0) if is_hollow else (colour, "white", 0.6)
        look = {"mfc": face, "mec": edge, "mew": thick, "ms": 5, "zorder": 4}
        axes.plot([at], [mean], marker, color=colour, label=label, **look)
        label = None  # once in the legend


def arms_by_code(
    panels: Sequence[Axes],
    measures: Sequence[tuple[str, float, str]],
    rows: pd.DataFrame,
    names: Sequence[str],
    codes: Mapping[str, str],
    of_competent: Sequence[str] = (),
) -> None:
    """Draw each arm in one panel for each measure, the target codes side by side.

    The first panel gets the numbers of networks, and a label of each code for a legend.

    Args:
        panels: axes, one for each measure; the arms are at x = 0, 1, ...
        measures: column, factor and label of the y axis of each panel.
        rows: networks with the columns ``arm`` and ``place_field_values``.
        names: the arms in their order on x.
        codes: the target codes from left to right, and their names in the legend.
        of_competent: columns whose means are those of the competent networks.
    """
    shifts = 0.3 * (np.arange(len(codes)) - (len(codes) - 1) / 2)
    for (code, text), shift in zip(codes.items(), shifts, strict=True):
        of_code = rows[rows["place_field_values"] == code]
        groups = [(at + shift, of_code[of_code["arm"] == arm]) for at, arm in enumerate(names)]
        colour = plotting.colour(code)
        for axes, (column, factor, _) in zip(panels, measures, strict=True):
            is_of_competent = column in of_competent
            arms(axes, groups, column, colour, "o", factor, 0.6, None, is_of_competent)
        if len(of_code):
            panels[0].plot([], [], "o", color=colour, label=text)
        counts(panels[0], groups)
    for axes, (_, _, label) in zip(panels, measures, strict=True):
        axes.set_ylabel(label)


def counts(axes: Axes, groups: Sequence[tuple[float, pd.DataFrame]]) -> None:
    """Write the number of networks of each arm along the top; ``groups`` as for ``arms``."""
    for at, frame in groups:
        if frame.empty:
            continue
        axes.annotate(
            f"{len(frame)}",
            (at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=plotting.SMALL,
            color=plotting.GREY,
        )


def null_band(axes: Axes, low: float, high: float, text: str = "") -> None:
    """Draw the range of the null as a band from ``low`` to ``high`` across the panel."""
    axes.axhspan(low, high, color=BAND, zorder=0, lw=0, label=text or None)


def null_share(axes: Axes, n_units: int, n_readouts: int) -> None:
    """Draw the range of a network's share of grid units by chance, in percent.

    Args:
        axes: the axes to draw on.
        n_units: number of units of the network; they are treated as independent.
        n_readouts: number of random readouts of the null (``Evidence.n_readouts``). The band is the
            central 95 % of the distribution `gridjax.metrics.count_above`.
    """
    count = count_above(n_units, n_readouts, NULL_PERCENTILE)
    low, high = (100 / n_units * float(count.ppf(q)) for q in (0.025, 0.975))
    null_band(axes, low, high, f"null: 95 % of networks of {n_units} units")


def published(axes: Axes, x: Any, y: Any, text: str = "published", marker: str = "x") -> None:
    """Mark published numbers at positions x and y; ``text`` is their name in the legend."""
    axes.plot(x, y, marker, color=PUBLISHED, ms=5, mew=1.4, ls="none", zorder=5, label=text)


def volumes(evidence: Evidence) -> FigureResult:
    """Draw the classes of units and the best maps of the networks of ``evidence`` in a cube."""
    from gridjax.report.figures import volumes
    from gridjax.report.run_data import read_run_data

    networks = read_run_data(evidence.run).only(set(evidence.networks["run_id"]))
    return volumes.draw(networks.of_dimensions(3), evidence.run)


def best_maps(evidence: Evidence, arms: Mapping[str, pd.DataFrame], name: str) -> FigureResult:
    """Draw the best map of each of the competent networks with the best maps of each arm.

    A score without its map does not show a lattice; this is the picture beside the numbers.

    Args:
        evidence: the networks of a study.
        arms: the rows of each arm, by its name; an arm without competent networks or without maps
            is left out.
        name: name of the files of the figure.

    Returns the figure, or the reason why there is none.
    """
    from gridjax.studies import best_maps

    return best_maps.draw(evidence, arms, name)
