"""Width sensitivity: the share of grid units by width, spikes, the ratio to the box, and seeds."""

import numpy as np

from gridjax.claims import figures as shared
from gridjax.claims.estimate import DIFFERENCES, Estimate, difference, nothing, paired
from gridjax.claims.evidence import NULL_SHARE
from gridjax.measure.statistics.intervals import statistic_interval
from gridjax.measure.statistics.spikes import lack_of_fit
from gridjax.measure.statistics.trend import components
from gridjax.study.figures import style
from gridjax.study.figures.style import Drawn

SEEDS = ["layout_seed", "weight_seed", "motion_seed"]
LARGER_M = 2.7


def arms(evidence):
    """The networks of the scan, of the larger box and world, and of the crossed seeds."""
    rows = evidence.networks.assign(width_cm=(100 * evidence.networks["place_cell_rf"]).round(3))
    alike = (rows["layout_seed"] == rows["seed"]) & (rows["weight_seed"] == rows["seed"])
    larger = rows["box_width_in_m"] > LARGER_M
    faster = rows["speed_scale"] > rows["speed_scale"].min() * 1.1
    scan = rows[alike & ~larger]
    return scan, rows[larger & ~faster], rows[larger & faster], rows[~alike]


def table(scan):
    """Share of grid units [seed, width], complete seeds only."""
    return scan.pivot_table(index="seed", columns="width_cm", values="share_grid").dropna()


def contrast(scan, width):
    def of_seed(group):
        share = group.groupby("width_cm")["share_grid"].mean()
        beside = [share.get(w, np.nan) for w in (width - 1, width + 1)]
        return share.get(width, np.nan) - np.mean(beside)

    near = scan[scan["width_cm"].isin([width - 1, width, width + 1])]
    return paired(near, "share_grid", of_seed, DIFFERENCES)


def fit(scan):
    shares = table(scan)
    if len(shares) < 3 or shares.shape[1] < 5:
        return nothing("at least 3 seeds with 5 widths are needed"), None
    found = lack_of_fit(shares.to_numpy(), shares.columns.to_numpy())
    worst = shares.columns[np.abs(found.standardised).argmax()]
    remark = f"The largest departure is at {worst:g} cm, {found.statistic:.2f} standard errors."
    high = found.p if found.p < 0.05 else 1.0  # a p above .05 shows nothing
    rows = scan[["run_id", "seed", "width_cm", "share_grid"]]
    return Estimate(found.p, found.p, high, len(scan), rows, found.p, remark=remark), found


def layouts(crossed):
    levels = [crossed[name].nunique() for name in SEEDS]
    if len(crossed) != np.prod(levels) or min(levels) < 2:
        return nothing("the crossed design is not complete"), None
    ordered = crossed.sort_values(SEEDS)
    shares = ordered["share_grid"].to_numpy().reshape(levels)
    if np.ptp(shares) == 0:
        return nothing("all networks of the crossed design have the same share"), None
    found = components(shares)

    def of_layouts(some):
        drawn = components(some.reshape(-1, *levels[1:]))
        return drawn.factors[0] if np.isfinite(drawn.factors[0]) else 0.0

    rows = ordered[["run_id", *SEEDS, "share_grid"]]
    low, high = 0.0, 1.0
    if levels[0] >= 4:
        clusters = np.repeat(np.arange(levels[0]), np.prod(levels[1:]))
        _, low, high = statistic_interval(of_layouts, shares.ravel(), clusters)
    parts = zip(("layouts", "weights", "paths"), found.factors, strict=True)
    remark = ", ".join(f"{name} {100 * part:.0f} %" for name, part in parts)
    remark = f"Of the variance: {remark}, interaction {100 * found.interaction:.0f} %."
    value = float(found.factors[0])
    return Estimate(value, low, high, len(rows), rows, null=1 / 3, remark=remark), found


def analyse(evidence):
    scan, larger, faster, crossed = arms(evidence)
    base = scan[scan["width_cm"] == 12]

    def against_base(other):
        both = np.r_[np.ones(len(other), bool), np.zeros(len(base), bool)]
        import pandas as pd

        joined = pd.concat([other, base], ignore_index=True)
        return difference(joined, "share_grid", both, ~both, DIFFERENCES)

    return {
        "spike_at_12": contrast(scan, 12),
        "spike_at_10": contrast(scan, 10),
        "a_curve_is_not_enough": fit(scan)[0],
        "ratio_to_box": against_base(larger),
        "scaled_control": against_base(faster),
        "layout_decides": layouts(crossed)[0],
    }


def figures(evidence, estimates):
    scan, _, _, _ = arms(evidence)
    if scan.empty:
        return [Drawn("widths", "Grid units by width", None, "No network is there yet.")]
    figure = style.new_figure(4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    groups = [(width, group) for width, group in scan.groupby("width_cm")]
    shared.null_share(above, int(scan["Ng"].iloc[0]), NULL_SHARE)
    colour = style.colour("difference_of_gaussians")
    shared.arms(above, groups, "share_grid", colour, factor=100, width=0.6, label="mean, 95 %")
    shared.published(above, [12], [4.8], "published mean at 12 cm (Ng 4096)")
    shared.counts(above, groups)
    above.set_ylabel("grid units (% of network)")
    above.set_ylim(bottom=0)
    above.legend(loc="upper right")
    shared.arms(below, groups, "decode_err_ml_cm", style.GREY, marker="s", width=0.6)
    below.set(xlabel="width of the place cells (cm)", ylabel="position error (cm)", yscale="log")
    style.log_ticks(below.yaxis)
    caption = (
        "Share of analysed units above the 99th percentile of their own network's random readouts,"
        " and the likelihood decoder's position error at the trained length. Dots are networks,"
        " numbers on top how many; bars 95 % intervals over seeds; grey: what chance alone would"
        " give networks of independent units."
    )
    return [Drawn("widths", "Grid units by place-cell width", figure, caption)]
