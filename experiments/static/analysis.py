"""Static: grid units of networks that path-integrate and of networks that receive positions."""

import numpy as np

import gridjax as gj
from gridjax import plotting
from gridjax.studies import (
    DIFFERENCES,
    with_best_rates,
    with_lattices_that_fit,
    without_gain,
)
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
RNN, MLP, PLACE_CELLS = "RNN", "static_mlp", "static_place_cells"
NETWORKS = {
    RNN: "path integration",
    MLP: "positions",
    PLACE_CELLS: "place cells",
}
LOSS, SHARE, LATTICES = "loss_excess", "share_grid", "share_with_lattice"
CALIPER_NATS = 0.0015
"""Largest difference of matched losses, about the sd of loss_excess within an arm of R5."""
SHARES = (0.0, 1.0)
CHANCE_LATTICES = 0.05


def settle(pilot, specs):
    """Return specs with the learning rate that has the least loss in the pilot."""
    return with_best_rates(pilot, specs, LOSS, ["rnn_type", "place_field_values"])


def arms(evidence):
    """Return the networks with the name of their arm; fewer steps than usual are part of it."""
    rows = evidence.networks
    usual = evidence.everything["n_grad_steps"].max()
    steps = np.where(
        rows["n_grad_steps"] < usual, [f"; {n:,} steps" for n in rows["n_grad_steps"]], ""
    )
    return rows.assign(
        arm=rows["rnn_type"].map(NETWORKS) + steps, is_usual=rows["n_grad_steps"] == usual
    )


def select(evidence):
    rows = arms(evidence)
    dos, cells, usual = rows["place_field_values"] == DOS, rows["rnn_type"], rows["is_usual"]

    def some(cell, code=DOS):
        return rows[(cells == cell) & (rows["place_field_values"] == code) & usual]

    def beside_rnn(cell):
        return {NETWORKS[each]: some(each) for each in (RNN, cell)}

    def pair(column, cell, among=rows, unanswerable=""):
        own = among[(among["place_field_values"] == DOS) & among["is_usual"]]
        of_cell = {each: own[own["rnn_type"] == each] for each in (RNN, cell)}
        return {
            "frame": own,
            "column": column,
            "first": own["rnn_type"] == RNN,
            "second": own["rnn_type"] == cell,
            "within": DIFFERENCES,
            "arms": {NETWORKS[each]: arm for each, arm in of_cell.items()},
            "unanswerable": unanswerable,
        }

    def at_equal_loss(cell):
        own = rows[dos & cells.isin([RNN, cell])]
        both = {
            NETWORKS[RNN]: some(RNN),
            f"{NETWORKS[cell]}, any steps": rows[dos & (cells == cell)],
        }
        return {
            "frame": own,
            "column": SHARE,
            "first": own["rnn_type"] == RNN,
            "second": own["rnn_type"] == cell,
            "on": LOSS,
            "caliper": CALIPER_NATS,
            "within": DIFFERENCES,
            "arms": both,
            "unanswerable": without_gain(both),
        }

    def mean(cell):
        return {
            "frame": some(cell),
            "column": SHARE,
            "null": evidence.chance_share,
            "within": SHARES,
            "arms": {NETWORKS[cell]: some(cell)},
        }

    of_cells = rows[(cells == PLACE_CELLS) & usual]
    by_code = {name: some(PLACE_CELLS, code) for code, name in CODES.items()}
    return {
        "integration_adds_to_positions": pair(
            SHARE, MLP, unanswerable=without_gain(beside_rnn(MLP))
        ),
        "integration_adds_to_place_cells": pair(
            SHARE, PLACE_CELLS, unanswerable=without_gain(beside_rnn(PLACE_CELLS))
        ),
        "grids_without_integration": mean(PLACE_CELLS),
        "target_decides_without_integration": {
            "frame": of_cells,
            "column": SHARE,
            "first": of_cells["place_field_values"] == DOS,
            "second": of_cells["place_field_values"] == GAUSSIAN,
            "within": DIFFERENCES,
            "arms": by_code,
            "unanswerable": without_gain(by_code),
        },
        "positions_have_grids": mean(MLP),
        "integration_adds_at_equal_loss": at_equal_loss(PLACE_CELLS),
        "integration_adds_to_positions_at_equal_loss": at_equal_loss(MLP),
        "integration_adds_lattices": pair(LATTICES, PLACE_CELLS, with_lattices_that_fit(rows)),
    }


