"""Modules: their number in each network, the modes of its periods, and the width that sets them."""

import numpy as np
import pandas as pd

from gridjax import plotting
from gridjax.metrics import (
    FEWEST_MODULE_UNITS,
    benjamini_hochberg,
    dip_test,
    dos_wavenumber,
    false_module_share,
    hexagonal_period,
    modules,
)
from gridjax.studies import figures as shared
from gridjax.studies import mark_small_boxes, with_lattices_that_fit

# R3's modes by width: cm, cm
PUBLISHED = {8: 72.8, 9: 83.4, 10: 87.8, 11: 93.8, 12: 107.4, 13: 105.8, 14: 117.9, 15: 129.9}
FEWEST_NETWORKS = 8
UNKNOWN_COPIES = "The tables do not say which maps are copies of another one: every map counts."
PUBLISHED |= {16: 137.4, 17: 138.2, 18: 141.2, 19: 144.1, 20: 152.4}


def count_modules(evidence):
    """Return every network with its lattices, modules, median period (cm) and dip test.

    Lattices are distinct maps: copies of a map count once. Networks with fewer than
    FEWEST_MODULE_UNITS of them have no period and no dip test.
    """
    units = evidence.lattices.dropna(subset=["period_cm", "orientation_rad"])
    found = []
    for run_id, group in units[units["is_lattice"]].groupby("run_id"):
        period = group["period_cm"].to_numpy(float)
        one = modules(period, group["orientation_rad"].to_numpy(float))
        is_enough = len(period) >= FEWEST_MODULE_UNITS
        p = dip_test(np.log(period)).p if is_enough else np.nan
        middle = np.median(period) if is_enough else np.nan
        found.append((run_id, len(one.size), middle, len(period), p))
    names = ["run_id", "n_modules", "period_cm", "n_lattices", "dip_p"]
    rows = evidence.networks.drop(columns="n_modules").merge(
        pd.DataFrame(found, columns=names), on="run_id", how="left"
    )
    rows["width_cm"] = (100 * rows["place_cell_rf"]).round(3)
    rows["period_cm"] = rows["period_cm"].astype(float)
    rows["spectral_cm"] = rows["run_id"].map(evidence.spectral_periods).astype(float)
    return rows.fillna({"n_modules": 0, "n_lattices": 0})


def too_few(known, what, least):
    """Return that fewer than ``least`` of the competent networks have something, or ""."""
    n = int(known.sum())
    return f"{n} of {len(known)} competent networks have {what}" if n < least else ""


def remark(evidence):
    """Return that copies of a map count, if the tables do not say which maps are copies."""
    return UNKNOWN_COPIES if evidence.units["copy_of"].isna().any() else ""


def select(evidence):
    arms = {}
    fitting = with_lattices_that_fit(evidence.networks)
    for width_cm, group in fitting.groupby((100 * fitting["place_cell_rf"]).round(3)):
        arms[f"{width_cm:g} cm"] = group
    rows = with_lattices_that_fit(count_modules(evidence))
    can_have_two = rows["n_lattices"] >= 2 * FEWEST_MODULE_UNITS
    some = rows[can_have_two]
    null = (
        false_module_share(some["period_cm"].to_numpy(), some["box_width_in_m"].iloc[0])
        if len(some)
        else 0
    )
    has_period = np.isfinite(rows["period_cm"])
    tested = rows[has_period]
    tested = tested.assign(dip_q=benjamini_hochberg(tested["dip_p"].to_numpy(float)))
    logs = rows.assign(
        log_spectral=np.log(rows["spectral_cm"]),
        log_period=np.log(rows["period_cm"]),
        log_width=np.log(rows["width_cm"].astype(float)),
    )
    slope, half = {"frame": logs, "dose": "log_width"}, len(rows) / 2
    ten, twenty = (f"{n} distinct lattice maps" for n in (FEWEST_MODULE_UNITS, 20))
    counted = {"remark": remark(evidence)}
    selected = {
        "one_module": {
            "frame": some,
            "is_counted": some["n_modules"] > 1,
            "null": null,
            "unanswerable": too_few(can_have_two, twenty, FEWEST_NETWORKS),
            **counted,
        },
        "unimodal": {
            "frame": tested,
            "is_counted": tested["dip_q"] < 0.05,
            "null": 0.05,
            "unanswerable": too_few(has_period, ten, FEWEST_NETWORKS),
            **counted,
        },
        "width_sets_period": slope
        | {
            "column": "log_spectral",
            "unanswerable": too_few(
                np.isfinite(rows["spectral_cm"]), "a wavenumber of most power", half
            ),
        },
        "width_sets_lattices": slope
        | {"column": "log_period", "unanswerable": too_few(has_period, ten, half)},
    }
    return {name: arguments | {"arms": arms} for name, arguments in selected.items()}


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    rows = count_modules(competent)
    name, title = "modules", "Periods and modules by place-cell width"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network has learned the task.")]
    figure = plotting.new_figure(3.3)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    periods = competent.lattices.merge(rows[["run_id", "width_cm"]], on="run_id")
    periods = periods[periods["is_lattice"]]
    random = np.random.default_rng(0)
    moved = periods["width_cm"] + random.uniform(-0.25, 0.25, len(periods))
    left.plot(moved, periods["period_cm"], ".", ms=1.5, alpha=0.35, color=plotting.LIGHT, zorder=1)
    groups = list(rows.groupby("width_cm"))
    colour = plotting.colour("difference_of_gaussians")
    shared.arms(left, groups, "period_cm", colour, label="lattices: medians, mean, 95 %")
    beside = [(width + 0.4, group) for width, group in groups]
    shared.arms(left, beside, "spectral_cm", plotting.GREY, label="spectra: mean, 95 %")
    shared.published(left, list(PUBLISHED), list(PUBLISHED.values()), "published modes")
    widths = np.linspace(7, 21)
    theory = [100 * hexagonal_period(dos_wavenumber(w / 100, 2)) for w in widths]
    left.plot(widths, theory, color=plotting.GREY, lw=1, ls="--", label="theory, 7.55 σ", zorder=1)
    highest = np.nanmax([195, *rows["spectral_cm"]])
    left.set(xlabel="width of the place cells (cm)", ylabel="period (cm)", ylim=(0, highest + 10))
    mark_small_boxes(left, rows["width_cm"], rows)
    left.legend(loc="lower right")
    most = int(rows["n_modules"].max())
    bins = np.arange(most + 2) - 0.5
    right.hist(rows["n_modules"], bins, color=colour, rwidth=0.8)
    right.set(xlabel="modules of a network", ylabel="networks", xticks=range(most + 1))
    right.set_title(f"n = {len(rows)}")
    caption = (
        "Competent networks. Left: periods of single lattices (light dots; distinct maps with a"
        " significant lattice and a score above their network's null) and of networks (median over"
        f" at least {FEWEST_MODULE_UNITS} of them); grey, beside them: of the wavenumber at which"
        " the maps of a network have most power, which need no lattice; crosses: the study's modes;"
        " dashed: the period of the wavenumber at which targets have most power; hatched: fewer"
        " than 2.5 wavelengths fit the box, and the claims leave these networks out. Right: modules"
        " of at"
        f" least {FEWEST_MODULE_UNITS} lattices. {remark(competent)}"
    ).strip()
    return [plotting.FigureResult(name, title, figure, caption)]
