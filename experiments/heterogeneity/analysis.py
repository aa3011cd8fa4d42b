"""Heterogeneity: the two published arms, then the doses of widths and of fields alone."""

import re

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES, without_gain
from gridjax.studies import figures as shared

DOSES = ["widths", "surrounds", "fields"]


def _numbers(law):
    return [float(number) for number in re.findall(r"[\d.]+", law)]


def arms(evidence):
    """Return every network with its doses: log width ratio, log surround ratio, further fields."""
    rows = evidence.networks

    def log_ratio(law):
        low, high = _numbers(law)
        return np.log(high / low)

    def doses(column, of_law):
        return rows[column].map(lambda law: of_law(law) if law else 0.0)

    rows = rows.assign(
        widths=doses("place_cell_rf_drawn", log_ratio),
        surrounds=doses("surround_scale_drawn", log_ratio),
        fields=doses("n_place_fields_per_cell_drawn", lambda law: _numbers(law)[0]),
    )
    return rows.assign(
        equal=(rows["widths"] == 0) & (rows["surrounds"] == 0) & (rows["fields"] == 0),
        as_published=rows["widths"] > np.log(10),
    )


def name_of(widths, surrounds, fields, separator=", "):
    """Return the name of an arm: which parameters differ between its place fields."""
    parts = [f"widths ×{np.exp(widths):.2g}"] if widths else []
    parts += [f"surrounds ×{np.exp(surrounds):.2g}"] if surrounds else []
    parts += [f"1 + Poisson({fields:g})"] if fields else []
    return separator.join(parts) or "equal"


def by_dose(rows):
    """Return the rows of each arm by its name."""
    return {name_of(*doses): group for doses, group in rows.groupby(DOSES)}


def errors_of_learners(rows):
    """Return the rows of seeds whose homogeneous network is competent; diverged ones have an error.

    A network that diverged has the mean error of answering the start over 50 moves.
    """
    able = rows.loc[rows["equal"] & rows["is_competent"], "seed"]
    rows = rows[rows["seed"].isin(able)]
    worst = rows["start_err_cm_T50"].mean()
    return rows.assign(error=rows["decode_err_ml_cm"].fillna(worst))


def select(evidence):
    rows = arms(evidence)
    rows = rows[rows["rnn_type"] == "RNN"]
    equal_surrounds = rows["surrounds"] == 0
    of_widths = rows[(rows["fields"] == 0) & equal_surrounds]
    of_fields = rows[(rows["widths"] == 0) & equal_surrounds]
    compared = by_dose(rows[rows["equal"] | rows["as_published"]])
    learners = errors_of_learners(rows)
    reason = without_gain({"homogeneous": rows[rows["equal"]]})
    return {
        "grids_vanish": {
            "frame": rows,
            "column": "share_grid",
            "first": rows["equal"],
            "second": rows["as_published"],
            "within": DIFFERENCES,
            "arms": compared,
            "unanswerable": reason,
        },
        "performance_stays": {
            "frame": learners,
            "column": "error",
            "first": learners["as_published"],
            "second": learners["equal"],
            "arms": compared,
        },
        "little_widths": {
            "frame": of_widths,
            "column": "share_grid",
            "dose": "widths",
            "arms": by_dose(of_widths),
            "unanswerable": reason,
        },
        "more_fields": {
            "frame": of_fields,
            "column": "share_grid",
            "dose": "fields",
            "arms": by_dose(of_fields),
            "unanswerable": reason,
        },
    }


def figures(evidence, estimates):
    rows, name, title = arms(evidence), "heterogeneity", "Grid units and errors by heterogeneity"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    rows = rows[rows["rnn_type"] == "RNN"]
    keys = rows[["as_published", *DOSES]].drop_duplicates()
    keys = keys.sort_values(list(keys.columns))
    figure = plotting.new_figure(5.6)
    above, middle, below = figure.subplots(3, 1, sharex=True)
    shared.null_share(above, int(rows["Ng"].max()), evidence.n_readouts)
    names = []
    for at, key in enumerate(keys.itertuples(index=False)):
        group = rows.merge(keys.iloc[[at]])
        colour = plotting.colour("difference_of_gaussians") if not key.as_published else "#0072b2"
        shared.arms(above, [(at, group)], "share_grid", colour, factor=100, is_of_competent=True)
        shared.arms(middle, [(at, group)], "decode_err_ml_cm", colour)
        shared.arms(below, [(at, group)], "loss_excess", colour)
        shared.counts(above, [(at, group)])
        names.append(name_of(key.widths, key.surrounds, key.fields, "\n"))
    above.set(ylabel="grid units (%)", ylim=(0, None))
    middle.set(ylabel="position error (cm)", ylim=(0, None))
    below.set(ylabel="loss excess (nats)", ylim=(0, None))
    below.set_xticks(range(len(names)), names)
    caption = (
        "Share of analysed units above the 99th percentile of their own network's random readouts,"
        " position error of the likelihood decoder at the trained length, and cross-entropy above"
        " the targets' own entropy, by what differs"
        " between place fields (largest over smallest; fields per cell). Blue: the published arm."
        " Dots networks (hollow: not competent, and in no mean of grid units), bars 95 % intervals"
        " over seeds, grey chance."
    )
    maps = shared.best_maps(evidence, by_dose(rows), "heterogeneity-maps")
    return [plotting.FigureResult(name, title, figure, caption), maps]
