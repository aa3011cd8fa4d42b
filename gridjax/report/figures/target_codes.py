"""Figure: the target codes: one cell's tuning, and the code's spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.errors import GridjaxError
from gridjax.metrics.spectral.standing_waves import standing_waves
from gridjax.plotting import COLOUR_MAP, Drawn
from gridjax.report.run_data import Member, Reported, label, reads_width
from gridjax.run.storage.run_reader import Run
from gridjax.spec.field_distributions import bounds
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import bin_centres, code_maps, layout_of
from gridjax.task.task import Layout
from gridjax.theory.wavenumber import expected_wavenumber

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "targets", "What the networks are asked to report"
N_GRID = 64
"""Positions a side at which codes are drawn."""
MOST_CELLS = 256
MOST_WIDTHS = 4
_LINES = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))


class Code(NamedTuple):
    """One network's target code over its box."""

    spec: NetworkSpec
    tuning: Float[np.ndarray, "cell x y"]
    centre: Float[np.ndarray, "2"]
    """metres; of the first cell, which is the one nearest the middle of the box"""

    @property
    def axis_m(self) -> Float[np.ndarray, " x"]:
        """Positions of the grid along one side, metres."""
        return bin_centres(self.spec.box_width_in_m, N_GRID)


def draw(data: Reported, run: Run) -> Drawn:
    """Draw a row for each target code: tuning map, profile, and power spectrum."""
    if not data.members:
        return Drawn(NAME, TITLE, None, "No network is finished yet.")
    found = {code: _codes(data, run, code) for code in data.codes}
    rows = {code: drawn for code, drawn in found.items() if drawn}
    lost = _lost([code for code in found if code not in rows])
    if not rows:
        return Drawn(NAME, TITLE, None, lost.strip())
    figure = plotting.new_figure(0.3 + 2.05 * len(rows))
    panels = figure.subplots(len(rows), 3, squeeze=False, width_ratios=(0.85, 1, 1.2))
    for (left, middle, right), (code, codes) in zip(panels, rows.items(), strict=True):
        _tuning(figure, left, codes[0], code)
        _profiles(middle, codes, code)
        _spectra(right, codes, code)
    furthest = max(axes.get_xlim()[1] for axes in panels[:, 2])
    for axes in panels[:, 2]:
        axes.set_xlim(0, furthest)
        _wavelengths(axes, furthest)
    panels[0, 2].set_title("wavelength (cm)", loc="center", fontsize=8, weight="normal")
    return Drawn(NAME, TITLE, figure, _caption(rows) + lost, _alt(rows))


def tuning_over_box(spec: NetworkSpec, layout: Layout) -> Code:
    """Return at most MOST_CELLS cells of a target code over the box, the most central one first."""
    n_cells = spec.Np
    cells = np.linspace(0, n_cells - 1, min(n_cells, MOST_CELLS)).round().astype(int)
    centre = np.zeros(2)
    if spec.has_place_code:
        centres = np.asarray(layout.code.centres).reshape(n_cells, -1, 2)[:, 0]
        middle = int(np.hypot(*centres.T).argmin())
        cells, centre = np.array([middle, *cells[cells != middle]]), centres[middle]
    return Code(spec, code_maps(spec, layout, N_GRID, cells.tolist()), centre)


def _codes(data: Reported, run: Run, name: str) -> list[Code]:
    """Return the code of one network for each of a few widths, narrowest first.

    None of codes that can be drawn no more.
    """
    members = [member for member in data.members if member.code == name]
    if not reads_width(name):
        members = members[:1]
    by_width = {member.width_cm: member for member in reversed(members)}
    widths = sorted(by_width)
    chosen = np.linspace(0, len(widths) - 1, min(len(widths), MOST_WIDTHS)).round().astype(int)
    shown = [by_width[widths[index]] for index in chosen]
    try:
        return [tuning_over_box(member.spec, _layout(run, member)) for member in shown]
    except GridjaxError:
        return []


def _lost(codes: list[str]) -> str:
    if not codes:
        return ""
    names = plotting.listed([label(code) for code in codes])
    return f" {names}: not drawn, because the measured cells or the user's code are not at hand."


def _layout(run: Run, member: Member) -> Layout:
    """Return a network's layout, drawn again from its seed where it was not kept.

    Raises GridjaxError where that needs a file or code that is not at hand.
    """
    try:
        return run.network(member.run_id).layout
    except GridjaxError:
        return layout_of(member.spec)


def _tuning(figure: Figure, axes: Axes, code: Code, name: str) -> None:
    half = code.spec.box_width_in_m / 2
    unit, scale = _unit(code)
    image = axes.imshow(
        scale * code.tuning[0].T,
        origin="lower",
        extent=(-half, half, -half, half),
        cmap=COLOUR_MAP,
        interpolation="nearest",
    )
    axes.set_title(label(name), color=plotting.colour(name))
    axes.set(xlabel="x (m)", ylabel="y (m)", xticks=[-half, 0, half], yticks=[-half, 0, half])
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.03)
    bar.set_label(f"target {unit}", fontsize=plotting.SMALL)
    bar.outline.set_visible(False)