def best_maps(evidence, rows):
    """Return (name of the arm, rate map [n, n]) of one network of each arm; none without maps."""
    found = []
    for cell, name in NETWORKS.items():
        own = rows[(rows["rnn_type"] == cell) & rows["is_usual"]]
        own = own[own["place_field_values"] == DOS].sort_values("seed")
        if own.empty:
            continue
        try:
            rates = evidence.run.rate_maps(own["run_id"].iloc[0])[0]
        except gj.GridjaxError:
            continue
        found.append((name, np.asarray(rates)))
    return found


PANELS = (
    (LOSS, 1, "loss above the\nleast (nats)"),
    (SHARE, 100, "grid units (%)"),
    (LATTICES, 100, "units with a\nlattice (%)"),
)


def figures(evidence, estimates):
    name, title = "static", "Loss and grid units with path integration and without"
    rows = arms(evidence)
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    order = {text: at for at, text in enumerate(NETWORKS.values())}
    by = rows.assign(_at=[order[arm.partition(";")[0]] for arm in rows["arm"]])
    names = list(by.sort_values(["_at", "n_grad_steps"], ascending=[True, False])["arm"].unique())
    maps = best_maps(evidence, rows)
    figure = plotting.new_figure(6.4 if maps else 5.0)
    grid = figure.add_gridspec(len(PANELS) + bool(maps), max(len(maps), 1))
    panels = [figure.add_subplot(grid[0, :])]
    panels += [figure.add_subplot(grid[at, :], sharex=panels[0]) for at in (1, 2)]
    shared.null_share(panels[1], int(rows["Ng"].max()), evidence.n_readouts)
    shared.arms_by_code(panels, PANELS, rows, names, CODES, (SHARE, LATTICES))
    # measured on few paths, the loss of a network without recurrence can be below the least loss
    if rows[LOSS].min() > 0:
        panels[0].set_yscale("log")
        plotting.log_ticks(panels[0].yaxis)
    panels[2].axhline(100 * CHANCE_LATTICES, color=plotting.GREY, lw=0.8, ls=":")
    for axes in panels[1:]:
        axes.set_ylim(0, None)
    panels[2].set_xlim(-0.5, len(names) - 0.5)
    # arms with fewer steps are right of their own kind of network
    labels = [arm.rpartition("; ")[2].replace(" ", "\n") for arm in names]
    panels[-1].set_xticks(range(len(names)), labels, fontsize=plotting.SMALL)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    figure.legend(loc="outside upper center", ncols=3)
    for at, (arm, rates) in enumerate(maps):
        axes = figure.add_subplot(grid[-1, at])
        axes.imshow(np.ma.masked_invalid(rates.T), origin="lower", cmap=plotting.COLOUR_MAP)
        axes.set_axis_off()
        axes.set_title(arm, fontsize=plotting.SMALL)
    caption = (
        "Loss above the least possible loss; share of units above the 99th percentile of their own"
        " network's random readouts and above .3 (grey: chance); share of units with a significant"
        " lattice (dotted: chance). Dots: networks (hollow: not competent, and in no mean of grid"
        " units or lattices); bars: 95 % intervals over seeds. Numbers of steps: networks of the"
        " kind to their left with fewer steps."
    )
    if maps:
        caption += " Maps: the unit with the highest score60 of one network (DoS) of each kind."
    return [plotting.FigureResult(name, title, figure, caption)]
