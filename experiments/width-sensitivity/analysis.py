"""Width sensitivity: the share of grid units by width, by ratio to the box, and by seed."""

import numpy as np
import pandas as pd

from gridjax import plotting
from gridjax.metrics import upper_bound
from gridjax.studies import DIFFERENCES, mark_small_boxes, with_lattices_that_fit
from gridjax.studies import figures as shared

SEEDS = ["layout_seed", "weight_seed", "motion_seed"]
TRAINING = ["optimizer", "learning_rate", "weight_decay", "n_grad_steps_per_epoch", "n_epochs"]
LARGER_M = 2.7


def arms(evidence):
    """Return the networks of the scan, the larger box, the larger world and the crossed seeds."""
    rows = evidence.networks.assign(width_cm=(100 * evidence.networks["place_cell_rf"]).round(3))
    alike = (rows[SEEDS].to_numpy() == rows[["layout_seed"]].to_numpy()).all(axis=1)
    larger = rows["box_width_in_m"] > LARGER_M
    faster = rows["speed_scale"] > rows["speed_scale"].min() * 1.1
    # other networks than those of the crossed design, which may be trained in another way
    others = rows[larger | (rows["width_cm"] != 12)]
    of_scan = trained_like(rows, others) if len(others) else True
    scan = rows[alike & ~larger & of_scan].assign(seed=rows["layout_seed"])
    # networks of the scan are those of the crossed design whose three seeds are alike
    crossed = rows[~larger & (rows["width_cm"] == 12) & trained_like(rows, rows[~alike])]
    crossed = crossed[crossed[SEEDS].isin(rows.loc[~alike, SEEDS].to_numpy().ravel()).all(axis=1)]
    crossed = crossed.assign(root_share=np.sqrt(crossed["share_grid"]))
    return scan, rows[larger & ~faster], rows[larger & faster], crossed


def trained_like(rows, examples):
    """Return whether each network has the optimiser and the steps of one of the examples."""
    known = set(examples[TRAINING].itertuples(index=False, name=None))
    return np.array(
        [one in known for one in rows[TRAINING].itertuples(index=False, name=None)], bool
    )


def peak(scan, width):
    """Select the networks of a width and its two neighbours: its share minus their mean."""

    def contrast(group):
        share = group.groupby("width_cm")["share_grid"].mean()
        beside = [share.get(w, np.nan) for w in (width - 1, width + 1)]
        return share.get(width, np.nan) - np.mean(beside)

    widths = [width - 1, width, width + 1]
    near = scan[scan["width_cm"].isin(widths)]
    return {
        "remark": f"Networks with more grid units than by chance: {counts(near)}.",
        "frame": near,
        "column": "share_grid",
        "contrast": contrast,
        "within": DIFFERENCES,
        "arms": {f"{one} cm": near[near["width_cm"] == one] for one in widths},
    }


def counts(scan):
    """Return how many networks of each width have grids, and the upper bound of their share.

    A mean over networks of which few have grids has too narrow an interval.
    """
    found = []
    for name, group in by_width(scan).items():
        n = int(group["has_grids"].sum())
        most = 100 * upper_bound(n, len(group))
        found.append(f"{n} of {len(group)} at {name} (at most {most:.0f} %, one-sided 95 %)")
    return ", ".join(found)


def by_width(scan):
    """Return the networks of each width."""
    return {f"{width:g} cm": group for width, group in scan.groupby("width_cm")}


def whole_layouts(crossed):
    """Return the networks of the layouts that have one for each weight and motion seed."""
    _, weights, motions = SEEDS
    n = crossed[weights].nunique() * crossed[motions].nunique()
    return crossed[crossed.groupby(SEEDS[0])["run_id"].transform("size") == n]


def select(evidence):
    scan, larger, faster, crossed = map(with_lattices_that_fit, arms(evidence))
    base = scan[scan["width_cm"] == 12]

    def against_base(other, name):
        absent = "" if len(other) else f"this size has no networks of the arm {name}"
        is_other = np.r_[np.ones(len(other), bool), np.zeros(len(base), bool)]
        return {
            "frame": pd.concat([other, base], ignore_index=True),
            "column": "share_grid",
            "first": is_other,
            "second": ~is_other,
            "within": DIFFERENCES,
            "arms": {name: other, "12 cm": base},
            "unanswerable": absent,
        }

    return {
        "spike_at_12": peak(scan, 12),
        "spike_at_10": peak(scan, 10),
        "a_curve_is_not_enough": {
            "frame": scan,
            "column": "share_grid",
            "level": "width_cm",
            "arms": by_width(scan),
        },
        "ratio_to_box": against_base(larger, "15 cm, larger box"),
        "scaled_control": against_base(faster, "15 cm, larger box, faster"),
        "layout_decides": {
            "frame": whole_layouts(crossed),
            "column": "root_share",
            "factors": SEEDS,
            "arms": {"crossed seeds": crossed},
        },
    }


def figures(evidence, estimates):
    scan, _, _, _ = arms(evidence)
    if scan.empty:
        return [
            plotting.FigureResult("widths", "Grid units by width", None, "No network is there yet.")
        ]
    figure = plotting.new_figure(4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    groups = list(scan.groupby("width_cm"))
    shared.null_share(above, int(scan["Ng"].iloc[0]), evidence.n_readouts)
    colour = plotting.colour("difference_of_gaussians")
    look = {"factor": 100, "width": 0.6, "label": "mean, 95 %", "is_of_competent": True}
    shared.arms(above, groups, "share_grid", colour, **look)
    shared.published(above, [12], [4.8], "published mean at 12 cm (Ng 4096)")
    shared.counts(above, groups)
    above.set_ylabel("grid units (% of network)")
    above.set_ylim(bottom=0)
    mark_small_boxes(above, scan["width_cm"], scan)
    figure.legend(loc="outside upper center", ncols=3)
    shared.arms(below, groups, "decode_err_ml_cm", plotting.GREY, marker="s", width=0.6)
    below.set(xlabel="width of the place cells (cm)", ylabel="position error (cm)", yscale="log")
    plotting.log_ticks(below.yaxis)
    below.set_xticks(sorted(scan["width_cm"].unique()))
    caption = (
        "Share of analysed units above the 99th percentile of their own network's random readouts,"
        " and the likelihood decoder's position error at the trained length. Dots are networks"
        " (hollow: not competent, and in no mean of grid units), numbers on top how many; bars 95 %"
        " intervals over seeds; grey band: what chance alone would give networks of independent"
        " units. Claims leave out networks in whose box fewer than 2.5 wavelengths fit."
    )
    title = "Grid units by place-cell width"
    maps = shared.best_maps(evidence, by_width(scan), "widths-maps")
    return [plotting.FigureResult("widths", title, figure, caption), maps]
