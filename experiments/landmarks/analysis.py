"""Landmarks: errors of networks with noisy landmarks, beside those of Kalman filters."""

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES, without_gain
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
RATE, MOST, NONE = 0.05, 0.2, 0.0
"""Shares of the moves with a landmark in training: of most claims, of claims about what training
with landmarks costs, and without any. The measurements have RATE."""
BURN_IN = 20
"""Moves that efficiencies leave out."""
ERROR, SHARE, WITHOUT = "decode_err_ml_cm_T50", "share_grid", "median_without_cm"
CALIPER_CM = 0.3
"""Largest difference of matched errors, about a third of their sd within a target code."""
MEASURES = ("error_ratio", "efficiency_in_box", "efficiency_median", WITHOUT)


def measured(evidence, run_id):
    """Return the errors of a network with landmarks and without; None without its weights."""
    identity = {"rate": RATE, "burn_in": BURN_IN}

    def measure(network):
        return network.landmarks(rate=RATE, burn_in=BURN_IN)._asdict()

    found = evidence.kept(run_id, identity, measure)
    if found is None:
        return None
    return {name: np.asarray(value, float) for name, value in found.items()}


def with_measures(evidence):
    """Return the networks with their measures; NaN for those trained without landmarks."""
    rows = evidence.networks
    has_landmarks = (rows["landmark_rate"] > 0) & (rows["status"] != "diverged")
    found = [
        measured(evidence, run_id) if has else None
        for run_id, has in zip(rows["run_id"], has_landmarks, strict=True)
    ]
    columns = {
        name: [np.nan if each is None else float(each[name]) for each in found] for name in MEASURES
    }
    arm = [f"{100 * rate:g} %" for rate in rows["landmark_rate"]]
    rows = rows.assign(**columns, found=found, arm=arm)
    return rows.assign(is_missing=has_landmarks & rows[list(MEASURES)].isna().any(axis=1))


def unmeasured(rows):
    """Return how many networks lack a measure; empty if none does."""
    n = int(rows["is_missing"].sum())
    reason = "networks have no stored weights, or no finite outputs, and no measures"
    return f"{n} of {len(rows)} {reason}" if n else ""


def cost_of_landmarks(of_seed):
    """Return the mean over codes of the errors with most landmarks minus those with none.

    NaN if a network of either code is missing.
    """
    means = of_seed.groupby(["place_field_values", "arm"])[ERROR].mean()
    most, none = (f"{100 * rate:g} %" for rate in (MOST, NONE))
    costs = [means.get((code, most), np.nan) - means.get((code, none), np.nan) for code in CODES]
    return np.mean(costs)


def select(evidence):
    rows = with_measures(evidence)
    code, rate = rows["place_field_values"], rows["landmark_rate"]

    def some(each_code, each_rate):
        return rows[(code == each_code) & np.isclose(rate, each_rate)]

    usual = rows[np.isclose(rate, RATE)]
    is_dos = usual["place_field_values"] == DOS
    of_usual = {text: some(each, RATE) for each, text in CODES.items()}
    pairs = {
        "frame": usual,
        "first": is_dos,
        "second": ~is_dos,
        "on": WITHOUT,
        "caliper": CALIPER_CM,
        "arms": of_usual,
        "unanswerable": unmeasured(usual),
    }
    ends = rows[np.isclose(rate, MOST) | (rate == NONE)]
    dos = ends[ends["place_field_values"] == DOS]
    arms = {
        each: {f"landmarks after {100 * end:g} %": some(each, end) for end in (MOST, NONE)}
        for each in CODES
    }
    return {
        "landmarks_lower_errors": {
            "frame": usual,
            "column": "error_ratio",
            "null": 1.0,
            "within": (0.0, np.inf),
            "arms": of_usual,
            "unanswerable": unmeasured(usual),
        },
        "landmarks_need_grids": {**pairs, "column": "efficiency_in_box"},
        "landmarks_need_grids_median": {**pairs, "column": "efficiency_median"},
        "landmarks_spoil_integration": {
            "frame": ends,
            "column": ERROR,
            "contrast": cost_of_landmarks,
            "arms": {
                f"{text}, {name}": arm
                for each, text in CODES.items()
                for name, arm in arms[each].items()
            },
        },
        "landmarks_remove_grids": {
            "frame": dos,
            "column": SHARE,
            "first": np.isclose(dos["landmark_rate"], MOST),
            "second": dos["landmark_rate"] == NONE,
            "within": DIFFERENCES,
            "arms": arms[DOS],
            "unanswerable": without_gain({"no landmarks": some(DOS, NONE)}),
        },
    }


LINES = (("mse_without_cm2", ":", "without landmarks"), ("mse_cm2", "-", "with landmarks"))
PANELS = (
    ("error_ratio", 1, "error with landmarks\nover that without"),
    ("efficiency_in_box", 1, "efficiency"),
    ("efficiency_median", 1, "efficiency\nof medians"),
    (ERROR, 1, "error without noise\nor landmarks (cm)"),
)
OF_COMPETENT = ("efficiency_in_box", "efficiency_median")
"""Columns of claims about competent networks; the means of the figure are theirs."""


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
    shared.arms_by_code(panels, PANELS, rows, names, CODES, OF_COMPETENT)
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
        " measurement of all networks that receive landmarks, and the error over 50 moves without"
        " noise and landmarks. Efficiency: mean (median) squared error of the filter over that of"
        " the network, after 25 to 50 moves. Dots: networks (hollow: not competent, and in no mean"
        " of efficiencies); bars: 95 % intervals over seeds."
    )
    return [plotting.FigureResult(name, title, figure, caption)]


def draw_errors(axes, found, code):
    """Draw the errors of networks of one target code by move, and those of the filters."""
    colour = plotting.colour(code)
    for measure, style, text in LINES:
        for each in found:
            error = np.sqrt(each[measure])
            axes.plot(each["move"], error, style, color=colour, lw=0.5, alpha=0.35)
        draw_mean(axes, found, measure, linestyle=style, color=colour, label=text)
    draw_mean(axes, found, "mse_kalman_in_box_cm2", color=plotting.GREY, label="Kalman filter")


def draw_mean(axes, found, measure, **style):
    """Draw the root of the mean of a squared error over networks, if there are any."""
    if len(found):
        mean = np.mean([each[measure] for each in found], axis=0)
        axes.plot(found.iloc[0]["move"], np.sqrt(mean), lw=1.8, **style)
