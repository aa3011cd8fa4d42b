"""Volume: classes of the units of networks in a cube, by target code, activation and motion."""

import numpy as np
import pandas as pd

from gridjax import plotting
from gridjax.metrics import dos_wavenumber
from gridjax.studies import DIFFERENCES, without_gain
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
PERIODS = {
    **dict.fromkeys(("bcc", "fcc", "hcp"), np.sqrt(1.5)),
    "columns": 2 / np.sqrt(3),
    **dict.fromkeys(("sc", "lamellae"), 1.0),
}
"""Expected distance of the nearest fields (columns, planes) by lattice, in wavelengths of k*.

They are those of waves of one length; HCP is packed as FCC is. Local order is no sum of waves.
"""
CLASSES = (*PERIODS, "local")
FEWEST_UNITS = 10
"""Units with a lattice that the median period of a network needs."""
FEWEST_DISTANCES = 2.5
"""Distances between fields along a side that local order needs to be found in most maps."""
ORDERED = 0.01


def measured(evidence):
    """Return the networks with the columns of the claims."""
    rows, units = evidence.networks, evidence.units
    wavelength = [
        100 * 2 * np.pi / dos_wavenumber(width, ratio)
        for width, ratio in zip(rows["place_cell_rf"], rows["surround_scale"], strict=True)
    ]
    of_units = share_classed(units, "run_id")
    of_readouts = share_classed(evidence.run.nulls, "null_id")
    local_gain = rows["share_local"] - rows["null_share_local"]
    rows = rows.assign(
        wavelength_cm=np.array(wavelength, float),
        share_classed=rows["run_id"].map(of_units).astype(float),
        null_share_classed=rows["null_id"].map(of_readouts).astype(float),
        local_gain=local_gain,
        local_only=np.minimum(local_gain, rows["share_local"] - rows["share_lattice"]),
        bcc_minus_fcc=rows["share_bcc"] - rows["share_fcc"],
    )
    return rows.assign(
        order_gain=rows["share_classed"] - rows["null_share_classed"],
        period_ratio=rows["run_id"].map(period_ratios(rows, units)).astype(float),
    )


def share_classed(maps, owner):
    """Return the share of maps with an ordered spectrum and a class, by the owner of the maps.

    Maps that are large along a wall are ordered, too, but have the class "none".
    """
    is_classed = (maps["order_p_value"] <= ORDERED) & maps["lattice"].isin(CLASSES)
    return is_classed.groupby(maps[owner]).mean()


def period_ratios(rows, units):
    """Return the median period of lattices over that expected of their class, by run_id."""
    known = units[units["lattice"].isin(list(PERIODS))].dropna(subset=["period_cm"])
    known = known.merge(rows[["run_id", "wavelength_cm"]], on="run_id")
    expected = known["lattice"].map(PERIODS).astype(float) * known["wavelength_cm"]
    groups = (known["period_cm"] / expected).groupby(known["run_id"])
    return groups.median()[groups.size() >= FEWEST_UNITS]


def too_small(rows):
    """Return that too few distances between fields fit along a side for local order, or nothing."""
    sides_cm = 100 * rows[["box_width_in_m", "box_height_in_m"]].min(axis=1)
    distances = sides_cm / (PERIODS["bcc"] * rows["wavelength_cm"])
    if rows.empty or distances.min() >= FEWEST_DISTANCES:
        return ""
    return (
        f"the cube holds {distances.min():.1f} distances between fields along each side; local"
        f" order is found in most maps from {FEWEST_DISTANCES} on"
    )


def arm(rows, name):
    """Return the networks of an arm."""
    code, activation, motion = ARMS[name]
    is_one = rows["place_field_values"] == code
    return rows[is_one & (rows["activation"] == activation) & (rows["motion"] == motion)]


def select(evidence):
    rows = measured(evidence)
    base = arm(rows, "DoS, relu")

    def mean(column, null=0.0, within=DIFFERENCES, of="DoS, relu"):
        frame = arm(rows, of)
        arguments = {"frame": frame, "column": column, "null": null, "within": within}
        return arguments | {"arms": {of: frame}}

    def local(column, of="DoS, relu"):
        return mean(column, of=of) | {"unanswerable": too_small(arm(rows, of))}

    def difference(first, second, column, unanswerable="", within=DIFFERENCES):
        one, other = arm(rows, first), arm(rows, second)
        both = pd.concat([one, other], ignore_index=True)
        is_first = np.r_[np.ones(len(one), bool), np.zeros(len(other), bool)]
        arguments = {"frame": both, "column": column, "within": within}
        return arguments | {
            "first": is_first,
            "second": ~is_first,
            "arms": {first: one, second: other},
            "unanswerable": unanswerable,
        }

    def order(first, second):
        # both shares are above those of readouts: a difference of two differences
        both = {name: arm(rows, name) for name in (first, second)}
        reason = without_gain(both, "order_gain", "ordered units", "random readouts")
        return difference(first, second, "order_gain", reason, (-2.0, 2.0))

    return {
        "local_order_only": local("local_only"),
        "ordered_relu": mean("order_gain"),
        "bcc_not_fcc": mean("bcc_minus_fcc"),
        "tanh_loses_order": order("DoS, relu", "DoS, tanh"),
        "gaussian_has_less_order": order("DoS, relu", "Gaussian, relu"),
        "gaussian_has_order": mean("order_gain", of="Gaussian, relu"),
        "gaussian_has_no_local_order": local("local_gain", of="Gaussian, relu"),
        "flattened_motion_gives_columns": difference(
            "DoS, relu, flattened", "DoS, relu", "share_columns"
        ),
        "planar_paths_keep_order": order("DoS, relu, planar", "DoS, relu"),
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
    columns = {"share_classed": "ordered", "share_local": "local order", "share_lattice": "lattice"}
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
        "Share of units of competent networks: ordered (p of the order at most .01, and a lattice"
        " or local order), with local order of their fields, and with any lattice. Dots: networks;"
        " bars: means and 95 % intervals over seeds; grey: random readouts of the target codes;"
        " numbers on top: networks."
    )
    of_classes = plotting.FigureResult(name, title, figure, caption)
    return [of_classes, shared.volumes(competent)]
