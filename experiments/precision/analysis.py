"""Precision: networks of the same seeds, trained with float32 and with rounded operands."""

from gridjax import plotting
from gridjax.studies import ANY, DIFFERENCES
from gridjax.studies import figures as shared

NAMES = {"float32": "float32", "tf32": "TF32", "bf16": "bfloat16"}


def select(evidence):
    rows = evidence.networks
    arms = {name: rows["matmul_precision"] == name for name in NAMES}

    def against_float32(column, name, within=ANY):
        pair = {"first": arms[name], "second": arms["float32"]}
        compared = {NAMES[each]: rows[arms[each]] for each in (name, "float32")}
        return {"frame": rows, "column": column, "within": within, "arms": compared} | pair

    return {
        "tf32_same_loss": against_float32("loss_excess", "tf32"),
        "bf16_same_loss": against_float32("loss_excess", "bf16"),
        "tf32_same_grids": against_float32("share_grid", "tf32", DIFFERENCES),
        "bf16_same_grids": against_float32("share_grid", "bf16", DIFFERENCES),
    }


def figures(evidence, estimates):
    rows, name, title = evidence.networks, "precision", "Loss and grid units by precision"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    groups = [(at, rows[rows["matmul_precision"] == each]) for at, each in enumerate(NAMES)]
    figure = plotting.new_figure(4.0)
    above, below = figure.subplots(2, 1, sharex=True)
    colour = plotting.colour("difference_of_gaussians")
    shared.arms(above, groups, "loss_excess", colour)
    shared.counts(above, groups)
    shared.null_share(below, int(rows["Ng"].max()), evidence.n_readouts)
    shared.arms(below, groups, "share_grid", colour, factor=100, is_of_competent=True)
    above.set(ylabel="loss excess (nats)", ylim=(0, None))
    below.set(ylabel="grid units (%)", ylim=(0, None))
    below.set_xticks(range(len(groups)), NAMES.values())
    below.set_xlabel("operands of the matrix products of training")
    caption = (
        "Cross-entropy above the targets' own entropy, and share of analysed units above the 99th"
        " percentile of their own network's random readouts, of the same seeds trained with float32"
        " and with rounded operands. Dots: networks (hollow: not competent, and in no mean of grid"
        " units); bars: 95 % intervals over seeds, grey: chance."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
