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

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
N_BINS, FEWEST, LAYOUTS = 32, 10, 8
LARGEST_ERROR = math.log(1.1)
"""Largest error of the logarithm of a period that a formula predicts: 10 %."""
UNKNOWN_COPIES = "The tables do not say which maps are copies of another one: every map counts."


def periods_of(evidence):
    """Return DoS networks with two measured periods and two predictions, cm.

    ``spectral_cm`` is the period of the wavenumber at which their maps have most power,
    ``lattice_cm`` the median of their lattices: distinct maps, NaN with fewer than ten.
    """
    units = evidence.lattices.dropna(subset=["period_cm"])
    lattices = units[units["is_lattice"]].groupby("run_id")["period_cm"].agg(["median", "size"])
    of_lattices = lattices.loc[lattices["size"] >= FEWEST, "median"]
    rows = evidence.networks
    rows = rows[rows["place_field_values"] == DOS]
    k = [dos_wavenumber(*row) for row in rows[["place_cell_rf", "surround_scale"]].to_numpy()]
    two = np.array([100 * hexagonal_period(one) for one in k])
    return rows.assign(
        spectral_cm=rows["run_id"].map(evidence.spectral_periods).astype(float),
        lattice_cm=rows["run_id"].map(of_lattices).astype(float),
        two_cm=two,
        one_cm=two / math.sqrt(1.5),
    )


def too_few(known, what):
    """Return that fewer than half of the competent networks have a period, or ""."""
    n = int(np.isfinite(known).sum())
    return f"{n} of {len(known)} competent networks have {what}" if 2 * n < len(known) else ""


def margin(rows):
    """Return how much nearer a spectral period is to the two-dimensional prediction.

    It is the difference of the errors of the logarithm, but at most what the error of the
    two-dimensional prediction is below 10 %: negative if that prediction is wrong itself.
    """
    period = np.log(rows["spectral_cm"])
    one, two = (np.abs(period - np.log(rows[name])) for name in ("one_cm", "two_cm"))
    return np.minimum(one - two, LARGEST_ERROR - two)


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
    rows = rows.assign(margin=margin(rows))
    no_peak = too_few(rows["spectral_cm"], "a wavenumber of most power")
    no_lattices = too_few(rows["lattice_cm"], f"{FEWEST} distinct lattice maps")
    grown = patterns(evidence)
    codes = grown["place_field_values"]
    at = with_lattices_that_fit(evidence.peaks[evidence.peaks["place_field_values"] == DOS])
    at = at.assign(ratio=at["peak_cycles"] / at["peak_cycles_code"])
    arms = by_arm(with_lattices_that_fit(evidence.networks))
    slope = {"frame": rows, "dose": "two_cm", "arms": arms}
    return {
        "slope_of_prediction": slope | {"column": "spectral_cm", "unanswerable": no_peak},
        "slope_of_lattices": slope | {"column": "lattice_cm", "unanswerable": no_lattices},
        "two_dimensions": {
            "frame": rows,
            "column": "margin",
            "arms": arms,
            "unanswerable": no_peak,
        },
        "spectrum_of_code": {"frame": at, "column": "ratio", "null": 1.0, "arms": arms},
        "patterns_need_no_network": {
            "frame": grown,
            "column": "share",
            "first": codes == DOS,
            "second": codes == GAUSSIAN,
            "within": DIFFERENCES,
            "arms": {f"layouts, {label(code)}": grown[codes == code] for code in (DOS, GAUSSIAN)},
        },
    }


def draw_periods(axes, rows):
    """Draw measured periods against predicted ones; surrounds are side by side."""
    ratios = sorted(rows["surround_scale"].unique())
    width = np.ptp(rows["two_cm"]) or 0.1 * rows["two_cm"].mean()
    for at, ratio in enumerate(ratios):
        group = rows[rows["surround_scale"] == ratio]
        seeds = group["seed"].rank(method="dense", pct=True) - 0.5
        x = group["two_cm"] + width * (0.06 * (at - (len(ratios) - 1) / 2) + 0.04 * seeds)
        look = {"marker": "osD^v"[at % 5], "ls": "none", "ms": 3.5, "alpha": 0.7}
        look["label"] = f"surround scale {ratio:g}, n = {len(group)}"
        axes.plot(x, group["spectral_cm"], **look)
        look |= {"mfc": "none", "ms": 6, "color": axes.lines[-1].get_color(), "label": "_"}
        axes.plot(x, group["lattice_cm"], **look)
    ends = rows["two_cm"].min() - 0.1 * width, rows["two_cm"].max() + 0.1 * width
    axes.plot(ends, ends, color=plotting.GREY, lw=0.8, ls=":", zorder=1)
    sides = rows["box_width_in_m"].unique()
    if len(sides) == 1 and rows["spectral_cm"].max() > 100 * sides[0]:
        axes.axhline(100 * sides[0], color=plotting.GREY, lw=0.8, ls="--", zorder=1)
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # room for the legend
    mark_small_boxes(axes, rows["two_cm"], rows)
    axes.legend(loc="upper left")


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    rows = periods_of(competent)
    name, title = "turing", "Predicted and measured periods, and spectra"
    if competent.networks.empty:
        return [plotting.FigureResult(name, title, None, "No network has learned the task.")]
    figure = plotting.new_figure(3.4)
    left, right = figure.subplots(1, 2)
    left.set(xlabel="predicted period, 2-D (cm)", ylabel="measured period (cm)")
    if rows.empty:
        left.set(xticks=[], yticks=[])
        text = "no network of\nDifference of Softmaxes"
        left.text(0.5, 0.5, text, ha="center", va="center", transform=left.transAxes)
    else:
        draw_periods(left, rows)
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
        "Competent networks. Left: hexagonal period of the wavenumber at which the maps of a"
        " network have most power, against that of its targets; hollow: median period of its"
        f" lattices (at least {FEWEST} distinct maps with a significant lattice and a score above"
        " the network's null); dotted: equal; dashed: the side of the box, if some periods are"
        " longer. Points of different surrounds and seeds are shifted sideways. Hatched: fewer than"
        " 2.5 wavelengths fit the box, and the claims leave these networks out. Right: radial power"
        " of the maps (solid) and of the place cells themselves (dashed), means over networks."
    )
    if competent.units["copy_of"].isna().any():
        caption += f" {UNKNOWN_COPIES}"
    return [plotting.FigureResult(name, title, figure, caption)]