def _profiles(axes: Axes, codes: list[Code], name: str) -> None:
    unit, scale = _unit(codes[0])
    for code, line in zip(codes, _LINES, strict=False):
        row = int(np.abs(code.axis_m - code.centre[1]).argmin())
        profile = scale * code.tuning[0][:, row]
        text = _width(code) if reads_width(name) else None
        axes.plot(
            100 * (code.axis_m - code.centre[0]),
            profile,
            color=plotting.colour(name),
            ls=line,
            label=text,
        )
    axes.axhline(0, color=plotting.LIGHT, lw=0.6, zorder=0)
    axes.set(xlabel="x from the cell's centre (cm)", ylabel=f"target {unit}")
    if reads_width(name):
        _legend_above(axes, len(codes))
    else:
        axes.set_xlabel("x (cm)")


def _spectra(axes: Axes, codes: list[Code], name: str) -> None:
    colour = plotting.colour(name)
    furthest = 0.0
    for index, (code, line) in enumerate(zip(codes, _LINES, strict=False)):
        waves = standing_waves(code.tuning, code.spec.box_width_in_m)
        if index == 0:
            dots: dict[str, Any] = {"color": colour, "alpha": 0.3, "rasterized": True}
            axes.plot(waves.frequency, waves.power, ".", ms=2.5, **dots)
        axes.plot(waves.ring_frequency, waves.ring_power, color=colour, ls=line)
        furthest = max(furthest, float(waves.ring_frequency[waves.ring_power > 0.01][-1]))
        wavenumber = expected_wavenumber(code.spec)
        if wavenumber is not None:
            axes.axvline(
                wavenumber / (2 * np.pi),
                color="black",
                lw=0.9,
                ls=line,
                label=f"k*, {_width(code)}",
            )
    furthest = max(furthest, 4 / codes[0].spec.box_width_in_m)
    axes.set(xlim=(0, furthest), ylim=(0, None))
    axes.set(
        xlabel="spatial frequency k / 2π (1/m)", ylabel="power, mean of cells\n(largest ring = 1)"
    )
    if axes.get_legend_handles_labels()[1]:
        _legend_above(axes, len(codes))


def _legend_above(axes: Axes, n_lines: int) -> None:
    """Write the legend into a strip above the curves."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) * (0.05 + 0.12 * n_lines))
    axes.legend(loc="upper right", handlelength=1.8, borderaxespad=0.1)


def _wavelengths(axes: Axes, furthest: float) -> None:
    """Write wavelengths in cm along the upper edge."""
    upper = axes.secondary_xaxis("top", functions=(lambda k: k, lambda k: k))
    steps = [step * 10.0**power for power in range(-1, 5) for step in (1, 2, 5)]
    shown = [cm for cm in steps if 0.12 * furthest < 100 / cm <= furthest]
    upper.set_xticks([100 / cm for cm in shown], [f"{cm:g}" for cm in shown])


def _unit(code: Code) -> tuple[str, float]:
    return ("(%)", 100.0) if code.spec.has_place_code else ("(m)", 1.0)


def _width(code: Code) -> str:
    low, high = bounds(code.spec.place_cell_rf)
    return f"σ {100 * low:.4g} cm" if low == high else f"σ {100 * low:.4g} to {100 * high:.4g} cm"


def _caption(rows: dict[str, list[Code]]) -> str:
    return (
        "Left: the target of one output over the box: of the place cell nearest the middle, and"
        " its share of the code's sum; of Cartesian targets the first coordinate. Middle: the same"
        " along x through its centre, for each width of place field (at most"
        f" {MOST_WIDTHS} are drawn). Right: spatial power spectrum of the code, mean over at most"
        f" {MOST_CELLS} cells and over directions; dots: single standing waves of the box, for the"
        " first width. Black: the wavenumber k* at which theory expects most power for DoS. A"
        " code whose power falls from the longest waves on (Gaussian, Cartesian) gives"
        " patterns no length of their own; one with a peak at k* does, before any network is"
        f" trained. One layout of each: {_layouts(rows)}."
    )


def _layout_seed(spec: NetworkSpec) -> int:
    return spec.seed if spec.layout_seed is None else spec.layout_seed


def _layouts(rows: dict[str, list[Code]]) -> str:
    parts = []
    for name, codes in rows.items():
        spec = codes[0].spec
        cells = f"{spec.Np} cells" if spec.has_place_code else f"{spec.Np} outputs"
        parts.append(f"{label(name)} {cells}, seed {_layout_seed(spec)}")
    return "; ".join(parts)


def _alt(rows: dict[str, list[Code]]) -> str:
    parts = []
    for name, codes in rows.items():
        waves = standing_waves(codes[0].tuning, codes[0].spec.box_width_in_m)
        peak = waves.ring_frequency[waves.ring_power.argmax()]
        parts.append(f"{label(name)} has most power at a wavelength of {100 / peak:.0f} cm")
    return f"Tuning, profile and power spectrum of each target code; {'; '.join(parts)}."
