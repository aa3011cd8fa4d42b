"""Figure: lattice period against the width of the place fields, beside theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.metrics.lattice import plane_waves
from gridjax.metrics.spectral.turing import dos_wavenumber, hexagonal_period
from gridjax.plotting import Drawn
from gridjax.report.run_data import Member, Reported, codes_of, label, only, reads_width
from gridjax.run.evaluation.evaluation import NULL_PERCENTILE
from gridjax.theory.wavenumber import expected_wavenumber, surround_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "periods", "Lattice period against place-field width"
ENOUGH_PERIODS = 2.5
"""Periods a box must hold before anybody should believe a lattice in it."""
MOST_TICKS = 8
MOST_BARS = 10
_COLUMNS = 2
_DOS = "difference_of_gaussians"
_LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))


def draw(data: Reported) -> Drawn:
    """Draw one panel for each target code that has a width: one dot a unit above its null."""
    codes = [code for code in codes_of(data.finished) if reads_width(code)]
    if not codes:
        reason = "No finished network has a target code with a width, so there is none to plot."
        return Drawn(NAME, TITLE, None, reason)
    columns = min(len(codes), _COLUMNS)
    n_rows = -(-len(codes) // columns)
    figure = plotting.new_figure(0.8 + 2.6 * n_rows)
    panels = figure.subplots(n_rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[len(codes) :]:
        axes.remove()
    shown = [member for member in data.finished if member.code in codes]
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
    found = {}
    for axes in panels[: len(codes)]:
        handles, labels = axes.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=3)
    return Drawn(NAME, TITLE, figure, _caption(data, codes, side_m), _alt(data, codes))


def periods_above_null(member: Member) -> np.ndarray:
    """Return the periods (cm) of the units above the network's null that have one."""
    periods = member.period_cm[member.is_above_null]
    return periods[np.isfinite(periods)]


def _units(axes: Axes, members: list[Member], gap: float) -> None:
    """Draw every unit in a column of its network, the columns of a width side by side."""
    n_above = sum(int(member.is_above_null.sum()) for member in members)
    with_period = [member for member in members if len(periods_above_null(member))]
    if not with_period:
        text = f"none of {n_above} units\nhas a measurable period" if n_above else "none"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=10)
        return
    random = np.random.default_rng(0)
    places, periods = [], []
    bars: list[tuple[float, float]] = []
    for width in sorted({member.width_cm for member in with_period}):
        group = [member for member in with_period if member.width_cm == width]
        column = 0.6 * gap / len(group)
        for rank, member in enumerate(group):
            own = periods_above_null(member)
            centre = width + column * (rank + 0.5 - len(group) / 2)
            places.append(centre + column * random.uniform(-0.2, 0.2, len(own)))
            periods.append(own)
            bars.append((centre, float(np.median(own))))
        if len(group) > MOST_BARS:
            median = float(np.median([height for _, height in bars[-len(group) :]]))
            bars[-len(group) :] = [(width, median)]
    heights = np.concatenate(periods)
    axes.scatter(
        np.concatenate(places),
        heights,
        s=9,
        color=plotting.colour(members[0].code),
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


def _theory(axes: Axes, members: list[Member], gap: float) -> None:
    widths = [member.width_cm for member in members]
    ends = np.array([max(min(widths) - gap / 2, 1e-3), max(widths) + gap / 2])
    specs = [member.spec for member in members]
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
        label=f"fewer than {ENOUGH_PERIODS} periods in the box",
    )
    axes.axhline(
        100 * side_m * plane_waves.LONGEST,
        color=plotting.GREY,
        lw=0.8,
        ls=":",
        label="longest period looked for",
    )


def _scales(axes: Axes, members: list[Member], side_m: float | None) -> None:
    widths = sorted({member.width_cm for member in members})
    gap = _least_gap(members)
    axes.set_xlim(widths[0] - 0.6 * gap, widths[-1] + 0.6 * gap)
    if len(widths) <= MOST_TICKS:
        axes.set_xticks(widths, [f"{width:.4g}" for width in widths])
    periods = np.concatenate([periods_above_null(member) for member in members])
    highest = max([1.0 if side_m is None else 100 * side_m, *periods])
    axes.set_ylim(0, 1.02 * highest)


def _least_gap(members: list[Member]) -> float:
    """Return the least distance of two widths, cm; a fifth of the width where there is one."""
    widths = sorted({member.width_cm for member in members})
    return float(np.diff(widths).min()) if len(widths) > 1 else widths[0] / 5


def _caption(data: Reported, codes: list[str], side_m: float | None) -> str:
    numbers = []
    for code in codes:
        members = data.of(code)
        n_units = sum(len(member.unit) for member in members)
        n_above = sum(int(member.is_above_null.sum()) for member in members)
        n_periods = sum(len(periods_above_null(member)) for member in members)
        numbers.append(
            f"{label(code)}: {n_above:,} of {n_units:,} units above their null,"
            f" {n_periods:,} of them with a period"
        )
    text = (
        "One dot a unit whose score60 lies above the"
        f" {NULL_PERCENTILE}th percentile of its own network's random readouts (1 % of random"
        " readouts do too) and whose map has a significant hexagonal lattice; bars: medians of"
        " single networks, side by side within a width, or where there are more than"
        f" {MOST_BARS} of a width, the median of their medians. Line: the period at which DoS"
        " targets have most power, a = 4π / (√3 k*), k*² = 4 ln s / ((s² − 1) σ²), with s the"
        " surround's width over the centre's (standard deviations); no parameter is fitted."
        f" {'; '.join(numbers)}."
    )
    if side_m is None:
        return text + " Boxes differ in size, so their limits are not drawn."
    return text + (
        f" Grey: fewer than {ENOUGH_PERIODS} periods fit into the box of {side_m:g} m, too few"
        " for anybody to tell a lattice from a blob with neighbours. Dotted: longest period"
        f" looked for, {plane_waves.LONGEST:g} of the box; longer ones are found rarely or read"
        " low."
    )


def _alt(data: Reported, codes: list[str]) -> str:
    parts = []
    for code in codes:
        periods = np.concatenate([periods_above_null(member) for member in data.of(code)])
        found = f"median {np.median(periods):.0f} cm" if len(periods) else "no unit"
        parts.append(f"{label(code)} {found}")
    return f"Lattice periods by place-field width; {', '.join(parts)}."
