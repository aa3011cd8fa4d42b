"""Models of other groups: grid units, lattices and modules of each, by one evaluation."""

import numpy as np

import gridjax as gj
from gridjax import plotting
from gridjax.metrics import mean_interval
from gridjax.studies import figures as shared
from gridjax.studies import percent

from . import place_in_states as place

MODELS = {
    "piso": ("PIso", "code_size"),
    "identity_rnn": ("distances, recurrent", "state_distance_per_m"),
    "position_mlp": ("distances, feed-forward", "state_distance_per_m"),
    "action": ("SIC", "distance_range_m"),
    "spacenet": ("SpaceNet", "distance_range_m"),
    "conformal_linear": ("conformal, linear", "state_distance_per_m"),
    "conformal_nonlinear": ("conformal, nonlinear", "state_distance_per_m"),
    "conformal_additive": ("conformal, additive", "state_distance_per_m"),
    "waves": ("actionable plane", "distance_range_m"),
    "components": ("non-negative components", None),
}
"""Cell -> name of the model, and the parameter that sets the scale of its maps."""
INTEGRATORS = ("identity_rnn", "action")
"""Cells that receive the moves and no position."""
SHARES = (0.0, 1.0)
CHANCE_LATTICES, CHANCE_MODULES = 0.05, 0.05
N_PATHS, SHUFFLES = 4000, 99
"""Samples and shuffles of the heading tuning of one network of each model."""
KNOWS_PLACE = 0.5
"""Largest error of a linear readout of the position, over that of a constant answer; least share of
the variance of an integrator's states that its position explains."""
FEWEST, LEAST_SHARE = 8, 0.5
"""Integrators that know their place, for a verdict: their number, and their share of a model."""


def of_cell(rows, cell):
    return rows[rows["rnn_type"] == cell]


def of_active(rows):
    """Return the networks with two shares of their active units: with grids, and with a lattice.

    A unit is active if its map varies. A network without an active unit has shares of 0.
    """
    active = rows["share_active"]

    def share(column):
        return (rows[column] / active).where(active > 0, rows[column] * 0.0).clip(upper=1.0)

    return rows.assign(
        share_grid_active=share("share_grid"), share_lattice_active=share("share_with_lattice")
    )


def place_in_states(evidence, rows):
    """Return for each network the share of the variance of its states that its place explains.

    NaN for networks that are no integrators, that diverged, or whose weights are not stored, unless
    the study kept the share while they were.
    """
    identity = {
        "measure": "variance explained by place",
        "paths": place.N_PATHS,
        "bins": "of the rate maps",
    }
    found = []
    for row in rows.itertuples():
        is_measured = row.rnn_type in INTEGRATORS and row.status == "finished"
        kept = evidence.kept(row.run_id, identity, place.share_explained) if is_measured else None
        found.append(np.nan if kept is None else kept["share"])
    return np.array(found, float)


def silent(rows):
    """Return that too many networks have no active unit; empty if at most one in ten has none."""
    n = int((rows["share_active"] == 0).sum())
    return f"{n} of {len(rows)} networks have no active unit" if 10 * n > len(rows) else ""


def too_few_integrate(evidence, rows):
    """Return why the networks of a model are no test of it; empty if enough know their place."""
    shares = place_in_states(evidence, rows)
    is_finished = (rows["status"] == "finished").to_numpy()
    if n := int((is_finished & np.isnan(shares)).sum()):
        return f"the weights of {n} of {len(rows)} networks are not stored"
    known = int((shares >= KNOWS_PLACE).sum())
    if known >= max(FEWEST, LEAST_SHARE * len(rows)):
        return ""
    text = f"only {known} of {len(rows)} networks integrate their path: the position explains"
    return f"{text} {percent(KNOWS_PLACE)} of the variance of their states"


