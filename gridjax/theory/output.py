"""Theory of a target code as lines of text, and as a figure in files."""

from __future__ import annotations

from pathlib import Path

from gridjax.errors import GridjaxError, Problem
from gridjax.io.output_paths import output_files
from gridjax.io.text import shown
from gridjax.metrics.spectral.box_modes import Mode
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.spec.network import NetworkSpec
from gridjax.theory.prediction import Theory

LATTICES = {1: "row of fields", 2: "hexagonal lattice", 3: "cubic lattice (bcc or fcc)"}


def lines(theory: Theory) -> list[str]:
    """Return what theory expects, line by line."""
    box = f"box {theory.box_width_m:g} m, {theory.dimensions}-D"
    if theory.code == "gaussian":
        return [
            f"Gaussian, σ {_cm(theory.sigma_m)}; {box}",
            "k*            none: power falls from the longest wave on",
            f"lattice       none: the box's lowest mode wins, {_modes(theory.modes[:1])}",
        ]
    told = [
        f"Difference of Softmaxes, σ {_cm(theory.sigma_m)},"
        f" s {theory.ratio:.4g} (of standard deviations); {box}",
        f"k*            {theory.wavenumber_rad_m:.4g} rad/m, wavelength"
        f" {_cm(theory.wavelength_m)}, {theory.cycles_per_box:.3g} cycles a box side",
        f"period        {_cm(theory.period_m)} in a {LATTICES[theory.dimensions]},"
        f" {theory.periods_per_box:.3g} a box side",
    ]
    if theory.modes:
        told.append(f"box modes     nearest: {_modes(theory.modes)}")
    if theory.triads:
        triads = " or ".join(
            f"{triad.length:.2f} (within {100 * triad.spread:.0f} %)" for triad in theory.triads
        )
        told.append(f"hexagons      near-regular triads of modes nearest: {triads} cycles")
    if theory.fits:
        told.append(f"fits          yes: at least {ENOUGH_CYCLES} wavelengths of k* in the box")
    else:
        told.append(
            f"fits          NO: fewer than {ENOUGH_CYCLES} wavelengths of k* in the box, no"
            " lattice that anyone should believe"
        )
    return told


def check_figure(out: Path, force: bool) -> None:
    """Raise GridjaxError unless the figure can be written, as PNG and SVG."""
    output_files(out, (".png", ".svg"), force, "theory.png")


def write_figure(theory: Theory, spec: NetworkSpec, out: Path) -> None:
    """Draw the spectrum of theory and of the layout drawn, and patterns; as PNG and SVG."""
    from gridjax import plotting
    from gridjax.theory import figure
    from gridjax.theory.prediction import draw_layout

    drawn = draw_layout(spec) if theory.dimensions == 2 else None
    try:
        with plotting.styled():
            plotting.save(figure.draw(theory, drawn, out.stem), out.parent)
    except OSError as error:
        message = f"--out {shown(str(out))} cannot be written: {error.strerror or error}"
        raise _refused(message, "choose a place where you may write") from None


def _modes(modes: tuple[Mode, ...]) -> str:
    return ", ".join(
        f"({', '.join(f'{n:g}' for n in mode.n)}) of {mode.length:.3g}" for mode in modes
    )


def _cm(metres: float) -> str:
    cm = 100 * metres
    return f"{cm:.1f} cm" if 1 <= cm < 1e6 else f"{cm:.3g} cm"


def _refused(message: str, fix: str) -> GridjaxError:
    return GridjaxError(Problem(message, fix=fix))
