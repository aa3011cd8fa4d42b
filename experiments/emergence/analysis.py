"""Emergence: how many networks of a random population path-integrate, and how many have grids."""

import numpy as np

from gridjax.claims.designs import resampled, variance_between
from gridjax.claims.estimate import share_of
from gridjax.study.figures import style
from gridjax.study.figures.style import Drawn
from gridjax.study.reported import label

CODE = "place_field_values"
FACTORS = ["rnn_type", "activation", "optimizer", "place_cell_rf", "surround_scale"]
# networks of the study below 10 cm, by code (its counts times the shares that path-integrate)
STUDY = {
    "cartesian": 2516 * 0.648,
    "high_dim_cartesian": 3793 * 0.539,
    "high_dim_polar": 1171 * 0.720,
    "gaussian": 1265 * 0.903,
    "true_difference_of_gaussians": 1103 * 0.169,
    "difference_of_gaussians": 1689 * 0.926,
    "softmax_of_differences": 71 * 1.0,
}


def analyse(evidence):
    rows = evidence.networks
    able = rows[rows["path_integrates"]].reset_index(drop=True)
    codes, grids = able[CODE].to_numpy(), able["has_grids"].to_numpy(float)
    counts = able[CODE].map(STUDY).fillna(0.0).to_numpy()

    def at_published_counts(some):
        weight = counts[some]
        for code in np.unique(codes[some]):
            own = codes[some] == code
            weight = np.where(own, weight / own.sum(), weight)
        return float(weight @ grids[some] / weight.sum()) if weight.sum() else 0.0

    values = rows["share_grid"].to_numpy()
    factors = {name: rows[name].to_numpy() for name in [CODE, *FACTORS]}

    def code_above_others(some):
        of = {
            name: variance_between(groups[some], values[some]) for name, groups in factors.items()
        }
        return of.pop(CODE) - max(of.values())

    return {
        "most_path_integrate": share_of(rows, rows["path_integrates"]),
        "few_have_grids": share_of(able, able["has_grids"], 0.05),
        "few_at_published_counts": resampled(able, at_published_counts, 0.05, [CODE, "has_grids"]),
        "code_matters_most": resampled(
            rows, code_above_others, 0.0, [CODE, *FACTORS, "share_grid"]
        ),
    }


def figures(evidence, estimates):
    rows, name, title = evidence.networks, "emergence", "Errors and grid units, network by network"
    if rows.empty:
        return [Drawn(name, title, None, "No network is there yet.")]
    figure = style.new_figure(3.6)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for code, group in rows.groupby(CODE):
        look = {"color": style.colour(code), "marker": style.marker(code), "ls": "none"}
        text = f"{label(code)}, n = {len(group)}"
        error, share = group["decode_err_ml_cm_T50"], 100 * group["share_grid"]
        left.plot(error, share, ms=4, alpha=0.8, mew=0, label=text, **look)
    left.axvline(10, color=style.GREY, lw=0.8, ls=":")
    left.axvline(rows["start_err_cm_T50"].median(), color=style.GREY, lw=0.8, ls="--")
    left.set(xlabel="position error, T = 50 (cm)", ylabel="grid units (%)", xscale="log")
    style.log_ticks(left.xaxis)
    left.legend(loc="upper right")
    names = {CODE: "target code", "rnn_type": "cell", "place_cell_rf": "width"}
    names |= {"surround_scale": "surround"}
    values = rows["share_grid"].to_numpy()
    shares = {n: variance_between(rows[n].to_numpy(), values) for n in [CODE, *FACTORS]}
    by_size = sorted(shares, key=lambda name: shares[name])
    bars = [100 * shares[n] for n in by_size]
    right.barh([names.get(n, n) for n in by_size], bars, color=style.LIGHT, height=0.6)
    right.set_xlabel("variance of grid units between values (%)")
    caption = (
        "Left: every network that did not diverge; dotted: 10 cm, dashed: the error of staying at"
        " the start. Right: how much of the variance of the share of grid units lies between the"
        f" values of each hyperparameter (n = {len(rows)})."
    )
    return [Drawn(name, title, figure, caption)]