def select(evidence):
    rows = of_active(evidence.networks)

    def mean(cell, column, null, **values):
        own = of_cell(rows, cell)
        for name, value in values.items():
            own = own[own[name] == value]
        arguments = {"frame": own, "column": column, "null": null, "within": SHARES}
        return arguments | {"arms": {MODELS[cell][0]: own}, "unanswerable": silent(own)}

    def grids(cell, **values):
        return mean(cell, "share_grid_active", evidence.chance_share, **values)

    recurrent, distances = of_cell(rows, "identity_rnn"), grids("identity_rnn")
    sic, linear = of_cell(rows, "action"), of_cell(rows, "conformal_linear")
    linear = linear.assign(
        log_period=np.log(linear["module_period_cm"].astype(float)),
        log_scale=np.log(linear["state_distance_per_m"].astype(float)),
    )
    return {
        "piso_grids": grids("piso"),
        "distances_grids": distances
        | {"unanswerable": distances["unanswerable"] or too_few_integrate(evidence, recurrent)},
        "distances_grids_without_moves": grids("position_mlp"),
        "sic_modules": {
            "frame": sic,
            "is_counted": sic["n_modules"] > 1,
            "null": CHANCE_MODULES,
            "arms": {"SIC": sic},
            "unanswerable": too_few_integrate(evidence, sic),
        },
        "spacenet_no_grids": grids("spacenet"),
        "conformal_linear_grids": grids("conformal_linear", state_distance_per_m=10.0),
        "conformal_nonlinear_grids": grids("conformal_nonlinear"),
        "conformal_additive_grids": grids("conformal_additive"),
        "conformal_scale": {
            "frame": linear,
            "column": "log_period",
            "dose": "log_scale",
            "arms": {f"s {s:g}": own for s, own in linear.groupby("state_distance_per_m")},
        },
        "actionable_lattices": mean("waves", "share_lattice_active", CHANCE_LATTICES),
        "components_lattices": mean("components", "share_lattice_active", CHANCE_LATTICES),
    }


def trained_models(rows):
    """Return the cells of the models with networks, in the order of the page."""
    return [cell for cell in MODELS if len(of_cell(rows, cell))]


def knows_place(evidence, rows):
    """Return whether each network knows its position: by its states, or by a linear readout."""
    error = rows["readout_err_cm"] / rows["readout_chance_err_cm"]
    shares = place_in_states(evidence, rows)
    integrates = np.where(np.isnan(shares), np.nan, shares >= KNOWS_PLACE)
    return np.where(rows["rnn_type"].isin(INTEGRATORS), integrates, error < KNOWS_PLACE)


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
    """Return the share of units of one network that are tuned to the heading, at p = .01.

    It is the first network with stored weights; NaN without any.
    """
    for run_id in rows["run_id"]:
        try:
            found = evidence.run.network(run_id).heading_tuning(N_PATHS, n_shuffles=SHUFFLES)
        except gj.GridjaxError:
            continue
        return (found.p_value <= 1 / (1 + SHUFFLES)).mean()
    return np.nan


def table(evidence, rows):
    """Return one row of text for each model."""
    head = "model, networks, know their position, active, of these grid units (95 %)"
    head += ", null score, with a lattice"
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
            percent(knows_place(evidence, own).mean()),
            percent(own["share_active"].mean()),
            with_interval(own["share_grid_active"]),
            f"{null_score(own).mean():.2f}",
            percent(own["share_lattice_active"].mean()),
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
    rows = of_active(evidence.ask("all").networks)
    cells = trained_models(rows)
    name, title = "models", "Grid units, lattices and modules of each model"
    if not cells:
        return [plotting.FigureResult(name, title, None, "No network is finished.")]
    rows = rows.assign(readout=rows["readout_err_cm"] / rows["readout_chance_err_cm"])
    figure = plotting.new_figure(4.6)
    columns = {
        "share_grid_active": ("grid units of active ones (%)", 100),
        "share_lattice_active": ("with a lattice, of active (%)", 100),
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
        "Dots: networks; large dots and bars: means and 95 % intervals over seeds. A unit is active"
        " if its map varies. Grid units have"
        " a score60 above .3 and above the 99th percentile of each null of their network (random"
        " readouts, or the untrained network, isotropic fields and shuffled bins). Dotted: chance."
        " A recurrent network knows its position if that explains half of the variance of its"
        " states; another one if a linear readout of its units has less than half of the error of a"
        " constant answer. Leaky networks have a study of their own, leaky. Tuned to heading: share"
        " of the units of one"
        " network whose rate depends on the heading at a given position, at p = .01 (chance 1 %)."
    )
    drawn = plotting.FigureResult(name, title, figure, caption, table=table(evidence, rows))
    return [drawn, maps_figure(evidence, rows)]
