"""Figure of the share of units above each score, for networks and for random readouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from gridjax import plotting
from gridjax.io.numbers import percent
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS, seed_intervals
from gridjax.plotting import FigureResult
from gridjax.report.run_data import OWN_NULLS, RunData, codes_of, label, seeds_of
from gridjax.run.evaluation.network_metrics import THRESHOLDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "survival", "Grid scores against their null"
MOST_NAMES = 5
MOST_LINES = 60
FEW_LAYOUTS = 20
_STYLES = ((0, (4, 1.5)), "-.", (0, (1, 1)))
"""Lines of the 99th percentiles of OWN_NULLS."""
_GRID = np.linspace(-0.6, 1.8, 241)
_BAND_STEP = 4
"""Step between thresholds with an interval; the band is straight between these thresholds."""
_COLUMNS = 2
_WHITE = {"frameon": True, "framealpha": 1, "edgecolor": "none", "fancybox": False}


def survival(
    scores: Float[np.ndarray, " unit"], thresholds: Float[np.ndarray, " threshold"]
) -> Float[np.ndarray, " threshold"]:
    """Return the share of scores above each threshold; inactive units have score 0."""
    ordered = np.sort(scores)
    return 1 - np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def draw(data: RunData) -> FigureResult:
    """Draw one panel of the means of all target codes, then one panel for each code."""
    codes = codes_of(data.finished)
    if not codes:
        return FigureResult(NAME, TITLE, None, "No finished network has scored units yet.")
    n_panels = len(codes) + 1
    n_rows = -(-n_panels // _COLUMNS)
    figure = plotting.new_figure(0.5 + 2.45 * n_rows)
    panels = figure.subplots(n_rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[n_panels:]:
        axes.remove()
    for axes in panels[n_panels - _COLUMNS : n_panels]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("threshold on score60")
    curves = {
        code: np.array([survival(record.score, _GRID) for record in data.of(code)])
        for code in codes
    }
    _all_codes(panels[0], data, curves)
    for axes, code in zip(panels[1:], codes, strict=False):
        _one_code(axes, data, code, curves[code])
    for axes in panels[:n_panels]:
        _thresholds(axes)
    for axes in panels[:n_panels:_COLUMNS]:
        axes.set_ylabel("share of units above")
    _scales(panels[0], data)
    _legend(figure, panels[1:n_panels])
    return FigureResult(NAME, TITLE, figure, _caption(data, codes), _alt(data, codes))


def seed_band(
    lines: Float[np.ndarray, "network place"],
    seeds: Int[np.ndarray, " network"],
    within: tuple[float, float] = (0, 1),
) -> Float[np.ndarray, "2 place"]:
    """Return the lower and upper bound of the mean at each place; NaN without an interval.

    ``within`` is the range of possible means. Bounds are also limited to the lowest and the highest
    network, because a bound can be infinite if there are few seeds.
    """
    bounds = [(one.low, one.high) for one in seed_intervals(lines, seeds, within=within)]
    return np.clip(np.transpose(bounds), lines.min(axis=0), lines.max(axis=0))


def _all_codes(axes: Axes, data: RunData, curves: dict[str, np.ndarray]) -> None:
    axes.set_title("All target codes, trained")
    for code, lines in curves.items():
        colour = plotting.colour(code)
        low, high = seed_band(lines[:, ::_BAND_STEP], seeds_of(data.of(code)))
        axes.fill_between(_GRID[::_BAND_STEP], low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(_GRID, _drop_zero(lines.mean(axis=0)), color=colour, label=label(code))
    if len(curves) <= MOST_NAMES:  # more names would cover the curves
        axes.legend(loc="upper right", handlelength=1.4, **_WHITE)


def _one_code(axes: Axes, data: RunData, code: str, lines: np.ndarray) -> None:
    colour = plotting.colour(code)
    axes.set_title(label(code), color=colour)
    chosen = _spread(lines)
    axes.plot(
        _GRID,
        _drop_zero(chosen).T,
        color=colour,
        lw=0.5,
        alpha=0.45,
        rasterized=len(chosen) > MOST_LINES // 2,
    )
    axes.plot(_GRID, _drop_zero(lines.mean(axis=0)), color=colour, lw=2, label="trained, mean")
    axes.plot([], [], color=colour, lw=0.5, alpha=0.6, label="trained, each network")
    nulls = data.nulls_of(data.of(code))
    if nulls:
        null_lines = np.array([survival(one, _GRID) for one in nulls])
        low, high = np.percentile(null_lines, _null_range(len(nulls)), axis=0)
        axes.fill_between(
            _GRID, low, high, facecolor="none", edgecolor=colour, hatch="/////", alpha=0.45, lw=0
        )
        axes.plot(
            _GRID,
            _drop_zero(np.median(null_lines, axis=0)),
            color="black",
            lw=1.2,
            ls=(0, (4, 1.5)),
            label="random readouts, median",
        )
        axes.fill_between(
            [],
            [],
            [],
            facecolor="none",
            edgecolor=colour,
            hatch="/////",
            alpha=0.45,
            label=f"random readouts, {_null_range_name(len(nulls))}",
        )
    for (name, score), style in zip(_own_nulls(data, code).items(), _STYLES, strict=False):
        text = f"{name} null, 99th percentile (median)"
        axes.axvline(score, color="black", lw=1.2, ls=style, label=text)
    axes.set_title(
        _numbers(data, code), loc="right", fontsize=plotting.SMALL, weight="normal", linespacing=1.2
    )


def _own_nulls(data: RunData, code: str) -> dict[str, float]:
    """Return the median 99th percentile of each null of the networks of a code without outputs."""
    records = data.without_outputs.of(code)
    values = {name: [record.nulls_99[name] for record in records] for name in OWN_NULLS}
    finite = {name: np.asarray(some)[np.isfinite(some)] for name, some in values.items()}
    return {name: float(np.median(some)) for name, some in finite.items() if len(some)}


def _legend(figure: Figure, panels: np.ndarray) -> None:
    """Draw one legend of the lines and bands of all panels."""
    entries: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)


def _thresholds(axes: Axes) -> None:
    for threshold in THRESHOLDS:
        axes.axvline(threshold, color=plotting.LIGHT, lw=0.7, ls=":", zorder=0)


def _scales(axes: Axes, data: RunData) -> None:
    """Set the axes; shares are logarithmic, because grid-like units are a few per cent."""
    from matplotlib.ticker import FuncFormatter

    scores = [record.score for record in data.finished]
    highest = max(float(one.max()) for one in (*scores, *data.nulls.values()))
    smallest = 1 / sum(map(len, scores))
    axes.set_yscale("log")
    axes.set_ylim(max(min(smallest, 0.005), 2e-4), 1.3)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.set_xlim(-0.4, min(max(1.4, highest + 0.1), float(_GRID[-1])))
    axes.set_xticks([-0.3, 0, *THRESHOLDS])


def _drop_zero(shares: np.ndarray) -> np.ndarray:
    return np.where(shares > 0, shares, np.nan)


def _spread(lines: np.ndarray) -> np.ndarray:
    """Return at most MOST_LINES lines, evenly spaced in the order of the sweep."""
    kept = np.linspace(0, len(lines) - 1, min(len(lines), MOST_LINES)).round().astype(int)
    return lines[kept]


def _null_range(n_layouts: int) -> tuple[float, float]:
    return (0, 100) if n_layouts < FEW_LAYOUTS else (5, 95)


def _null_range_name(n_layouts: int) -> str:
    return "all layouts" if n_layouts < FEW_LAYOUTS else "5–95 % of layouts"


def _numbers(data: RunData, code: str) -> str:
    records = data.of(code)
    nulls = data.nulls_of(records)
    n_units = sum(len(record.score) for record in records)
    trained = f"{plotting.counted(len(records), 'network')}, {n_units:,} units"
    if own := _own_nulls(data, code):
        above = np.nanmean([record.share_above_null for record in data.without_outputs.of(code)])
        return f"{trained}\n{percent(float(above))} above all {len(own)} nulls' 99 %"
    if not nulls:
        return f"{trained}\nno null"
    layouts = plotting.counted(len(nulls), "layout")
    return f"{trained}\nnull: {layouts}, {sum(map(len, nulls)):,} readouts"


def _caption(data: RunData, codes: list[str]) -> str:
    numbers = "; ".join(
        f"{label(code)}: {_numbers(data, code)}".replace("\n", ", ") for code in codes
    )
    return (
        "Share of units whose score60 lies above the threshold on the x axis (min-max variant,"
        " reported bins, score 0 for inactive units); logarithmic, because grid-like units are few."
        " Thick: mean over networks; thin: each network."
        f" {_interval_caption(data, codes)}"
        f"{_readouts_caption(data)}{_own_nulls_caption(data, codes)}"
        " A curve is evidence of grid cells only where it leaves its null."
        f" Dotted: thresholds of the literature, .3, .8 and 1.2. {numbers}."
    )


def _readouts_caption(data: RunData) -> str:
    if not data.with_outputs.records:
        return ""
    return (
        " Dashed and hatched: the null, which is the same score of random readouts of each"
        " network's own target code, from the same trajectories and bins, without network, training"
        " or path integration (median and range over layouts)."
    )


def _own_nulls_caption(data: RunData, codes: list[str]) -> str:
    if not any(_own_nulls(data, code) for code in codes):
        return ""
    return (
        " Vertical lines: 99th percentiles of the nulls of networks without outputs (median over"
        " networks), which are the scores of the same network before"
        " training, of random isotropic fields with the spectrum and the values of its maps, and of"
        " its maps with the bins in random order."
    )


def _interval_caption(data: RunData, codes: list[str]) -> str:
    few = [label(code) for code in codes if len(set(seeds_of(data.of(code)))) < FEWEST_SEEDS]
    reason = f"fewer than {FEWEST_SEEDS} seeds, too few for an interval"
    if len(few) == len(codes):
        return f"No interval is drawn: every target code has {reason}."
    text = (
        "Shaded in the first panel: 95 % interval of that mean from resampling seeds (bootstrap-t),"
        " cut off at the lowest and the highest network."
    )
    verb = "has" if len(few) == 1 else "have"
    return f"{text} {plotting.listed(few)} {verb} {reason}." if few else text


def _alt(data: RunData, codes: list[str]) -> str:
    threshold = THRESHOLDS[0]
    parts = []
    for code in codes:
        trained = np.mean([(one.score > threshold).mean() for one in data.of(code)])
        text = f"{label(code)} {100 * trained:.0f} %"
        if nulls := data.nulls_of(data.of(code)):
            null = np.median([(one > threshold).mean() for one in nulls])
            text += f" (random readouts {100 * null:.0f} %)"
        parts.append(text)
    return f"Survival curves of score60 by target code; above {threshold}: {', '.join(parts)}."
