"""Output of gridjax theory: lines of text, and a figure in files."""

from __future__ import annotations

from pathlib import Path

from gridjax.errors import GridjaxError, Problem
from gridjax.io.output_paths import output_files
from gridjax.io.text import shown
from gridjax.metrics.spectral.box_modes import Mode
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.spec.network import NetworkSpec
from gridjax.theory.prediction import Prediction

LATTICES = {1: "row of fields", 2: "hexagonal lattice", 3: "cubic lattice (bcc or fcc)"}


def lines(theory: Prediction) -> list[str]:
    """Return the prediction as lines of text."""
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


def write_figure(theory: Prediction, spec: NetworkSpec, out: Path) -> None:
    """Write the figure of spectra, and of patterns in two dimensions, as PNG and SVG.

    Raises GridjaxError if the files cannot be written.
    """
    from gridjax import plotting
    from gridjax.theory import figure
    from gridjax.theory.prediction import layout_patterns

    patterns = layout_patterns(spec) if theory.dimensions == 2 else None
    try:
        with plotting.styled():
            plotting.save(figure.draw(theory, patterns, out.stem), out.parent)
    except OSError as error:
        message = f"--out {shown(str(out))} cannot be written: {error.strerror or error}"
        raise _refused(message, "choose a folder that you may write to") from None


def _modes(modes: tuple[Mode, ...]) -> str:
    return ", ".join(
        f"({', '.join(f'{n:g}' for n in mode.n)}) of {mode.length:.3g}" for mode in modes
    )


def _cm(metres: float) -> str:
    cm = 100 * metres
    return f"{cm:.1f} cm" if 1 <= cm < 1e6 else f"{cm:.3g} cm"


def _refused(message: str, fix: str) -> GridjaxError:
    return GridjaxError(Problem(message, fix=fix))
