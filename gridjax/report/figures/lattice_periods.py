"""Figure of the lattice period against the width of the place fields, compared with theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.metrics.lattice import plane_waves
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES, dos_wavenumber, hexagonal_period
from gridjax.plotting import FigureResult
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, label, only, reads_width
from gridjax.run.evaluation.evaluation import NULL_PERCENTILE
from gridjax.theory.wavenumber import expected_wavenumber, surround_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "periods", "Lattice period against place-field width"
ENOUGH_PERIODS = ENOUGH_CYCLES * np.sqrt(3) / 2
"""Smallest number of periods across the box at which a lattice can be identified.

With fewer periods, a lattice looks like one field with neighbours. It is the same limit as that of
wavelengths: the wavelength of a hexagonal lattice is √3/2 of its period.
"""
TOO_FEW = f"fewer than {ENOUGH_CYCLES} wavelengths ({ENOUGH_PERIODS:.2f} periods)"
MOST_TICKS = 8
MOST_BARS = 10
"""Largest number of networks of one width that have one bar each.

More networks have one common bar.
"""
_COLUMNS = 2
_DOS = "difference_of_gaussians"
_LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))


def draw(data: RunData) -> FigureResult:
    """Draw one panel for each target code with a width: one dot for each unit above its null."""
    codes = [code for code in codes_of(data.finished) if reads_width(code)]
    if not codes:
        reason = "No finished network has a target code with a width."
        return FigureResult(NAME, TITLE, None, reason)
    columns = min(len(codes), _COLUMNS)
    n_rows = -(-len(codes) // columns)
    figure = plotting.new_figure(0.8 + 2.6 * n_rows)
    panels = figure.subplots(n_rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[len(codes) :]:
        axes.remove()
    shown = [record for record in data.finished if record.code in codes]
    side_m = only(shown, "box_width_in_m")
    gap = _least_gap(shown)
    for axes, code in zip(panels, codes, strict=False):
        axes.set_title(label(code), color=plotting.colour(code))
        _limits(axes, side_m)
        if code == _DOS:
            _theory(axes, data.of(code), gap)
        _units(axes, data.of(code), gap)
        axes.set_xlabel("width σ of the place fields (cm)")
    for axes in panels[: len(codes) : columns]:
        axes.set_ylabel("period (cm)")
    _scales(panels[0], shown, side_m)
    entries = {}
    for axes in panels[: len(codes)]:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)
    return FigureResult(NAME, TITLE, figure, _caption(data, codes, side_m), _alt(data, codes))


def periods_above_null(record: NetworkRecord) -> np.ndarray:
    """Return the lattice periods (cm) of the units above the network's null; no NaN."""
    periods = record.period_cm[record.is_above_null]
    return periods[np.isfinite(periods)]


def _units(axes: Axes, records: list[NetworkRecord], gap: float) -> None:
    """Draw the units of each network as one column; columns of equal width are side by side."""
    n_above = sum(int(record.is_above_null.sum()) for record in records)
    with_period = [record for record in records if len(periods_above_null(record))]
    if not with_period:
        units = plotting.counted(n_above, "unit")
        text = f"no period in\n{units} above the null" if n_above else "no unit\nabove its null"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=10)
        return
    random = np.random.default_rng(0)
    places, periods = [], []
    bars: list[tuple[float, float]] = []
    for width in sorted({record.width_cm for record in with_period}):
        group = [record for record in with_period if record.width_cm == width]
        column = 0.6 * gap / len(group)
        for rank, record in enumerate(group):
            of_network = periods_above_null(record)
            centre = width + column * (rank + 0.5 - len(group) / 2)
            places.append(centre + column * random.uniform(-0.2, 0.2, len(of_network)))
            periods.append(of_network)
            bars.append((centre, float(np.median(of_network))))
        if len(group) > MOST_BARS:
            median = float(np.median([height for _, height in bars[-len(group) :]]))
            bars[-len(group) :] = [(width, median)]
    heights = np.concatenate(periods)
    axes.scatter(
        np.concatenate(places),
        heights,
        s=9,
        color=plotting.colour(records[0].code),
        alpha=0.5,
        linewidths=0,
        rasterized=len(heights) > plotting.MANY,
        label="one unit above its null",
        zorder=2,
    )
    axes.scatter(
        *zip(*bars, strict=True),
        s=90,
        marker="_",
        color="black",
        linewidths=1.4,
        label="median",
        zorder=3,
    )


