"""Uses of grid units: noise, precision, readouts, places outside the box, and the closed loop."""

import numpy as np

from .drawing import figure_of_codes, figure_outside
from .lattice_networks import DOS, FEWEST, with_measures
from .target_codes import GAUSSIAN, with_codes


def select(evidence):
    rows, both = with_measures(evidence), with_codes(evidence)
    is_dos, is_gaussian = (both["place_field_values"] == code for code in (DOS, GAUSSIAN))
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

    def of_dos(column):
        return {"frame": both[is_dos], "column": column, "null": 0.0}

    def between_codes(column):
        return {"frame": both, "column": column, "first": is_dos, "second": is_gaussian}

    return {
        "lattice_beats_annulus": ratio("threshold"),
        "lattice_beats_annulus_within_a_period": ratio("threshold_within"),
        "lattice_is_more_precise": ratio("local_cm"),
        "grids_teach_faster": difference("few_shot_cm"),
        "grids_navigate_beyond_training": difference("navigation_cm"),
        "grids_transfer_to_new_places": difference("unexplained", within=(-1.0, 1.0)),
        "grids_generalise_outside": between_codes("excess"),
        "lattices_persist_outside": estimate(rows["share_outside"], 0.05, within=(0.0, 1.0)),
        "period_persists_outside": estimate(rows["period_ratio"], 1.0, within=(0.0, np.inf)),
        "closed_loop": between_codes("log_loop"),
        "closed_loop_lowers_diffusion": of_dos("log_loop"),
        "clean_loop_lowers_diffusion": of_dos("log_clean_loop"),
    }


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    return [figure_of_codes(competent), figure_outside(competent)]
