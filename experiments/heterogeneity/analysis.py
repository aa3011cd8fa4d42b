"""Heterogeneity: the two published arms, then the doses of widths and of fields alone."""

import re

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES, NULL_SHARE
from gridjax.studies import figures as shared


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


def select(evidence):
    rows = arms(evidence)
    rows = rows[rows["rnn_type"] == "RNN"]
    one_field, same_width = rows[rows["fields"] == 0], rows["widths"] == 0
    return {
        "grids_vanish": {
            "frame": rows,
            "column": "share_grid",
            "first": rows["equal"],
            "second": rows["as_published"],
            "within": DIFFERENCES,
        },
        "performance_stays": {
            "frame": rows,
            "column": "decode_err_ml_cm",
            "first": rows["as_published"],
            "second": rows["equal"],
        },
        "little_widths": {
            "frame": one_field[one_field["surrounds"] == 0],
            "column": "share_grid",
            "dose": "widths",
        },
        "more_fields": {
            "frame": rows[same_width & (rows["surrounds"] == 0)],
            "column": "share_grid",
            "dose": "fields",
        },
    }


def figures(evidence, estimates):
    rows, name, title = arms(evidence), "heterogeneity", "Grid units and errors by heterogeneity"
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    rows = rows[rows["rnn_type"] == "RNN"]
    keys = rows[["as_published", "widths", "surrounds", "fields"]].drop_duplicates()
    keys = keys.sort_values(list(keys.columns))
    figure = plotting.new_figure(5.6)
    above, middle, below = figure.subplots(3, 1, sharex=True)
    shared.null_share(above, int(rows["Ng"].max()), NULL_SHARE)
    names = []
    for at, key in enumerate(keys.itertuples(index=False)):
        group = rows.merge(keys.iloc[[at]])
        colour = plotting.colour("difference_of_gaussians") if not key.as_published else "#0072b2"
        shared.arms(above, [(at, group)], "share_grid", colour, factor=100)
        shared.arms(middle, [(at, group)], "decode_err_ml_cm", colour)
        shared.arms(below, [(at, group)], "loss_excess", colour)
        shared.counts(above, [(at, group)])
        parts = [f"widths ×{np.exp(key.widths):.2g}"] if key.widths else []
        parts += [f"surrounds ×{np.exp(key.surrounds):.2g}"] if key.surrounds else []
        parts += [f"1 + Poisson({key.fields:g})"] if key.fields else []
        names.append("\n".join(parts) or "equal")
    above.set(ylabel="grid units (%)", ylim=(0, None))
    middle.set(ylabel="position error (cm)", ylim=(0, None))
    below.set(ylabel="loss excess (nats)", ylim=(0, None))
    below.set_xticks(range(len(names)), names)
    caption = (
        "Share of analysed units above the 99th percentile of their own network's random readouts,"
        " position error of the likelihood decoder at the trained length, and cross-entropy above"
        " the targets' own entropy, by what differs"
        " between place fields (largest over smallest; fields per cell). Blue: the published arm."
        " Dots networks, bars 95 % intervals over seeds, grey chance."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
