"""Landmarks: errors of networks with noisy landmarks, beside those of Kalman filters."""

from functools import cache

import numpy as np

import gridjax as gj
from gridjax import plotting
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
RATE = 0.05
"""Share of the moves with a landmark in the measurements, and in the training of most claims."""
ERROR, SHARE = "decode_err_ml_cm_T50", "share_grid"
CALIPER_CM = 1.0
MEASURES = ("error_ratio", "efficiency_in_box", "efficiency_median")


@cache
def measured(run, run_id):
    """Return the errors of a network with landmarks and without; None without its weights."""
    try:
        return run.network(run_id).landmarks(rate=RATE)
    except gj.GridjaxError:
        return None


def with_measures(evidence):
    """Return the networks with their measures; NaN for those trained without landmarks."""
    rows = evidence.networks
    found = [
        measured(evidence.run, run_id) if rate > 0 else None
        for run_id, rate in zip(rows["run_id"], rows["landmark_rate"], strict=True)
    ]
    columns = {
        name: [np.nan if each is None else getattr(each, name) for each in found]
        for name in MEASURES
    }
    arm = [f"{100 * rate:g} %" for rate in rows["landmark_rate"]]
    return rows.assign(**columns, found=found, arm=arm)


def select(evidence):
    rows = with_measures(evidence)
    is_dos, rate = rows["place_field_values"] == DOS, rows["landmark_rate"]
    usual = rows[np.isclose(rate, RATE)]
    of_dos = usual["place_field_values"] == DOS
    pairs = {"frame": usual, "first": of_dos, "second": ~of_dos, "on": ERROR, "caliper": CALIPER_CM}
    most, none = rate == rate.max(), rate == 0
    return {
        "landmarks_lower_errors": {
            "frame": usual,
            "column": "error_ratio",
            "null": 1.0,
            "within": (0.0, np.inf),
            "arms": {
                text: usual[usual["place_field_values"] == code] for code, text in CODES.items()
            },
        },
        "landmarks_need_grids": {**pairs, "column": "efficiency_in_box"},
        "landmarks_need_grids_median": {**pairs, "column": "efficiency_median"},
        "landmarks_spoil_integration": {
            "frame": rows,
            "column": ERROR,
            "first": most,
            "second": none,
        },
        "landmarks_remove_grids": {
            "frame": rows[is_dos],
            "column": SHARE,
            "first": most[is_dos],
            "second": none[is_dos],
            "within": DIFFERENCES,
        },
    }


LINES = (("mse_without_cm2", ":", "without landmarks"), ("mse_cm2", "-", "with landmarks"))
PANELS = (
    ("error_ratio", 1, "error with landmarks\nover that without"),
    ("efficiency_in_box", 1, "efficiency"),
    ("efficiency_median", 1, "efficiency\nof medians"),
    (ERROR, 1, "error without noise\nor landmarks (cm)"),
)


def figures(evidence, estimates):
    name, title = "landmarks", "Errors with landmarks after 5 % of the moves"
    rows = with_measures(evidence)
    curves = rows[np.isclose(rows["landmark_rate"], RATE) & rows["found"].notna()]
    if curves.empty:
        reason = "No network that was trained with landmarks has stored weights."
        return [plotting.FigureResult(name, title, None, reason)]
    figure = plotting.new_figure(6.4)
    grid = figure.add_gridspec(3, 2)
    above = [figure.add_subplot(grid[0, at]) for at in range(2)]
    above[1].sharey(above[0])
    for axes, (code, text) in zip(above, CODES.items(), strict=True):
        draw_errors(axes, curves["found"][curves["place_field_values"] == code], code)
        axes.set_title(text, fontsize=plotting.SMALL)
        axes.set_xlabel("moves")
    above[0].set_ylabel("error (cm, r.m.s.)")
    above[0].set_ylim(bottom=0)
    above[0].legend(fontsize=plotting.SMALL)
    panels = [figure.add_subplot(grid[1 + at // 2, at % 2]) for at in range(len(PANELS))]
    names = [f"{100 * rate:g} %" for rate in sorted(rows["landmark_rate"].unique())]
    shared.arms_by_code(panels, PANELS, rows, names, CODES)
    for axes in panels:
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_xticks(range(len(names)), names)
    for axes in panels[:3]:
        axes.axhline(1, color=plotting.GREY, lw=0.8, ls=":", zorder=0)
    for axes in panels:
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    for axes in panels[2:]:
        axes.set_xlabel("moves with a landmark in training")
    caption = (
        "Above: networks trained with landmarks after 5 % of the moves, with noisy velocities."
        " Thin lines: networks; thick lines: roots of their mean squared errors. Grey: the Kalman"
        " filter on the same noisy moves and landmarks, clipped to the box. Below: the same"
        " measurement of all networks that receive landmarks, and the error without noise and"
        " landmarks. Efficiency: mean (median) squared error of the filter over that of the"
        " network, after 25 to 50 moves. Dots: networks; bars: 95 % intervals over seeds."
    )
    return [plotting.FigureResult(name, title, figure, caption)]


def draw_errors(axes, found, code):
    """Draw the errors of networks of one target code by move, and those of the filters."""
    colour = plotting.colour(code)
    for measure, style, text in LINES:
        for each in found:
            error = np.sqrt(getattr(each, measure))
            axes.plot(each.move, error, style, color=colour, lw=0.5, alpha=0.35)
        draw_mean(axes, found, measure, linestyle=style, color=colour, label=text)
    draw_mean(axes, found, "mse_kalman_in_box_cm2", color=plotting.GREY, label="Kalman filter")


def draw_mean(axes, found, measure, **style):
    """Draw the root of the mean of a squared error over networks, if there are any."""
    if len(found):
        mean = np.mean([getattr(each, measure) for each in found], axis=0)
        axes.plot(found.iloc[0].move, np.sqrt(mean), lw=1.8, **style)
