"""Output of gridjax theory: lines of text, and a figure in files."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import flaw, shown
from gridjax.metrics.spectral.box_modes import Mode
from gridjax.metrics.spectral.turing import ENOUGH_CYCLES
from gridjax.spec.network import NetworkSpec
from gridjax.theory.prediction import Prediction

LATTICES = {1: "row of fields", 2: "hexagonal lattice", 3: "cubic lattice (bcc or fcc)"}


def lines(theory: Prediction) -> list[str]:
    """Return the prediction as lines of text."""
    box = f"box {theory.box_width_m:g} m, {theory.dimensions}-D"
    if theory.code == "gaussian":
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
    """Raise GridjaxError unless the figure can be written.

    Refused are names without .png, folders that do not exist or are read-only, and, unless
    ``force``, files that exist.
    """
    name = shown(str(out))
    svg = out.with_suffix(".svg") if out.name else out
    if out.suffix != ".png" or flaw(str(out)):
        raise _refused(f"--out {name} is no .png file", "give a name such as theory.png")
    try:
        if not out.parent.is_dir():
            raise _refused(f"--out {name}: its folder does not exist", "make the folder first")
        with TemporaryFile(dir=out.parent):  # raises OSError where no file can be made
            pass
        existing = [file for file in (out, svg) if file.is_dir() or (file.exists() and not force)]
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        fix = "choose a folder that you may write to"
        raise _refused(f"--out {name} cannot be written: {reason}", fix) from None
    if existing:
        names = ", ".join(map(str, existing))
        fix = "choose another name, or --force to overwrite existing files"
        raise _refused(f"--out {name} would overwrite {names}", fix)


def write_figure(theory: Prediction, spec: NetworkSpec, out: Path) -> None:
    """Draw spectra, and in two dimensions patterns; write them as PNG and SVG.

    Raises GridjaxError where the files cannot be written.
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
