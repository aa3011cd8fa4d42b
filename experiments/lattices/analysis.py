"""Lattices: the share of units whose maps are lattices, by one factor of the setting at a time."""

from functools import cache

import numpy as np
import pandas as pd

import gridjax as gj
from gridjax import plotting
from gridjax.metrics import (
    benjamini_hochberg,
    fit_lattice,
    grid_score,
    grow_patterns,
    pattern_covariance,
)
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

N_BINS, LAYOUTS, N_PATTERNS = 32, 8, 64
FALSE_FINDINGS, LOWEST_SCORE = 0.05, 0.3
UNKNOWN_COPIES = "The tables do not say which maps are copies of another one: every map counts."
FIRST_PANEL = "field width (cm)"
FACTORS = {
    "Ng": "units",
    "weight_decay": "weight decay",
    "learning_rate": "learning rate",
    "adam_epsilon": "epsilon",
    "n_grad_steps": "steps",
    "Np": "place cells",
    "sequence_length": "moves",
    "activation": "activation",
}
"""The factors of the settings by column, with their names in the figure."""
OF_CLAIMS = {
    "Ng": (192, 512),
    "weight_decay": (1e-6, 1e-4),
    "learning_rate": (1e-3, 4e-3),
    "n_grad_steps": (5_000, 16_000),
    "sequence_length": (15, 30),
}
"""The least and the largest dose of each factor that claims are about."""


def with_lattices(evidence):
    """Return the networks with the share of their distinct maps that are lattices."""
    units = evidence.lattices
    share = units["is_lattice"].groupby(units["run_id"]).mean()
    rows = evidence.networks
    return rows.assign(share_lattice=rows["run_id"].map(share).astype(float))


def orientation_spread(evidence):
    """Return the median difference of the orientations of two lattices of a network, by run_id.

    In degrees, 0 to 30; 15 on average for independent orientations. Only networks with two lattices
    have one.
    """
    units = evidence.lattices
    units = units[units["is_lattice"] & units["orientation_rad"].notna()]
    return units.groupby("run_id")["orientation_rad"].apply(median_difference).dropna()


def median_difference(orientations):
    """Return the median difference of two orientations (radians, modulo 60 degrees) in degrees."""
    first, second = np.triu_indices(len(orientations), 1)
    values = orientations.to_numpy()
    apart = np.degrees(np.abs(values[first] - values[second])) % 60
    return np.median(np.minimum(apart, 60 - apart)) if len(first) else np.nan


def base_values(evidence):
    """Return the value of each factor in the base setting: the most frequent one of the study."""
    rows = evidence.everything
    return {factor: rows[factor].mode().iloc[0] for factor in FACTORS if len(rows)}


def base_width(evidence):
    """Return the width of the place cells of the base setting: the most frequent one."""
    return evidence.everything["place_cell_rf"].mode().max()


def in_claims(evidence, base, factor):
    """Return the values of a factor that claims are about: all, or those in OF_CLAIMS.

    Doses beyond these show where learning fails. A size whose base setting is beyond them, such as
    quick, has no such doses.
    """
    rows = varying(evidence.everything, base, factor, base_width(evidence))
    values = np.sort(rows[factor].unique())
    if factor not in OF_CLAIMS or not len(values):
        return values
    least, most = OF_CLAIMS[factor]
    if not least <= base[factor] <= most:
        return values
    return values[(values >= least) & (values <= most)]


def in_box(rows, is_larger):
    """Return the networks in the most frequent box, or those in larger ones."""
    usual = rows["box_width_in_m"].mode().min()
    return (
        rows[rows["box_width_in_m"] > usual] if is_larger else rows[rows["box_width_in_m"] == usual]
    )


def varying(rows, base, factor, width):
    """Return the networks in the usual box with the base values of all factors but one."""
    rows = in_box(rows, is_larger=False)
    fixed = [name for name in base if name != factor]
    is_one = np.logical_and.reduce([rows[name] == base[name] for name in fixed])
    return rows[is_one & (rows["place_cell_rf"] == width)]


@cache
def pattern_share(spec):
    """Return the share of lattices among the patterns on the covariance of a target code."""
    grown = grow_patterns(pattern_covariance(gj.code_over_box(spec, N_BINS)), n_units=N_PATTERNS)
    q = benjamini_hochberg(np.asarray(fit_lattice(grown, spec.box_width_in_m).p_value))
    score = np.asarray(grid_score(grown).score_60)
    return float(((q < FALSE_FINDINGS) & (score > LOWEST_SCORE)).mean())


def patterns(evidence):
    """Return one row for each layout of the base setting, with its share of lattice patterns."""
    rows, base = evidence.networks, base_values(evidence)
    rows = varying(rows, base, None, base_width(evidence)) if base else rows
    rows = rows[rows["seed"].isin(sorted(rows["seed"].unique())[:LAYOUTS])]
    return rows.assign(share=[pattern_share(evidence.spec(one)) for one in rows["run_id"]])


def by_value(rows, factor):
    """Return the networks of each value of a factor."""
    return {f"{FACTORS[factor]} {value:g}": group for value, group in rows.groupby(factor)}


