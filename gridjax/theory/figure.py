"""Figure of the wavelength that a target code selects, from theory and for one layout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.metrics.spectral.box_modes import box_modes
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.plotting import FigureResult
from gridjax.spec.registry import ENCODINGS
from gridjax.theory import pattern_panels
from gridjax.theory.growth_options import N_STEPS
from gridjax.theory.layout_patterns import LayoutPatterns
from gridjax.theory.pattern_lattices import PatternLattices, pattern_lattices
from gridjax.theory.prediction import MOST_SPREAD, Prediction, expected_power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "The wavelength a target code selects"
_FEWEST_CYCLES = 5.0
_FIRST_CYCLE = 1.0
_SPECTRUM, _GROWTH = 3.1, 0.2  # inches


def draw(
    theory: Prediction,
    layout: LayoutPatterns | None,
    name: str,
    lattices: Sequence[PatternLattices] = (),
) -> FigureResult:
    """Return the figure of spectra and box modes.

    Args:
        layout: spectrum and patterns of one layout, which are added to the figure; None for none.
        name: name of the figure's files without ending.
        lattices: lattices of the linear and of the non-negative patterns; computed if missing.
    """
    tall = 0.0 if layout is None else pattern_panels.height_in(theory.dimensions)
    below = 0.0 if layout is None else 2 * tall + _GROWTH
    figure = plotting.new_figure(_SPECTRUM + below, layout=None)
    _spectra(figure, _spectrum_axes(figure, below), theory, layout)
    if layout is not None:
        _growth(figure, layout, 2 * tall)
        side_cm = 100 * theory.box_width_m
        rows = {"linear": layout.linear, "rates\nnever below 0": layout.nonnegative}
        for row, (title, maps) in enumerate(rows.items()):
            found = lattices[row] if lattices else pattern_lattices(maps, theory.box_width_m)
            top = (2 - row) * tall
            pattern_panels.draw_patterns(figure, title, maps, found, side_cm, top)
    return FigureResult(name, TITLE, figure, _caption(theory, layout), _alt(theory))


def _spectrum_axes(figure: Figure, patterns: float) -> Axes:
    """Return the axes of the spectra above ``patterns`` inches."""
    top, bottom, left = 1.0, 0.45, 0.62
    wide, height = plotting.WIDTH_IN, _SPECTRUM + patterns
    size = (wide - 0.72, _SPECTRUM - top - bottom)
    return figure.add_axes(
        (left / wide, (patterns + bottom) / height, size[0] / wide, size[1] / height)
    )


def _spectra(figure: Figure, axes: Axes, theory: Prediction, layout: LayoutPatterns | None) -> None:
    colour = plotting.colour(theory.code)
    n_star = theory.cycles_per_box
    decay = theory.box_width_m / (2 * math.pi * theory.sigma_m)  # where the centre's power is 1/e
    most = max(_FEWEST_CYCLES, 2.2 * n_star if theory.has_peak else 2.2 * decay)
    cycles = np.linspace(0, most, 1001)
    expected = expected_power(theory, cycles)
    # The power at k* itself, because the axis of a small box may end before the curve's maximum.
    largest = float(expected_power(theory, n_star)) if theory.has_peak else 1.0
    axes.plot(cycles, expected / largest, color="black", label="theory (no walls, no disorder)")
    if layout is not None and len(layout.cycles):
        shown = layout.cycles <= most
        # Below one cycle the subtracted mean dominates, so only higher cycles set the scale.
        is_compared = shown & (layout.cycles >= _FIRST_CYCLE)
        at = int(np.argmax(np.where(is_compared, layout.power, -np.inf)))
        reference = float(np.interp(layout.cycles[at], cycles, expected / largest))
        if theory.has_peak:
            reference = 1.0
        label = f"one layout of {layout.spec.Np} cells, mean over cells"
        scaled = layout.power[shown] / layout.power[at] * reference
        axes.plot(layout.cycles[shown], scaled, color=colour, ls=(0, (4, 1.2)), label=label)
    if not math.isnan(n_star):
        text = f"k* {theory.wavenumber_rad_m:.3g} rad/m, {n_star:.2f} cycles"
        axes.axvline(n_star, color=plotting.GREY, lw=1, ls=":", label=text)
    _modes(axes, theory, most)
    few = f"fewer than {ENOUGH_CYCLES} wavelengths in the box"
    axes.axvspan(0, min(ENOUGH_CYCLES, most), color="#f0f0f0", lw=0, zorder=0, label=few)
    axes.set(xlim=(0, most), ylim=(-0.17, 1.08), yticks=[0, 0.5, 1])
    axes.set(xlabel="wavenumber n = k L / 2π (cycles along the box)", ylabel="power of a wave")
    _wavelengths(axes, theory, most)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, 1 - 0.19 / figure.get_figheight()),
        ncols=3,
        handlelength=2.0,
    )
    title = f"{ENCODINGS.info(theory.code).label}, σ {100 * theory.sigma_m:.3g} cm"
    if not math.isnan(theory.ratio):
        title += f", s {theory.ratio:.3g}"
    figure.text(
        0.05 / plotting.WIDTH_IN,
        1 - 0.05 / figure.get_figheight(),
        f"{title}, box {theory.box_width_m:g} m, {theory.dimensions}-D",
        color=plotting.colour(theory.code),
        weight="bold",
        fontsize=9,
        va="top",
    )


def _growth(figure: Figure, layout: LayoutPatterns, top: float) -> None:
    """Write below the spectra what the patterns grow on."""
    figure.text(
        0.05 / plotting.WIDTH_IN,
        (top + 0.05) / figure.get_figheight(),
        f"Patterns on {layout.growth.describe()}",
        color=plotting.GREY,
        fontsize=plotting.SMALL,
    )


def _modes(axes: Axes, theory: Prediction, most: float) -> None:
    """Mark the wavenumbers of box modes and of near-hexagonal triads below the curves."""
    if most <= 16:
        lengths = sorted({mode.length for mode in box_modes(most, theory.dimensions)})
        axes.plot(lengths, np.full(len(lengths), -0.09), "|", ms=7, color="black", mew=0.8,
                  label="modes of the box")  # fmt: skip
    lengths = [triad.length for triad in theory.triads if triad.length <= most]
    if lengths and theory.has_peak:
        axes.plot(lengths, np.full(len(lengths), -0.09), "h", ms=6, mfc="none", mew=1,
                  color=plotting.colour(theory.code), label="near-hexagonal triads")  # fmt: skip


def _wavelengths(axes: Axes, theory: Prediction, most: float) -> None:
    upper = axes.secondary_xaxis("top", functions=(lambda n: n, lambda n: n))
    side_cm = 100 * theory.box_width_m
    steps = [step * 10.0**power for power in range(-3, 9) for step in (1, 1.5, 2, 3, 4, 5, 7)]
    shown = [cm for cm in steps if 0.12 * most < side_cm / cm <= most]
    upper.set_xticks([side_cm / cm for cm in shown], [f"{cm:g}" for cm in shown])
    upper.set_xlabel("wavelength 2π / k (cm)", fontsize=plotting.SMALL)


def _caption(theory: Prediction, layout: LayoutPatterns | None) -> str:
    text = (
        "Power of one wave of the target code by its wavenumber; the maximum of theory is 1. Grey:"
        f" fewer than {ENOUGH_CYCLES} wavelengths in the box. Ticks: modes of a periodic box."
    )
    if theory.dimensions == 2:
        text += (
            " Hexagons: the two triads nearest k* whose wave vectors sum to zero and differ in"
            f" length by at most {100 * MOST_SPREAD:.0f} %."
        )
    if layout is None:
        return text
    if len(layout.cycles):
        text += (
            " Dashed: power of one layout's cells, mean over cells and directions, scaled so that"
            " its maximum above one cycle lies on the curve of theory."
        )
    count = pattern_panels.N_ROWS[theory.dimensions] * pattern_panels.PER_ROW[theory.dimensions]
    return text + (
        f" Below: patterns grown from noise in {N_STEPS} steps on the correlation between places"
        f" under the target code of {layout.growth.describe()} (seed {layout.spec.seed});"
        f" {len(layout.linear)} units, of which {count} are shown{_SHOWN[theory.dimensions]}"
        " No network is trained."
    )


_SHOWN = {
    1: ". Below each pattern: its period.",
    2: ", at equal steps from the highest score60 to the lowest. Below each pattern: its score60"
    " and the period of its lattice.",
    3: ", at equal steps from the highest correlation with an ideal lattice to the lowest. Sections"
    " xy, xz and yz through the bin of the largest rate, and the surface at one standard deviation"
    " above the mean. Below each pattern: its lattice, the distance between nearest fields (columns"
    " or planes), and the p-value of its order.",
}


def _alt(theory: Prediction) -> str:
    if math.isnan(theory.cycles_per_box):
        return "Power spectrum of Gaussian place cells; it falls from the longest wave on."
    return f"Power spectrum of DoS place cells; maximum at {theory.cycles_per_box:.2f} cycles."
