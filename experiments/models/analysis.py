"""Models of other groups: grid units, lattices and modules of each, by one evaluation."""

import numpy as np

import gridjax as gj
from gridjax import plotting
from gridjax.metrics import mean_interval
from gridjax.studies import DIFFERENCES, percent
from gridjax.studies import figures as shared

MODELS = {
    "piso": ("PIso", "code_size"),
    "identity_rnn": ("distances, recurrent", "state_distance_per_m"),
    "position_mlp": ("distances, feed-forward", "state_distance_per_m"),
    "action": ("SIC", "distance_range_m"),
    "leaky_0": ("place code, no leak", "place_cell_rf"),
    "leaky_30": ("place code, leak .3", "place_cell_rf"),
    "spacenet": ("SpaceNet", "distance_range_m"),
    "conformal_linear": ("conformal, linear", "state_distance_per_m"),
    "conformal_nonlinear": ("conformal, nonlinear", "state_distance_per_m"),
    "conformal_additive": ("conformal, additive", "state_distance_per_m"),
    "waves": ("actionable plane", "distance_range_m"),
    "components": ("non-negative components", None),
}
"""Cell -> name of the model, and the parameter that sets the scale of its maps."""
SHARES = (0.0, 1.0)
CHANCE_LATTICES, CHANCE_MODULES = 0.05, 0.05
N_PATHS, SHUFFLES = 4000, 99
"""Samples and shuffles of the heading tuning of one network of each model."""
KNOWS_PLACE = 0.5
"""Largest error of a linear readout of the position, over that of a constant answer."""


def of_cell(rows, cell):
    return rows[rows["rnn_type"] == cell]


def select(evidence):
    rows = evidence.networks

    def mean(cell, column, null, **values):
        own = of_cell(rows, cell)
        for name, value in values.items():
            own = own[own[name] == value]
        arguments = {"frame": own, "column": column, "null": null, "within": SHARES}
        return arguments | {"arms": {MODELS[cell][0]: own}}

    def grids(cell, **values):
        return mean(cell, "share_grid", evidence.chance_share, **values)

    def leak(column, **within):
        own = rows[rows["rnn_type"].isin(("leaky_0", "leaky_30"))]
        first = own["rnn_type"] == "leaky_30"
        arms = {"leak .3": own[first], "no leak": own[~first]}
        return {"frame": own, "column": column, "first": first, "second": ~first, **within} | {
            "arms": arms
        }

    sic, linear = of_cell(rows, "action"), of_cell(rows, "conformal_linear")
    linear = linear.assign(
        log_period=np.log(linear["module_period_cm"].astype(float)),
        log_scale=np.log(linear["state_distance_per_m"].astype(float)),
    )
    return {
        "piso_grids": grids("piso"),
        "distances_grids": grids("identity_rnn"),
        "distances_grids_without_moves": grids("position_mlp"),
        "sic_modules": {
            "frame": sic,
            "is_counted": sic["n_modules"] > 1,
            "null": CHANCE_MODULES,
            "arms": {"SIC": sic},
        },
        "leak_improves_grids": leak("share_grid", within=DIFFERENCES),
        "leak_improves_accuracy": leak("decode_err_ml_cm_T50"),
        "spacenet_no_grids": grids("spacenet"),
        "conformal_linear_grids": grids("conformal_linear", state_distance_per_m=10.0),
        "conformal_nonlinear_grids": grids("conformal_nonlinear"),
        "conformal_additive_grids": grids("conformal_additive"),
        "conformal_scale": {
            "frame": linear,
            "column": "log_period",
            "dose": "log_scale",
            "arms": {"conformal, linear": linear},
        },
        "actionable_lattices": mean("waves", "share_with_lattice", CHANCE_LATTICES),
        "components_lattices": mean("components", "share_with_lattice", CHANCE_LATTICES),
    }


def trained_models(rows):
    """Return the cells of the models with networks, in the order of the page."""
    return [cell for cell in MODELS if len(of_cell(rows, cell))]


def knows_place(rows):
    """Return whether each network knows its position: competent, or by a linear readout."""
    error = rows["readout_err_cm"] / rows["readout_chance_err_cm"]
    return np.where(rows["place_loss_weight"] > 0, rows["is_competent"], error < KNOWS_PLACE)


def null_score(rows):
    """Return the score above which a unit of each network exceeds chance."""
    own = rows[["untrained_99", "isotropic_99", "shuffled_99"]].max(axis=1)
    return rows["null_99"].fillna(own).clip(lower=0.3)


def with_interval(shares):
    """Return the mean of shares of networks, with its 95 % interval if there is one."""
    mean, low, high = mean_interval(shares.to_numpy(float), within=SHARES)
    between = f" ({100 * low:.0f} to {100 * high:.0f})" if np.isfinite(high - low) else ""
    return f"{percent(mean)}{between}"