def select(evidence):
    rows, base = with_lattices(evidence), base_values(evidence)
    usual = base_width(evidence)
    remark = UNKNOWN_COPIES if evidence.units["copy_of"].isna().any() else ""

    def dose(factor, logarithm):
        own = varying(rows, base, factor, usual)
        own = own[own[factor].isin(in_claims(evidence, base, factor))]
        own = own.assign(dose=logarithm(own[factor].astype(float)))
        arguments = {"frame": own, "column": "share_lattice", "dose": "dose"}
        return arguments | {"arms": by_value(own, factor)}

    def share(own, name):
        arguments = {"frame": own, "column": "share_lattice", "null": 0.01, "within": (0.0, 1.0)}
        return arguments | {"arms": {name: own}, "remark": remark}

    def difference(first, second, names):
        both = pd.concat([first, second], ignore_index=True)
        is_first = np.r_[np.ones(len(first), bool), np.zeros(len(second), bool)]
        arguments = {"frame": both, "column": "share_lattice", "within": DIFFERENCES}
        arguments |= {"remark": remark}
        arms = dict(zip(names, (first, second), strict=True))
        return arguments | {"first": is_first, "second": ~is_first, "arms": arms}

    widths = evidence.everything["place_cell_rf"]
    narrow, wide = (varying(rows, base, None, width) for width in (widths.min(), widths.max()))
    wide = wide[wide["place_cell_rf"] > widths.min()]  # none, if there is one width
    of_base = varying(rows, base, None, usual)
    activations = varying(rows, base, "activation", usual)
    relu, tanh = (activations[activations["activation"] == name] for name in ("relu", "tanh"))
    grown, larger = patterns(evidence), in_box(rows, is_larger=True)
    absent = "" if len(larger) else "no network of this size is trained in a larger box"
    return {
        "patterns_are_lattices": {
            "frame": grown,
            "column": "share",
            "null": FALSE_FINDINGS,
            "within": (0.0, 1.0),
            "arms": {"layouts": grown},
        },
        "a_third_are_lattices": share(of_base, "base"),
        "a_third_are_lattices_in_a_larger_box": share(larger, "larger box")
        | {"unanswerable": absent},
        "lattices_share_an_orientation": {
            "frame": larger.assign(
                spread=larger["run_id"].map(orientation_spread(evidence)).astype(float)
            ),
            "column": "spread",
            "null": 15.0,
            "within": (0.0, 30.0),
            "arms": {"larger box": larger},
            "unanswerable": absent,
        },
        "more_periods": difference(larger, of_base, ("larger box", "base"))
        | {"unanswerable": absent},
        "wider_fields": difference(wide, narrow, ("widest fields", "narrowest fields")),
        "more_units": dose("Ng", np.log2),
        "stronger_decay": dose("weight_decay", np.log10),
        "slower_learning": dose("learning_rate", np.log10),
        "smaller_epsilon": dose("adam_epsilon", np.log10),
        "more_steps": dose("n_grad_steps", np.log2),
        "more_place_cells": dose("Np", np.log2),
        "longer_paths": dose("sequence_length", np.log2),
        "rates_are_not_negative": difference(relu, tanh, ("relu", "tanh")),
    }


def figures(evidence, estimates):
    name, title = "lattices", "Maps that are lattices, by one factor of the setting at a time"
    competent, base = evidence.ask("competent"), base_values(evidence)
    if competent.networks.empty:
        return [plotting.FigureResult(name, title, None, "No network has learned the task.")]
    rows = with_lattices(competent)
    figure = plotting.new_figure(7.8)
    colour = plotting.colour("difference_of_gaussians")
    panels = figure.subplots(3, 3, sharey=True).ravel()
    widths = sorted(rows["place_cell_rf"].unique())
    own = [(at, varying(rows, base, None, width)) for at, width in enumerate(widths)]
    shown = {f"base, {100 * w:g} cm": group for w, (_, group) in zip(widths, own, strict=True)}
    larger = in_box(rows, is_larger=True)
    if len(larger):
        side = larger["box_width_in_m"].iloc[0]
        shown[f"box of {side:g} m"] = larger
        draw(panels[0], [*own, (len(own), larger)], labels_of(widths, side), FIRST_PANEL, colour)
    else:
        draw(panels[0], own, labels_of(widths), FIRST_PANEL, colour)
    for axes, (factor, text) in zip(panels[1:], FACTORS.items(), strict=True):
        groups = list(varying(rows, base, factor, base_width(evidence)).groupby(factor))
        others = [(value, group) for value, group in groups if value != base[factor]]
        shown |= {f"{text}, {written(value)}": group for value, group in others}
        labels = [written(one) for one, _ in groups]
        draw(axes, [(at, group) for at, (_, group) in enumerate(groups)], labels, text, colour)
    for axes in panels[::3]:
        axes.set_ylabel("lattices (%)")
        axes.set_ylim(bottom=0)
    caption = (
        "Share of the distinct maps of a network (copies count once) with a significant lattice"
        " (q < .05 over these maps) and a score above .3 and above the 99th percentile of the"
        " network's own random readouts. Dots: competent networks; bars: means and 95 % intervals"
        " over seeds; numbers on top: networks. Each panel changes one factor of the base setting."
        " Doses with fewer seeds are in no claim: they show where learning fails."
    )
    if competent.units["copy_of"].isna().any():
        caption += f" {UNKNOWN_COPIES}"
    maps = shared.best_maps(competent, shown, "lattices-maps")
    return [plotting.FigureResult(name, title, figure, caption), maps]


def labels_of(widths, larger_side=None):
    """Return the labels of the widths, and of a larger box."""
    labels = [f"{100 * width:g}" for width in widths]
    return labels if larger_side is None else [*labels, f"{100 * widths[-1]:g},\n{larger_side:g} m"]


def written(value):
    """Return a value as a short label: 1e-4 in place of 0.0001."""
    if isinstance(value, str):
        return value
    return f"{value:.0e}".replace("e-0", "e-") if 0 < value < 0.01 else f"{value:g}"


def draw(axes, groups, labels, text, colour):
    """Draw the shares of the networks of each value of a factor."""
    groups = [(at, group) for at, group in groups if len(group)]
    if groups:
        shared.arms(axes, groups, "share_lattice", colour, factor=100)
        shared.counts(axes, groups)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlabel(text)
