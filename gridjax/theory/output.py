"""Output of gridjax theory: lines of text, and a figure in files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.output_paths import output_files
from gridjax.io.text import shown
from gridjax.metrics.spectral.amplitude_equations import preferred_lattices
from gridjax.metrics.spectral.box_modes import Mode
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.theory.layout_patterns import LayoutPatterns
from gridjax.theory.pattern_lattices import PatternLattices, pattern_lattices
from gridjax.theory.prediction import Prediction

LATTICES = {1: "row of fields", 2: "hexagonal lattice", 3: "cubic lattice (bcc or fcc)"}
DYNAMICS = ("linear", "nonnegative")
"""Names of the dynamics without and with a lower limit of 0 on rates."""


def lines(theory: Prediction, gains: dict[str, float] | None = None) -> list[str]:
    """Return the prediction as lines of text.

    Args:
        gains: gain of each lattice of a volume (``lattice_gains``), which are added.
    """
    box = f"box {theory.box_width_m:g} m, {theory.dimensions}-D"
    if not theory.has_peak:
        return [
            f"Gaussian, σ {_cm(theory.sigma_m)}; {box}",
            "k*            none: power falls from the longest wave on",
            f"lattice       none: the longest mode of the box wins, {_modes(theory.modes[:1])}",
        ]
    text = [
        f"Difference of Softmaxes, σ {_cm(theory.sigma_m)},"
        f" s {theory.ratio:.4g} (standard deviations); {box}",
        f"k*            {theory.wavenumber_rad_m:.4g} rad/m, wavelength"
        f" {_cm(theory.wavelength_m)}, {theory.cycles_per_box:.3g} cycles along the box",
        f"period        {_cm(theory.period_m)} in a {LATTICES[theory.dimensions]},"
        f" {theory.periods_per_box:.3g} along the box",
    ]
    if theory.modes:
        text.append(f"box modes     nearest: {_modes(theory.modes)}")
    if gains:
        text.append(f"onset         by growth rate / (quadratic coefficient)^2: {_onset()}")
        text.append(f"gains         of lattices with rates of at least 0: {_gains(gains)}")
    if theory.triads:
        triads = " or ".join(
            f"{triad.length:.2f} (within {100 * triad.spread:.0f} %)" for triad in theory.triads
        )
        text.append(f"hexagons      nearest near-hexagonal triads of modes: {triads} cycles")
    if theory.fits:
        text.append(f"fits          yes: at least {ENOUGH_CYCLES} wavelengths of k* in the box")
    else:
        text.append(
            f"fits          NO: fewer than {ENOUGH_CYCLES} wavelengths of k* in the box, too few"
            " for evidence of a lattice"
        )
    return text


def check_figure(out: Path, force: bool) -> None:
    """Raise GridjaxError unless the figure can be written as PNG and SVG files."""
    output_files(out, (".png", ".svg"), force, "theory.png")


def grown_lattices(layout: LayoutPatterns) -> tuple[PatternLattices, PatternLattices]:
    """Return the lattices of the linear and of the non-negative patterns of a layout."""
    width_m = layout.spec.box_width_in_m
    linear, nonnegative = (
        pattern_lattices(maps, width_m) for maps in (layout.linear, layout.nonnegative)
    )
    return linear, nonnegative


def pattern_lines(lattices: Sequence[PatternLattices]) -> list[str]:
    """Return the shares of lattices among grown patterns as lines of text, one for each dynamics.

    Args:
        lattices: lattices of the linear and of the non-negative patterns.
    """
    return [_counts(name, found) for name, found in zip(DYNAMICS, lattices, strict=True)]


def patterns_to_dict(lattices: Sequence[PatternLattices]) -> dict[str, Any]:
    """Return the lattices of grown patterns as JSON values, by dynamics."""
    return {name: found.to_dict() for name, found in zip(DYNAMICS, lattices, strict=True)}


def write_figure(
    theory: Prediction,
    layout: LayoutPatterns,
    lattices: Sequence[PatternLattices],
    out: Path,
) -> None:
    """Write the figure of spectra and patterns as PNG and SVG.

    Raises GridjaxError if the files cannot be written.
    """
    from gridjax import plotting
    from gridjax.theory import figure

    try:
        with plotting.styled():
            plotting.save(figure.draw(theory, layout, out.stem, lattices), out.parent)
    except OSError as error:
        message = f"--out {shown(str(out))} cannot be written: {error.strerror or error}"
        raise _refused(message, "choose a folder that you may write to") from None


def _counts(name: str, found: PatternLattices) -> str:
    n = len(found.lattice)
    counts = ", ".join(
        f"{lattice} {count} of {n}{_median_period(found, lattice)}"
        for lattice, count in found.counts().items()
    )
    return f"{name:<14}{counts}"


def _median_period(found: PatternLattices, lattice: str) -> str:
    periods = found.period_m[found.lattice == lattice]
    return f" (period {_cm(float(np.median(periods)))})" if np.isfinite(periods).all() else ""


def _gains(gains: dict[str, float]) -> str:
    ordered = sorted(gains, key=gains.__getitem__, reverse=True)
    return ", ".join(f"{name} {gains[name]:.3f}" for name in ordered)


def _onset() -> str:
    """Return the order of lattices by amplitude equations."""
    names = [
        f"{name} up to {limit:.2g}" if math.isfinite(limit) else f"then {name}"
        for name, limit in preferred_lattices()
    ]
    return ", ".join(names)


def _modes(modes: tuple[Mode, ...]) -> str:
    return ", ".join(
        f"({', '.join(f'{n:g}' for n in mode.n)}) of {mode.length:.3g}" for mode in modes
    )


def _cm(metres: float) -> str:
    cm = 100 * metres
    return f"{cm:.1f} cm" if 1 <= cm < 1e6 else f"{cm:.3g} cm"


def _refused(message: str, fix: str) -> GridjaxError:
    return GridjaxError(Problem(message, fix=fix))
