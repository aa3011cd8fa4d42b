"""Uses of grid units: noise, precision and readouts, beside random features and other units."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

import gridjax as gj
from gridjax import metrics, plotting
from gridjax.studies import figures as shared

N_BINS, SAMPLES = 32, 100
FEWEST, MOST = 8, 64
"""Lattice units of a network that is measured; the best MOST of more are taken."""
NOISE = 0.3
"""Noise of the readouts, in root mean square rates."""
STEPS = 1000
N_TARGETS = 256
CODES = {
    "lattice": "lattice units",
    "annulus": "same spectrum",
    "others": "other units",
    "hexagonal": "hexagonal module",
    "square": "square module",
    "place": "place cells",
}
MEASURES = {
    "threshold": "noise threshold",
    "threshold_within": "... within\nhalf a period",
    "local_cm": "local error\n(cm)",
    "few_shot_cm": "few-shot\nerror (cm)",
    "navigation_cm": "navigation\nerror (cm)",
    "unexplained": "new places,\nunexplained",
}


def lattice_units(evidence):
    """Return the lattice units of each network by its run_id, the best first."""
    units = evidence.lattices
    best = units[units["is_lattice"]].sort_values("score_60_by_neuron", ascending=False)
    return dict(iter(best.groupby("run_id")))


def codes_of(network, maps, lattice, period_cm):
    """Return maps of the lattice units and of all that they are compared with, by name.

    All have equally many units and the same mean squared rate. Silent codes are left out.
    """
    spec, n = network.spec, len(lattice)
    key, width = jax.random.key(spec.seed), spec.box_width_in_m
    keys = jax.random.split(key, 5)
    rate = np.sqrt(np.nanmean(np.square(maps), axis=(1, 2)))
    rest = np.setdiff1d(np.arange(len(maps)), lattice)
    order = jnp.concatenate([lattice, rest])
    others = metrics.matched_units(order, n, jnp.asarray(rate), jnp.ones(len(rate)))
    own = maps[lattice]
    module = (n, period_cm, width, N_BINS)
    codes = {
        "lattice": own,
        "annulus": metrics.isotropic_maps(keys[0], own, 1)[:, 0],
        "others": maps[np.asarray(others)],
        "hexagonal": metrics.lattice_module(keys[1], *module),
        "square": metrics.lattice_module(keys[2], *module, "square"),
        "place": metrics.place_code(keys[3], n, 100 * spec.place_cell_rf, width, N_BINS),
    }
    active = {name: code for name, code in codes.items() if np.nanmax(np.abs(code)) > 0}
    return {name: metrics.with_unit_power(code) for name, code in active.items()}


def measures_of(maps, spec, period_cm):
    """Return the measures of one code. All codes of a network share noise, places and targets."""
    keys = jax.random.split(jax.random.key(1000 + spec.seed), 4)
    width = spec.box_width_in_m
    targets = metrics.place_code(keys[3], N_TARGETS, 100 * spec.place_cell_rf, width, N_BINS)
    within = metrics.noise_threshold(keys[0], maps, width, within_cm=period_cm / 2)
    return {
        "threshold": metrics.noise_threshold(keys[0], maps, width),
        "threshold_within": within,
        "local_cm": metrics.local_error_cm(maps, width, NOISE),
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], maps, width, NOISE).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], maps, width, NOISE).far,
        "unexplained": metrics.unexplained_shares(maps, targets, [STEPS])[0],
    }


@cache
def measured(run, run_id, lattice, period_cm):
    """Return the measures of each code of a network; nothing if its weights are not stored."""
    try:
        network = run.network(run_id)
    except gj.GridjaxError:
        return {}
    maps = np.asarray(network.rate_maps(N_BINS, SAMPLES), np.float64)
    codes = codes_of(network, maps, np.array(lattice), period_cm)
    return {name: measures_of(code, network.spec, period_cm) for name, code in codes.items()}


def with_measures(evidence):
    """Return the networks with the columns ``code.measure``; NaN with too few lattice units."""
    rows, found = evidence.networks, lattice_units(evidence)
    columns = {f"{code}.{name}": np.full(len(rows), np.nan) for code in CODES for name in MEASURES}
    n_lattice = np.zeros(len(rows), int)
    for at, (run_id, is_competent) in enumerate(
        rows[["run_id", "is_competent"]].itertuples(index=False)
    ):
        units = found.get(run_id, evidence.units[:0])
        n_lattice[at] = len(units)
        n_used = min(n_lattice[at], MOST, int(rows["Ng"].iloc[at]) // 2)
        period = float(units["period_cm"].median())
        if not is_competent or n_used < FEWEST or not np.isfinite(period):
            continue
        lattice = tuple(int(unit) for unit in units["unit"].iloc[:n_used])
        for code, values in measured(evidence.run, run_id, lattice, period).items():
            for name, value in values.items():
                columns[f"{code}.{name}"][at] = value
    return rows.assign(n_lattice=n_lattice, **columns)


def select(evidence):
    rows = with_measures(evidence)
    n_measured = int(np.isfinite(rows["lattice.local_cm"]).sum())
    remark = (
        f"{n_measured} of {int(rows['is_competent'].sum())} competent networks have at least"
        f" {FEWEST} lattice units and stored weights."
    )

    def estimate(values, null, **further):
        frame = rows.assign(value=values)
        return {"frame": frame, "column": "value", "null": null, "remark": remark, **further}

    def ratio(measure):
        values = rows[f"lattice.{measure}"] / rows[f"annulus.{measure}"]
        return estimate(values, 1.0, within=(0.0, np.inf))

    def difference(measure, **further):
        return estimate(rows[f"lattice.{measure}"] - rows[f"others.{measure}"], 0.0, **further)

    return {
        "lattice_beats_annulus": ratio("threshold"),
        "lattice_beats_annulus_within_a_period": ratio("threshold_within"),
        "lattice_is_more_precise": ratio("local_cm"),
        "grids_teach_faster": difference("few_shot_cm"),
        "grids_navigate_beyond_training": difference("navigation_cm"),
        "grids_transfer_to_new_places": difference("unexplained", within=(-1.0, 1.0)),
    }


def figures(evidence, estimates):
    name, title = "good-for", "Lattice units and what they are compared with"
    rows = with_measures(evidence.ask("competent"))
    rows = rows[np.isfinite(rows["lattice.local_cm"])]
    if rows.empty:
        reason = f"No competent network has {FEWEST} lattice units and stored weights."
        return [plotting.FigureResult(name, title, None, reason)]
    figure = plotting.new_figure(5.4)
    panels = figure.subplots(2, 3, sharex=True).ravel()
    colours = {"lattice": plotting.colour("difference_of_gaussians")}
    for axes, (measure, text) in zip(panels, MEASURES.items(), strict=True):
        for at, code in enumerate(CODES):
            column = f"{code}.{measure}"
            shared.arms(axes, [(at, rows)], column, colours.get(code, plotting.GREY), width=0.7)
        axes.set_ylabel(text)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(CODES)), list(CODES.values()), rotation=50, ha="right")
    caption = (
        "Codes of equally many units with the same mean squared rate; noise in units of its root."
        " Grey: random fields with the radial spectrum of each lattice unit (the annulus without"
        " the lattice), other units of the network with matched rates, synthetic modules of the"
        " network's median period, and place cells of the width of its own. Noise threshold: noise"
        " at which 1 % of nearest-neighbour decodings err by more than 10 cm (higher is better);"
        " everywhere else lower is better. Dots: competent networks with at least"
        f" {FEWEST} lattice units; bars: means and 95 % intervals over seeds."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
