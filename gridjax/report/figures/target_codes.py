"""Figure of the target codes: the tuning of one cell, and the spectrum of the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.errors import GridjaxError
from gridjax.metrics.spectral.standing_waves import standing_waves
from gridjax.plotting import COLOUR_MAP, FigureResult
from gridjax.report.run_data import NetworkRecord, RunData, label, reads_width
from gridjax.run.results.run import Run
from gridjax.spec.fields.distributions import bounds
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS, is_read_by
from gridjax.task.code_maps import bin_centres, code_maps, layout_of
from gridjax.task.task import Layout
from gridjax.theory.wavenumber import expected_wavenumber

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "targets", "Target codes"
N_GRID = 64
"""Bins along a side of the box."""
MOST_CELLS = 256
"""Largest number of cells of a code that are used for its spectrum."""
MOST_WIDTHS = 4
_LINES = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))


class CodeMaps(NamedTuple):
    """The target code of one network over its box."""

    spec: NetworkSpec
    tuning: Float[np.ndarray, "cell x y"]
    centre: Float[np.ndarray, "2"]
    """centre (m) of the first cell, which is the cell nearest the middle of the box"""

    @property
    def axis_m(self) -> Float[np.ndarray, " x"]:
        """Bin centres along one side, metres."""
        return bin_centres(self.spec.box_width_in_m, N_GRID)


def draw(data: RunData, run: Run) -> FigureResult:
    """Draw one row for each target code: tuning map, profile and power spectrum."""
    if not data.records:
        return FigureResult(NAME, TITLE, None, "No network is finished yet.")
    every = {code: _codes(data, run, code) for code in data.codes}
    rows = {code: maps for code, maps in every.items() if maps}
    missing = _missing([code for code in every if code not in rows])
    if not rows:
        return FigureResult(NAME, TITLE, None, missing.strip())
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
    return FigureResult(NAME, TITLE, figure, _caption(rows) + missing, _alt(rows))


def tuning_over_box(spec: NetworkSpec, layout: Layout) -> CodeMaps:
    """Return maps of at most MOST_CELLS cells of a target code.

    The first cell is the one nearest the middle of the box.
    """
    n_cells = spec.Np
    cells = np.linspace(0, n_cells - 1, min(n_cells, MOST_CELLS)).round().astype(int)
    centre = np.zeros(2)
    if spec.has_place_code:
        centres = np.asarray(layout.code.centres).reshape(n_cells, -1, 2)[:, 0]
        middle = int(np.hypot(*centres.T).argmin())
        cells, centre = np.array([middle, *cells[cells != middle]]), centres[middle]
    return CodeMaps(spec, code_maps(spec, layout, N_GRID, cells.tolist()), centre)


def _codes(data: RunData, run: Run, name: str) -> list[CodeMaps]:
    """Return maps of the code for at most MOST_WIDTHS widths, one network each, narrowest first.

    The list is empty if the code cannot be computed again.
    """
    records = [record for record in data.records if record.code == name]
    if not reads_width(name):
        records = records[:1]
    by_width = {record.width_cm: record for record in reversed(records)}
    widths = sorted(by_width)
    chosen = np.linspace(0, len(widths) - 1, min(len(widths), MOST_WIDTHS)).round().astype(int)
    shown = [by_width[widths[index]] for index in chosen]
    try:
        return [tuning_over_box(record.spec, _layout(run, record)) for record in shown]
    except GridjaxError:
        return []


def _missing(codes: list[str]) -> str:
    if not codes:
        return ""
    names = plotting.listed([label(code) for code in codes])
    reason = "the measured cells or the user's functions are not loaded"
    return f" Not drawn, because {reason}: {names}."


def _layout(run: Run, record: NetworkRecord) -> Layout:
    """Return a network's kept layout; without a kept layout, draw it again from its seed.

    Raises GridjaxError if the drawing needs place maps or functions that are not loaded.
    """
    try:
        return run.network(record.run_id).layout
    except GridjaxError:
        return layout_of(record.spec)


def _tuning(figure: Figure, axes: Axes, code: CodeMaps, name: str) -> None:
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


def _profiles(axes: Axes, codes: list[CodeMaps], name: str) -> None:
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


def _spectra(axes: Axes, codes: list[CodeMaps], name: str) -> None:
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
    """Draw the legend above the curves."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) * (0.05 + 0.12 * n_lines))
    axes.legend(loc="upper right", handlelength=1.8, borderaxespad=0.1)