def _theory(axes: Axes, records: list[NetworkRecord], gap: float) -> None:
    widths = [record.width_cm for record in records]
    ends = np.array([max(min(widths) - gap / 2, 1e-3), max(widths) + gap / 2])
    specs = [record.spec for record in records]
    ratios = sorted(
        {surround_ratio(spec) for spec in specs if expected_wavenumber(spec) is not None}
    )
    if not ratios:
        return
    chosen = np.linspace(0, len(ratios) - 1, min(len(ratios), len(_LINES))).round().astype(int)
    for index, line in zip(chosen, _LINES, strict=False):
        ratio = ratios[index]
        periods = [100 * hexagonal_period(dos_wavenumber(end / 100, ratio)) for end in ends]
        text = f"theory, s = {ratio:.3g}"
        axes.plot(ends, periods, color="black", lw=1, ls=line, label=text, zorder=1)


def _limits(axes: Axes, side_m: float | None) -> None:
    if side_m is None:
        return
    axes.axhspan(
        100 * side_m / ENOUGH_PERIODS,
        1e4,
        color="#f0f0f0",
        lw=0,
        zorder=0,
        label=f"{TOO_FEW} in the box",
    )
    axes.axhline(
        100 * side_m * plane_waves.LONGEST,
        color=plotting.GREY,
        lw=0.8,
        ls=":",
        label="longest period that is searched",
    )


def _scales(axes: Axes, records: list[NetworkRecord], side_m: float | None) -> None:
    widths = sorted({record.width_cm for record in records})
    gap = _least_gap(records)
    axes.set_xlim(widths[0] - 0.6 * gap, widths[-1] + 0.6 * gap)
    if len(widths) <= MOST_TICKS:
        axes.set_xticks(widths, [f"{width:.4g}" for width in widths])
    periods = np.concatenate([periods_above_null(record) for record in records])
    highest = max([1.0 if side_m is None else 100 * side_m, *periods])
    axes.set_ylim(0, 1.02 * highest)


def _least_gap(records: list[NetworkRecord]) -> float:
    """Return the smallest difference between two widths, cm; a fifth of the width if only one."""
    widths = sorted({record.width_cm for record in records})
    return float(np.diff(widths).min()) if len(widths) > 1 else widths[0] / 5


def _caption(data: RunData, codes: list[str], side_m: float | None) -> str:
    numbers = []
    for code in codes:
        records = data.of(code)
        n_units = sum(len(record.unit) for record in records)
        n_above = sum(int(record.is_above_null.sum()) for record in records)
        n_periods = sum(len(periods_above_null(record)) for record in records)
        numbers.append(
            f"{label(code)}: {n_above:,} of {n_units:,} units above their null,"
            f" {n_periods:,} of them with a period"
        )
    text = (
        "Each dot is a unit whose score60 lies above the"
        f" {NULL_PERCENTILE}th percentile of its own network's random readouts (1 % of the random"
        " readouts do too) and whose map has a significant hexagonal lattice. Bars: median of each"
        " network, side by side within a width; for more than"
        f" {MOST_BARS} networks of a width the median of their medians. Line: the period of the"
        " wave in which DoS targets have most power, a = 4π / (√3 k*), k*² = 4 ln s / ((s² − 1)"
        " σ²), where s is the surround's width over the centre's (standard deviations); no"
        " parameter is fitted."
        f" {'; '.join(numbers)}."
    )
    if side_m is None:
        return text + " The limits of boxes are not drawn, because boxes differ in size."
    return text + (
        f" Grey: {TOO_FEW} fit into the box of {side_m:g} m, too few to"
        " distinguish a lattice from one field with neighbours. Dotted: the longest period that is"
        f" searched, {plane_waves.LONGEST:g} of the box; longer ones are rarely found, or measured"
        " too short."
    )


def _alt(data: RunData, codes: list[str]) -> str:
    parts = []
    for code in codes:
        periods = np.concatenate([periods_above_null(record) for record in data.of(code)])
        median = f"median {np.median(periods):.0f} cm" if len(periods) else "no unit"
        parts.append(f"{label(code)} {median}")
    return f"Lattice periods by place-field width; {', '.join(parts)}."