def share_tuned_to_heading(evidence, rows):
    """Return the share of units of the first network that are tuned to the heading, at p = .01.

    NaN if its weights are not stored.
    """
    try:
        network = evidence.run.network(rows["run_id"].iloc[0])
        found = network.heading_tuning(N_PATHS, n_shuffles=SHUFFLES)
    except gj.GridjaxError:
        return np.nan
    return (found.p_value <= 1 / (1 + SHUFFLES)).mean()


def table(evidence, rows):
    """Return one row of text for each model."""
    head = "model, networks, know their position, grid units (95 %), null score, with a lattice"
    head += ", modules, period over box, clustering of phases, tuned to heading, scale parameter"
    lines: list[tuple[str, ...]] = [tuple(head.split(", "))]
    for cell in trained_models(rows):
        own = of_cell(rows, cell)
        name, parameter = MODELS[cell]
        scales = sorted(own[parameter].unique()) if parameter else ()
        period = (own["module_period_cm"] / (100 * own["box_width_in_m"])).median()
        clustering = own["module_phase_clustering"].median()
        tuned = share_tuned_to_heading(evidence, own)
        line = (
            name,
            f"{len(own)}",
            percent(knows_place(own).mean()),
            with_interval(own["share_grid"]),
            f"{null_score(own).mean():.2f}",
            percent(own["share_with_lattice"].mean()),
            f"{own['n_modules'].mean():.1f}",
            f"{period:.2f}" if np.isfinite(period) else "–",
            f"{clustering:.2f}" if np.isfinite(clustering) else "–",
            percent(tuned) if np.isfinite(tuned) else "–",
            f"{parameter} {', '.join(f'{one:g}' for one in scales)}" if parameter else "–",
        )
        lines.append(line)
    return tuple(lines)


def best_map(evidence, rows):
    """Return the map of the unit with the best score of the first network; None without maps."""
    try:
        return np.asarray(evidence.run.rate_maps(rows["run_id"].iloc[0])[0])
    except gj.GridjaxError:
        return None


def maps_figure(evidence, rows):
    """Draw one map of each model in one row."""
    cells = trained_models(rows)
    maps = {cell: best_map(evidence, of_cell(rows, cell)) for cell in cells}
    maps = {cell: rates for cell, rates in maps.items() if rates is not None}
    name, title = "maps", "The unit with the highest grid score of one network of each model"
    if not maps:
        return plotting.FigureResult(name, title, None, "No rate maps are stored.")
    figure = plotting.new_figure(1.2)
    for axes, (cell, rates) in zip(
        figure.subplots(1, len(maps), squeeze=False)[0], maps.items(), strict=True
    ):
        axes.imshow(np.ma.masked_invalid(rates.T), origin="lower", cmap=plotting.COLOUR_MAP)
        axes.set_axis_off()
        axes.set_title(MODELS[cell][0].replace(", ", ",\n").replace(" ", "\n", 1), fontsize=4.5)
    caption = (
        "Rate maps over the box of each model, whose sides differ. Each is the best of its network"
        " by score60: it does not show how many units are like it."
    )
    return plotting.FigureResult(name, title, figure, caption)


def figures(evidence, estimates):
    rows = evidence.ask("all").networks
    cells = trained_models(rows)
    name, title = "models", "Grid units, lattices and modules of each model"
    if not cells:
        return [plotting.FigureResult(name, title, None, "No network is finished.")]
    rows = rows.assign(readout=rows["readout_err_cm"] / rows["readout_chance_err_cm"])
    figure = plotting.new_figure(4.6)
    columns = {
        "share_grid": ("grid units (%)", 100),
        "share_with_lattice": ("units with a lattice (%)", 100),
        "n_modules": ("modules", 1),
        "readout": ("readout error over chance", 1),
    }
    panels = figure.subplots(2, 2, sharex=True).ravel()
    groups = [(at, of_cell(rows, cell)) for at, cell in enumerate(cells)]
    for axes, (column, (text, factor)) in zip(panels, columns.items(), strict=True):
        shared.arms(axes, groups, column, plotting.colour("gaussian"), factor=factor)
        axes.set_ylabel(text)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(cells)), [MODELS[cell][0] for cell in cells], rotation=90)
    for axes, chance in zip(panels, (evidence.chance_share, CHANCE_LATTICES), strict=False):
        axes.axhline(100 * chance, color=plotting.GREY, lw=0.8, ls=":")
    caption = (
        "Dots: networks; large dots and bars: means and 95 % intervals over seeds. Grid units have"
        " a score60 above .3 and above the 99th percentile of each null of their network (random"
        " readouts, or the untrained network, isotropic fields and shuffled bins). Dotted: chance."
        " A network without outputs knows its position if a linear readout of its units has less"
        " than half of the error of a constant answer. Tuned to heading: share of the units of one"
        " network whose rate depends on the heading at a given position, at p = .01 (chance 1 %)."
    )
    drawn = plotting.FigureResult(name, title, figure, caption, table=table(evidence, rows))
    return [drawn, maps_figure(evidence, rows)]
