"""Figure: the wavelength that a target code selects, in theory and in a drawn layout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.io.numbers import number
from gridjax.metrics.spectral.box_modes import box_modes
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.plotting import COLOUR_MAP, Drawn
from gridjax.theory.prediction import N_STEPS, DrawnLayout, Theory, expected_power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "The wavelength a target code selects"
NAMES = {"difference_of_gaussians": "DoS", "gaussian": "Gaussian"}
PER_ROW = 8
_FEWEST_CYCLES = 5.0
_FIRST_CYCLE = 1.0
_SIDE, _GAP, _LEFT = 0.72, 0.06, 0.92  # inches
_ROW, _BELOW = 1.16, 0.0
_SPECTRUM = 3.1
_LABELS = {"fontsize": plotting.SMALL, "ha": "center", "va": "top"}


def draw(theory: Theory, drawn: DrawnLayout | None, name: str) -> Drawn:
    """Draw the spectra, the modes of the box, and, of a layout drawn, patterns grown on it."""
    patterns = 2 * _ROW + _BELOW if drawn is not None else 0.0
    height = _SPECTRUM + patterns
    figure = plotting.new_figure(height, layout=None)
    top, bottom = 1.0, 0.45
    size = (
        _LEFT - 0.3,
        patterns + bottom,
        plotting.WIDTH_IN - _LEFT + 0.2,
        _SPECTRUM - top - bottom,
    )
    axes = figure.add_axes(_share(size, height))
    _spectra(figure, axes, theory, drawn)
    if drawn is not None:
        side_cm = 100 * theory.box_width_m
        rows = {"linear": drawn.linear, "rates\nnever below 0": drawn.nonnegative}
        for row, (title, maps) in enumerate(rows.items()):
            edge = patterns - row * _ROW - _SIDE - 0.05
            figure.text(
                0.05 / plotting.WIDTH_IN,
                (edge + _SIDE / 2) / height,
                title,
                fontsize=plotting.SMALL,
                weight="bold",
                va="center",
            )
            figure.text(
                (_LEFT - 0.1) / plotting.WIDTH_IN,
                (edge - 0.03) / height,
                "score60\nperiod",
                linespacing=1.1,
                fontsize=plotting.SMALL,
                ha="right",
                va="top",
                color=plotting.GREY,
            )
            _patterns(figure, maps, side_cm, edge, height)
    return Drawn(name, TITLE, figure, _caption(theory, drawn), _alt(theory))


def typical(scores: Float[np.ndarray, " unit"]) -> list[int]:
    """Return units at even steps of the order of scores, best first: not the best alone."""
    order = np.argsort(-scores, kind="stable")
    places = np.linspace(0, len(order) - 1, min(PER_ROW, len(order))).round().astype(int)
    return [int(unit) for unit in order[places]]


def _spectra(figure: Figure, axes: Axes, theory: Theory, drawn: DrawnLayout | None) -> None:
    colour = plotting.colour(theory.code)
    n_star = theory.cycles_per_box
    decay = theory.box_width_m / (2 * math.pi * theory.sigma_m)  # where the centre's power is 1/e
    most = max(_FEWEST_CYCLES, 2.2 * n_star if theory.code != "gaussian" else 2.2 * decay)
    cycles = np.linspace(0, most, 1001)
    expected = expected_power(theory, cycles)
    # at k* itself: a box far from its scale may show none of the curve
    largest = 1.0 if theory.code == "gaussian" else float(expected_power(theory, n_star))
    axes.plot(cycles, expected / largest, color="black", label="theory, no walls, no disorder")
    if drawn is not None:
        shown = drawn.cycles <= most
        # Below one cycle the removed mean, above it the code: compared where theory can be.
        counted = shown & (drawn.cycles >= _FIRST_CYCLE)
        at = int(np.argmax(np.where(counted, drawn.power, -np.inf)))
        reference = float(np.interp(drawn.cycles[at], cycles, expected / largest))
        if theory.code != "gaussian":
            reference = 1.0
        label = f"layout of {drawn.spec.Np} cells, mean of cells"
        scaled = drawn.power[shown] / drawn.power[at] * reference
        axes.plot(drawn.cycles[shown], scaled, color=colour, ls=(0, (4, 1.2)), label=label)
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
    title = f"{NAMES[theory.code]}, σ {100 * theory.sigma_m:.3g} cm"
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


def _modes(axes: Axes, theory: Theory, most: float) -> None:
    """Mark the lengths of the box's modes below the curves, near-hexagonal triads by hexagons."""
    if most <= 16:
        lengths = sorted({mode.length for mode in box_modes(most, theory.dimensions)})
        axes.plot(lengths, np.full(len(lengths), -0.09), "|", ms=7, color="black", mew=0.8,
                  label="modes of the box")  # fmt: skip
    lengths = [triad.length for triad in theory.triads if triad.length <= most]
    if lengths and theory.code != "gaussian":
        axes.plot(lengths, np.full(len(lengths), -0.09), "h", ms=6, mfc="none", mew=1,
                  color=plotting.colour(theory.code), label="near-hexagonal triads")  # fmt: skip


