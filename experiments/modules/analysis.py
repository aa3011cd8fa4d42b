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
PUBLISHED |= {16: 137.4, 17: 138.2, 18: 141.2, 19: 144.1, 20: 152.4}


def count_modules(evidence):
    """Return every network with its lattice units, modules, median period (cm) and dip test.

    Networks with fewer than FEWEST_MODULE_UNITS lattice units have no period and no dip test.
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
    rows = rows.fillna({"n_modules": 0, "n_lattices": 0})
    return rows.assign(dip_q=benjamini_hochberg(rows["dip_p"].to_numpy(float)))


def select(evidence):
    arms = {}
    fitting = with_lattices_that_fit(evidence.networks)
    for width_cm, group in fitting.groupby((100 * fitting["place_cell_rf"]).round(3)):
        arms[f"{width_cm:g} cm"] = group
    rows = with_lattices_that_fit(count_modules(evidence))
    some = rows[rows["n_modules"] > 0]
    null = (
        false_module_share(some["period_cm"].to_numpy(), some["box_width_in_m"].iloc[0])
        if len(some)
        else 0
    )
    tested = rows[np.isfinite(rows["dip_q"])]
    logs = rows.assign(
        log_period=np.log(rows["period_cm"].astype(float)),
        log_width=np.log(rows["width_cm"].astype(float)),
    )
    selected = {
        "one_module": {"frame": some, "is_counted": some["n_modules"] > 1, "null": null},
        "unimodal": {"frame": tested, "is_counted": tested["dip_q"] < 0.05, "null": 0.05},
        "width_sets_period": {"frame": logs, "column": "log_period", "dose": "log_width"},
    }
    return {name: arguments | {"arms": arms} for name, arguments in selected.items()}


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    rows = count_modules(competent)
    name, title = "modules", "Periods and modules by place-cell width"
    if not rows["n_lattices"].any():
        reason = "No unit of a competent network has a lattice."
        return [plotting.FigureResult(name, title, None, reason)]
    figure = plotting.new_figure(3.3)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    periods = competent.lattices.merge(rows[["run_id", "width_cm"]], on="run_id")
    periods = periods[periods["is_lattice"]]
    random = np.random.default_rng(0)
    moved = periods["width_cm"] + random.uniform(-0.25, 0.25, len(periods))
    left.plot(moved, periods["period_cm"], ".", ms=1.5, alpha=0.35, color=plotting.LIGHT, zorder=1)
    groups = list(rows.groupby("width_cm"))
    colour = plotting.colour("difference_of_gaussians")
    shared.arms(left, groups, "period_cm", colour, label="networks' medians, mean, 95 %")
    shared.published(left, list(PUBLISHED), list(PUBLISHED.values()), "published modes")
    widths = np.linspace(7, 21)
    theory = [100 * hexagonal_period(dos_wavenumber(w / 100, 2)) for w in widths]
    left.plot(widths, theory, color=plotting.GREY, lw=1, ls="--", label="theory, 7.55 σ", zorder=1)
    left.set(xlabel="width of the place cells (cm)", ylabel="period (cm)", ylim=(0, 205))
    mark_small_boxes(left, rows["width_cm"], rows)
    left.legend(loc="lower right")
    most = int(rows["n_modules"].max())
    bins = np.arange(most + 2) - 0.5
    right.hist(rows["n_modules"], bins, color=colour, rwidth=0.8)
    right.set(xlabel="modules of a network", ylabel="networks", xticks=range(most + 1))
    right.set_title(f"n = {len(rows)}")
    caption = (
        "Competent networks. Left: periods of single lattice units (grey dots) and of networks"
        f" (median over their lattice units, at least {FEWEST_MODULE_UNITS}); a lattice unit has a"
        " significant lattice and a score above its network's null; crosses: the study's modes;"
        " dashed: the period of the wavenumber with most power; hatched: fewer than 2.5 wavelengths"
        " fit the box, and the claims leave these networks out. Right: modules of at least"
        f" {FEWEST_MODULE_UNITS} lattice units."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
