"""Volume: classes of the units of networks in a cube, by target code, activation and motion."""

import numpy as np
import pandas as pd

from gridjax import plotting
from gridjax.metrics import dos_wavenumber
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
ISOTROPIC, FLATTENED, PLANAR = "walk", "flattened_walk", "planar_walk"
ARMS = {
    "DoS, relu": (DOS, "relu", ISOTROPIC),
    "DoS, tanh": (DOS, "tanh", ISOTROPIC),
    "Gaussian, relu": (GAUSSIAN, "relu", ISOTROPIC),
    "Gaussian, tanh": (GAUSSIAN, "tanh", ISOTROPIC),
    "DoS, relu, flattened": (DOS, "relu", FLATTENED),
    "DoS, relu, planar": (DOS, "relu", PLANAR),
}
"""The arms of the claims; paths are isotropic where nothing else is said."""
NEIGHBOURS = np.sqrt(1.5)
"""Distance of the nearest fields of BCC and of FCC, in wavelengths of their waves."""
ORDERED = 0.01


def measured(evidence):
    """Return the networks with the columns of the claims."""
    rows = evidence.networks
    units = evidence.units
    ordered = units[units["order_p_value"] <= ORDERED]
    gap = (ordered["symmetry_bcc"] - ordered["symmetry_fcc"]).groupby(ordered["run_id"]).mean()
    period = units.dropna(subset=["period_cm"]).groupby("run_id")["period_cm"].median()
    wavelength = [
        100 * 2 * np.pi / dos_wavenumber(width, ratio)
        for width, ratio in zip(rows["place_cell_rf"], rows["surround_scale"], strict=True)
    ]
    only = rows["share_local"] - rows["share_lattice"]
    null = rows["null_share_local"] - rows["null_share_lattice"]
    return rows.assign(
        local_only=only - null,
        order_gain=rows["share_ordered"] - rows["null_share_ordered"],
        bcc_minus_fcc=rows["run_id"].map(gap).astype(float),
        period_ratio=rows["run_id"].map(period).astype(float) / (NEIGHBOURS * np.array(wavelength)),
    )


def arm(rows, name):
    """Return the networks of an arm."""
    code, activation, motion = ARMS[name]
    is_one = rows["place_field_values"] == code
    return rows[is_one & (rows["activation"] == activation) & (rows["motion"] == motion)]


def select(evidence):
    rows = measured(evidence)
    base = arm(rows, "DoS, relu")

    def mean(column, null=0.0, within=DIFFERENCES):
        arguments = {"frame": base, "column": column, "null": null, "within": within}
        return arguments | {"arms": {"DoS, relu": base}}

    def difference(first, second, column):
        one, other = arm(rows, first), arm(rows, second)
        both = pd.concat([one, other], ignore_index=True)
        is_first = np.r_[np.ones(len(one), bool), np.zeros(len(other), bool)]
        arguments = {"frame": both, "column": column, "within": DIFFERENCES}
        return arguments | {
            "first": is_first,
            "second": ~is_first,
            "arms": {first: one, second: other},
        }

    return {
        "local_order_only": mean("local_only", within=(-4.0, 4.0)),
        "ordered_relu": mean("order_gain"),
        "bcc_not_fcc": mean("bcc_minus_fcc", within=(-2.0, 2.0)),
        "tanh_loses_order": difference("DoS, relu", "DoS, tanh", "order_gain"),
        "gaussian_has_less_order": difference("DoS, relu", "Gaussian, relu", "order_gain"),
        "flattened_motion_gives_columns": difference(
            "DoS, relu, flattened", "DoS, relu", "share_columns"
        ),
        "planar_paths_keep_order": difference("DoS, relu, planar", "DoS, relu", "order_gain"),
        "period_as_predicted": mean("period_ratio", null=1.0, within=(0.0, np.inf)),
        "cubes_are_learned": {
            "frame": base,
            "is_counted": base["is_competent"],
            "arms": {"DoS, relu": base},
        },
    }


def figures(evidence, estimates):
    name, title = "classes", "Units with order in a cube"
    competent = evidence.ask("competent")
    if competent.networks.empty:
        return [plotting.FigureResult(name, title, None, "No network has learned the task.")]
    rows = measured(competent)
    groups = [(at, arm(rows, one)) for at, one in enumerate(ARMS)]
    groups = [(at, group) for at, group in groups if len(group)]
    beside = [(at + 0.35, group) for at, group in groups]
    figure = plotting.new_figure(3.0)
    panels = figure.subplots(1, 3, sharex=True)
    colour = plotting.colour(DOS)
    columns = {"share_ordered": "ordered", "share_local": "local order", "share_lattice": "lattice"}
    for axes, (column, text) in zip(panels, columns.items(), strict=True):
        shared.arms(axes, groups, column, colour, factor=100)
        shared.arms(
            axes, beside, f"null_{column}", plotting.GREY, marker="s", factor=100, width=0.5
        )
        axes.set_xticks(range(len(ARMS)), ARMS, rotation=60, ha="right")
        axes.set_title(text, pad=14)
        axes.set_ylabel("units (%)" if axes is panels[0] else "")
        axes.set_ylim(bottom=-1)
    shared.counts(panels[-1], groups)
    caption = (
        "Share of units of competent networks: ordered (p of the order at most .01), with local"
        " order of their fields, and with any lattice. Dots: networks; bars: means and 95 %"
        " intervals over seeds; grey: random readouts of the target codes; numbers on top:"
        " networks."
    )
    of_classes = plotting.FigureResult(name, title, figure, caption)
    return [of_classes, shared.volumes(competent)]