def _wavelengths(axes: Axes, theory: Theory, most: float) -> None:
    upper = axes.secondary_xaxis("top", functions=(lambda n: n, lambda n: n))
    side_cm = 100 * theory.box_width_m
    steps = [step * 10.0**power for power in range(-3, 9) for step in (1, 1.5, 2, 3, 4, 5, 7)]
    shown = [cm for cm in steps if 0.12 * most < side_cm / cm <= most]
    upper.set_xticks([side_cm / cm for cm in shown], [f"{cm:g}" for cm in shown])
    upper.set_xlabel("wavelength 2π / k (cm)", fontsize=plotting.SMALL)


def _patterns(
    figure: Figure,
    maps: Float[np.ndarray, "unit n n"],
    side_cm: float,
    bottom: float,
    height: float,
) -> None:
    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.lattice.lattice import lattice

    scores = np.asarray(grid_score(maps).score_60)
    periods = np.asarray(lattice(maps, side_cm / 100).period_cm)
    for place, unit in enumerate(typical(scores)):
        left = _LEFT + place * (_SIDE + _GAP)
        axes = figure.add_axes(_share((left, bottom, _SIDE, _SIDE), height))
        rates = maps[unit]
        limits: dict[str, Any] = {"vmin": 0.0, "vmax": rates.max()}
        if rates.min() < 0:
            limits = {"vmin": -np.abs(rates).max(), "vmax": np.abs(rates).max()}
        axes.imshow(rates.T, origin="lower", cmap=COLOUR_MAP, interpolation="nearest", **limits)
        axes.set_axis_off()
        period = periods[unit]
        text = f"{number(float(scores[unit]))}\n" + (
            f"{period:.0f} cm" if np.isfinite(period) else "no lattice"
        )
        axes.text(0.5, -0.04, text, transform=axes.transAxes, linespacing=1.1, **_LABELS)


def _share(
    inches: tuple[float, float, float, float], height: float
) -> tuple[float, float, float, float]:
    left, bottom, width, tall = inches
    wide = plotting.WIDTH_IN
    return left / wide, bottom / height, width / wide, tall / height


def _caption(theory: Theory, drawn: DrawnLayout | None) -> str:
    text = (
        f"Power of a wave of the code, theory's largest 1. Grey: fewer than {ENOUGH_CYCLES}"
        " wavelengths in the box. Ticks: modes of a box that wraps around; hexagons: triads of"
        " modes that sum to zero, within 12 % of one length, the two nearest k*."
    )
    if drawn is None:
        return text
    return text + (
        " Dashed: mean over cells and directions of the cells' power over the box, their largest"
        " from one cycle on set to theory's."
        f" Below: patterns grown from noise for {N_STEPS} steps on the correlation of places under"
        f" the code of that layout (seed {drawn.spec.seed}), {len(drawn.linear)} units, at even"
        " steps from the best score60 to the worst; under each its score60 and the period of its"
        " lattice. No network is trained."
    )


def _alt(theory: Theory) -> str:
    if math.isnan(theory.cycles_per_box):
        return "Power spectrum of Gaussian place cells: falling from the longest wave on."
    return f"Power spectrum of DoS place cells, largest at {theory.cycles_per_box:.2f} cycles."