def _wavelengths(axes: Axes, furthest: float) -> None:
    """Label the upper edge with wavelengths in cm."""
    upper = axes.secondary_xaxis("top", functions=(lambda k: k, lambda k: k))
    steps = [step * 10.0**power for power in range(-1, 5) for step in (1, 2, 5)]
    shown = [cm for cm in steps if 0.12 * furthest < 100 / cm <= furthest]
    upper.set_xticks([100 / cm for cm in shown], [f"{cm:g}" for cm in shown])


def _unit(code: CodeMaps) -> tuple[str, float]:
    return ("(%)", 100.0) if code.spec.has_place_code else ("(m)", 1.0)


def _width(code: CodeMaps) -> str:
    low, high = bounds(code.spec.place_cell_rf)
    return f"σ {100 * low:.4g} cm" if low == high else f"σ {100 * low:.4g} to {100 * high:.4g} cm"


def _caption(rows: dict[str, list[CodeMaps]]) -> str:
    return (
        "Left: target of one output over the box: the place cell nearest the middle (as a share"
        " of the code's sum) or the first coordinate. Middle: the same target along x through the"
        f" cell's centre, for at most {MOST_WIDTHS} widths of place fields. Right: spatial power"
        f" spectrum of the code, mean over at most {MOST_CELLS} cells and over directions; dots:"
        " single standing waves of the box, for the first width. Black: wavenumber k* at which"
        " theory expects most power for DoS. A code whose power falls from the longest wave on"
        " (Gaussian, Cartesian) selects no wavelength; a code with a peak at k* selects one, before"
        f" any network is trained. {_layouts(rows)}."
    )


def _layout_seed(spec: NetworkSpec) -> int:
    return spec.seed if spec.layout_seed is None else spec.layout_seed


def _layouts(rows: dict[str, list[CodeMaps]]) -> str:
    """Return the layouts of the drawn codes: one for each code, or for each width if they differ.

    The surround is given if it differs between the lines of a code.
    """
    parts, is_single = [], True
    for name, codes in rows.items():
        surrounds = [_surround(code) for code in codes]
        differ = len(set(surrounds)) > 1
        texts = [
            _layout_text(code.spec) + (surround if differ else "")
            for code, surround in zip(codes, surrounds, strict=True)
        ]
        if len(set(texts)) == 1:
            parts.append(f"{label(name)} {texts[0]}")
            continue
        is_single = False
        of_widths = (f"{_width(code)}: {text}" for code, text in zip(codes, texts, strict=True))
        parts.append(f"{label(name)} {', '.join(of_widths)}")
    each = "One layout of each code" if is_single else "One layout of each line"
    return f"{each}: {'; '.join(parts)}"


def _layout_text(spec: NetworkSpec) -> str:
    cells = f"{spec.Np} cells" if spec.has_place_code else f"{spec.Np} outputs"
    return f"{cells}, seed {_layout_seed(spec)}"


def _surround(code: CodeMaps) -> str:
    if not is_read_by(FIELDS["surround_scale"], code.spec.place_field_values):
        return ""
    low, high = bounds(code.spec.surround_scale)
    return f", s {low:.4g}" if low == high else f", s {low:.4g} to {high:.4g}"


def _alt(rows: dict[str, list[CodeMaps]]) -> str:
    parts = []
    for name, codes in rows.items():
        waves = standing_waves(codes[0].tuning, codes[0].spec.box_width_in_m)
        peak = waves.ring_frequency[waves.ring_power.argmax()]
        parts.append(f"{label(name)} has most power at a wavelength of {100 / peak:.0f} cm")
    return f"Tuning, profile and power spectrum of each target code; {'; '.join(parts)}."
