"""Encodings: grid units by target code, at learning rates chosen by position error."""

from gridjax import plotting
from gridjax.studies import CODES, DIFFERENCES, label, with_best_rates
from gridjax.studies import figures as shared

CODE = "place_field_values"
DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
COORDINATES = ["cartesian", "high_dim_cartesian", "high_dim_polar"]
ERROR, SHARE = "decode_err_ml_cm", "share_grid"
CALIPER_CM = 0.5


def settle(pilot, specs):
    """Return specs with the learning rate that has the least position error in the pilot."""
    return with_best_rates(pilot, specs, ERROR, [CODE, "activation"])


def by_arm(rows):
    """Return the rows of each target code and activation."""
    groups = rows.groupby([CODE, "activation"])
    return {f"{label(code)}, {activation}": group for (code, activation), group in groups}


def select(evidence):
    rows = evidence.networks
    relu = rows[rows["activation"] == "relu"]
    dos = relu[CODE] == DOS
    arms = {"frame": relu, "column": SHARE, "first": dos, "second": relu[CODE] == GAUSSIAN}
    arms["within"] = DIFFERENCES
    arms["arms"] = by_arm(relu[relu[CODE].isin([DOS, GAUSSIAN])])
    gaussian, coordinates = rows[rows[CODE] == GAUSSIAN], rows[rows[CODE].isin(COORDINATES)]
    return {
        "dos_above_gaussian": arms,
        "dos_above_null": {
            "frame": relu[dos],
            "column": "gain",
            "within": (-evidence.chance_share, 1.0),
            "arms": by_arm(relu[dos]),
        },
        "gaussian_never": {
            "frame": gaussian,
            "is_counted": evidence.has_grids_among(gaussian),
            "null": 0.05,
            "arms": by_arm(gaussian),
        },
        "coordinates_never": {
            "frame": coordinates,
            "is_counted": evidence.has_grids_among(coordinates),
            "null": 0.05,
            "arms": by_arm(coordinates),
        },
        "at_equal_error": arms | {"on": ERROR, "caliper": CALIPER_CM},
    }


def figures(evidence, estimates):
    rows, name, title = evidence.networks, "encodings", "Grid units and errors by target code"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    codes = [code for code in CODES if code in set(rows[CODE])]
    figure = plotting.new_figure(4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    shared.null_share(above, int(rows["Ng"].max()), evidence.n_readouts)
    for activation, moved, marker in (("relu", -0.18, "o"), ("tanh", 0.18, "s")):
        some = rows[rows["activation"] == activation]
        for at, code in enumerate(codes):
            group, colour = some[some[CODE] == code], plotting.colour(code)
            named = activation if at == 0 else None
            arm = [(at + moved, group)]
            shared.arms(above, arm, SHARE, colour, marker, 100, 0.8, named, True)
            shared.arms(below, arm, ERROR, colour, marker, 1, 0.8)
            shared.counts(above, arm)
    above.set(ylabel="grid units (%)", ylim=(0, None))
    above.legend(loc="upper left")
    below.set(ylabel="position error (cm)", yscale="log")
    plotting.log_ticks(below.yaxis)
    below.set_xticks(range(len(codes)), [label(code) for code in codes])
    below.set_xlim(-0.5, len(codes) - 0.5)
    rates = rows.groupby([CODE, "activation"])["learning_rate"].first().items()
    chosen = "; ".join(f"{label(c)} {a} {rate:g}" for (c, a), rate in rates)
    caption = (
        "Share of analysed units above the 99th percentile of their own network's random readouts"
        " and above .3; position error of the likelihood decoder at the trained length. Circles"
        " relu, squares tanh; hollow: not competent, and in no mean of grid units; grey band:"
        f" chance. Learning rates as the pilot chose: {chosen}."
    )
    maps = shared.best_maps(evidence, by_arm(rows), "encodings-maps")
    return [plotting.FigureResult(name, title, figure, caption), maps]
