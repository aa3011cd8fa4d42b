"""Emergence: shares of a random population that path-integrate, and that have grid units."""

import numpy as np

from gridjax import plotting
from gridjax.studies import label, percent, variance_between

CODE = "place_field_values"
FACTORS = ["rnn_type", "activation", "optimizer", "place_cell_rf", "surround_scale"]
# the published networks by code: number, share below 10 cm, and shares of those above .8 and 1.2
STUDY = {
    "cartesian": (2516, 0.648, 0.0, 0.0),
    "high_dim_cartesian": (3793, 0.539, 0.005, 0.0),
    "high_dim_polar": (1171, 0.720, 0.240, 0.080),
    "gaussian": (1265, 0.903, 0.081, 0.017),
    "true_difference_of_gaussians": (1103, 0.169, 0.159, 0.015),
    "difference_of_gaussians": (1689, 0.926, 0.907, 0.391),
    "softmax_of_differences": (71, 1.0, 0.041, 0.013),
}
MANY_LATTICES = 10
UNREAD = {
    "place_cell_rf": ["high_dim_cartesian", "high_dim_polar"],
    "surround_scale": ["high_dim_cartesian", "high_dim_polar", "gaussian"],
}
"""Codes that do not read a parameter: all their networks count as one group of it."""


def factors_of(rows):
    """Return the values of each hyperparameter, by its name; "not read" where a code has none."""
    values = {name: rows[name].astype(str) for name in [CODE, *FACTORS]}
    for name, codes in UNREAD.items():
        values[name] = values[name].mask(rows[CODE].isin(codes), "not read")
    return {name: column.to_numpy() for name, column in values.items()}


def select(evidence):
    rows = evidence.networks
    codes, grids = rows[CODE].to_numpy(), rows["has_grids"].to_numpy(float)
    able_of_study = {code: n * share for code, (n, share, *_) in STUDY.items()}
    counts = rows[CODE].map(able_of_study).to_numpy()
    # 2-D Cartesian targets are not trained here; none of their networks in the study has grids
    without_grids = able_of_study["cartesian"]

    def at_published_counts(some):
        weight = counts[some]
        for code in np.unique(codes[some]):
            own = codes[some] == code
            weight = np.where(own, weight / own.sum(), weight)
        return float(weight @ grids[some] / (weight.sum() + without_grids))

    # shares among networks that path-integrate; codes that do not learn are no part of them
    able = {"networks that path-integrate": rows[rows["is_competent"]]}
    by_code = {label(code): group for code, group in rows.groupby(CODE)}
    values, factors = rows["share_grid"].to_numpy(), factors_of(rows)
    lattices = evidence.lattices.groupby("run_id")["is_lattice"].sum()

    def code_above_others(some):
        of = {
            name: variance_between(groups[some], values[some]) for name, groups in factors.items()
        }
        return of.pop(CODE) - max(of.values())

    return {
        "most_path_integrate": {
            "frame": rows,
            "is_counted": rows["is_competent"],
            "arms": by_code,
        },
        "few_have_grids": {
            "frame": rows,
            "is_counted": rows["has_grids"],
            "null": 0.05,
            "arms": able,
        },
        "few_have_lattices": {
            "frame": rows,
            "is_counted": rows["run_id"].map(lattices).fillna(0) >= MANY_LATTICES,
            "null": 0.05,
            "arms": able,
        },
        "few_at_published_counts": {
            "rows": rows,
            "statistic": at_published_counts,
            "null": 0.05,
            "columns": [CODE, "has_grids"],
            "arms": by_code,
        },
        "code_matters_most": {
            "rows": rows,
            "statistic": code_above_others,
            "null": 0.0,
            "columns": [CODE, *FACTORS, "share_grid"],
        },
    }


def figures(evidence, estimates):
    rows, name, title = evidence.networks, "emergence", "Errors and grid units, network by network"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    figure = plotting.new_figure(3.9)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for code, group in rows.groupby(CODE):
        look = {"color": plotting.colour(code), "marker": plotting.marker(code), "ls": "none"}
        text = f"{label(code)}, n = {len(group)}"
        error, share = group["decode_err_ml_cm_T50"], 100 * group["share_grid"]
        left.plot(error, share, ms=4, alpha=0.8, mew=0, label=text, **look)
    left.axvline(10, color=plotting.GREY, lw=0.8, ls=":")
    left.axvline(rows["start_err_cm_T50"].median(), color=plotting.GREY, lw=0.8, ls="--")
    left.set(xlabel="position error, T = 50 (cm)", ylabel="grid units (%)", xscale="log")
    plotting.log_ticks(left.xaxis)
    figure.legend(loc="outside lower center", ncols=3, handletextpad=0.2)
    names = {CODE: "target code", "rnn_type": "cell", "place_cell_rf": "width"}
    able = rows[rows["is_competent"]]
    values = able["share_grid"].to_numpy()
    of_factors = factors_of(able).items()
    shares = {name: max(variance_between(groups, values), 0.0) for name, groups in of_factors}
    by_size = sorted(shares, key=lambda name: shares[name])
    texts = [names.get(name, name.replace("_", " ")) for name in by_size]
    right.barh(texts, [100 * shares[n] for n in by_size], color=plotting.LIGHT, height=0.6)
    right.set_xlabel("variance of grid units between values (%)")
    caption = (
        "Left: every network that did not diverge; dotted: 10 cm, dashed: the error of staying at"
        " the start. Right: how much of the variance of the share of grid units of competent"
        f" networks lies between the values of each hyperparameter (n = {len(able)}; corrected for"
        " the number of values)."
    )
    return [plotting.FigureResult(name, title, figure, caption, table=thresholds(rows))]


def thresholds(rows):
    """Return shares at the published thresholds by code, beside the published shares; no null."""
    head = ("target code", "networks", "below 10 cm", "of those max60 > .8", "> 1.2", "published")
    table: list[tuple[str, ...]] = [head]
    for code, group in rows.groupby(CODE):
        able = group[group["is_competent"]]
        best = able["score_60_by_neuron_max"]
        ours = [group["is_competent"].mean(), (best > 0.8).mean(), (best > 1.2).mean()]
        theirs = ", ".join(percent(share) for share in STUDY[code][1:])
        table.append((label(code), str(len(group)), *map(percent, ours), theirs))
    return tuple(table)
