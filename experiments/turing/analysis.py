"""Turing: predicted and measured periods, spectra of networks and of codes, and patterns."""

import math
from functools import cache

import numpy as np

import gridjax as gj
from gridjax import plotting
from gridjax.metrics import (
    dos_wavenumber,
    grid_score,
    grow_patterns,
    hexagonal_period,
    pattern_covariance,
)
from gridjax.studies import DIFFERENCES, label, mark_small_boxes, with_lattices_that_fit
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
N_BINS, FEWEST, LAYOUTS = 32, 10, 8


def periods_of(evidence):
    """Return DoS networks with enough lattice units: their median period, two predictions, cm."""
    units = evidence.lattices.dropna(subset=["period_cm"])
    periods = units[units["is_lattice"]].groupby("run_id")["period_cm"].agg(["median", "size"])
    rows = evidence.networks.merge(periods[periods["size"] >= FEWEST], on="run_id")
    rows = rows[rows["place_field_values"] == DOS]
    k = [dos_wavenumber(*row) for row in rows[["place_cell_rf", "surround_scale"]].to_numpy()]
    two = np.array([100 * hexagonal_period(one) for one in k])
    return rows.assign(period_cm=rows["median"], two_cm=two, one_cm=two / math.sqrt(1.5))


def by_arm(rows):
    """Return the Difference-of-Softmaxes networks of each width and surround."""
    rows = rows[rows["place_field_values"] == DOS]
    groups = rows.groupby(["place_cell_rf", "surround_scale"])
    return {f"{100 * width:g} cm, surround {ratio:g}": group for (width, ratio), group in groups}


@cache
def pattern_share(spec):
    """Return the share of patterns above .3 on the covariance of the target code of a network."""
    grown = grow_patterns(pattern_covariance(gj.code_over_box(spec, N_BINS)), n_units=64)
    return float((np.asarray(grid_score(grown).score_60) > 0.3).mean())


def patterns(evidence):
    """Return networks with the share of patterns above .3 on the covariance of their codes."""
    rows = evidence.networks
    rows = rows[(rows["surround_scale"] == 2) | (rows["place_field_values"] == GAUSSIAN)]
    width = rows.loc[rows["place_field_values"] == GAUSSIAN, "place_cell_rf"].min()
    rows = rows[rows["place_cell_rf"] == width]
    n_codes = rows.groupby("seed")["place_field_values"].nunique()
    rows = rows[rows["seed"].isin(sorted(n_codes.index[n_codes == 2])[:LAYOUTS])]
    return rows.assign(share=[pattern_share(evidence.spec(one)) for one in rows["run_id"]])


def select(evidence):
    rows = with_lattices_that_fit(periods_of(evidence))
    error = rows[["one_cm", "two_cm"]].sub(rows["period_cm"], axis=0).abs()
    rows = rows.assign(closer_cm=error["one_cm"] - error["two_cm"])
    grown = patterns(evidence)
    codes = grown["place_field_values"]
    at = with_lattices_that_fit(evidence.peaks[evidence.peaks["place_field_values"] == DOS])
    at = at.assign(ratio=at["peak_cycles"] / at["peak_cycles_code"])
    arms = by_arm(with_lattices_that_fit(evidence.networks))
    slope = {"frame": rows, "column": "period_cm", "dose": "two_cm"}
    return {
        "slope_of_prediction": slope | {"arms": arms},
        "two_dimensions": {"frame": rows, "column": "closer_cm", "arms": arms},
        "spectrum_of_code": {"frame": at, "column": "ratio", "null": 1.0, "arms": arms},
        "patterns_need_no_network": {
            "frame": grown,
            "column": "share",
            "first": codes == DOS,
            "second": codes == GAUSSIAN,
            "within": DIFFERENCES,
        },
    }


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    rows = periods_of(competent)
    name, title = "turing", "Predicted and measured periods, and spectra"
    if competent.networks.empty:
        return [plotting.FigureResult(name, title, None, "No network has learned the task.")]
    figure = plotting.new_figure(3.4)
    left, right = figure.subplots(1, 2)
    markers = dict(zip(sorted(rows["surround_scale"].unique()), "osD^v", strict=False))
    for ratio, group in rows.groupby("surround_scale"):
        look = {"marker": markers[ratio], "ls": "none", "ms": 3.5, "alpha": 0.7}
        look["label"] = f"surround scale {ratio:g}, n = {len(group)}"
        left.plot(group["two_cm"], group["period_cm"], **look)
    left.set(xlabel="predicted period, 2-D (cm)", ylabel="measured period (cm)")
    if rows.empty:
        left.set(xticks=[], yticks=[])
        text = f"no network has\n{FEWEST} lattice units"
        left.text(0.5, 0.5, text, ha="center", va="center", transform=left.transAxes)
    else:
        shared.unity(left)
        mark_small_boxes(left, rows["two_cm"], rows)
        left.legend(loc="upper left")
    spectra = competent.spectra.merge(competent.networks[["run_id", "place_field_values"]])
    spectra = spectra[spectra["cycles_per_box"] >= 0.5]
    for code, group in spectra.groupby("place_field_values"):
        mean = group.groupby("cycles_per_box")[["power", "power_code"]].mean()
        look = {"color": plotting.colour(code)}
        right.plot(mean.index, mean["power"], label=f"{label(code)} networks", **look)
        right.plot(mean.index, mean["power_code"], ls="--", lw=1, label="their place cells", **look)
    right.set(
        xlabel="wavenumber (cycles per box)", ylabel="power (share of variance)", yscale="log"
    )
    right.set_xlim(0.5, 8)
    right.legend(loc="lower left")
    caption = (
        f"Competent networks. Left: median period of the lattice units (at least {FEWEST}) of a"
        " network against the hexagonal period of the wavenumber at which its targets have most"
        " power; a lattice unit has a significant lattice and a score above its network's null;"
        " dotted: equal; hatched: fewer than 2.5"
        " wavelengths fit the box, and the claims leave these networks out. Right: radial power of"
        " the maps (solid) and of the place cells themselves (dashed), means over networks."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
