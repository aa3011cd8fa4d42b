"""Uses of grid units: noise, precision, readouts, places outside the box, and the closed loop."""

import numpy as np

from gridjax.metrics import mean_interval

from .codes import CHANCE
from .drawing import figure_of_codes, figure_outside
from .lattice_networks import DOS, FEWEST, with_measures
from .target_codes import CALIPER_CM, GAUSSIAN, with_codes

FEWEST_SEEDS = 8
"""Seeds with lattice units that a claim about them needs."""
LARGEST_ERROR = 0.9
"""Largest mean error of a readout, in errors at chance, at which it has learned something."""


def few_lattices(rows, values):
    """Return that too few seeds have a network with lattice units; empty if they are enough."""
    known = rows[np.isfinite(values)]
    n_seeds = known["seed"].nunique()
    if n_seeds >= FEWEST_SEEDS:
        return ""
    return (
        f"fewer than {FEWEST_SEEDS} seeds have a network whose lattice units can be measured"
        f" ({len(known)} of {int(rows['is_competent'].sum())} competent networks, {n_seeds} seeds)"
    )


def at_chance(rows, measure):
    """Return that a readout learns nothing from either kind of units; empty if it does from one."""
    known = rows[np.isfinite(rows[f"lattice.{measure}"])]
    if known.empty:
        return ""
    shares = [
        mean_interval(known[f"{code}.{measure}"] / known[f"{CHANCE}.{measure}"], known["seed"])
        for code in ("lattice", "others")
    ]
    if any(share.high < LARGEST_ERROR for share in shares):
        return ""
    lattice, others = (f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})" for one in shares)
    return (
        f"the readout learns nothing from so few units: its errors are {lattice} of those at chance"
        f" from lattice units and {others} from other units, not below {LARGEST_ERROR:.0%}"
    )


def nothing_is_lowered(*arms):
    """Return that feedback lowers the diffusion of networks of no code; empty if of one."""
    known = [rows.dropna(subset=["log_loop"]) for rows in arms]
    if any(rows.empty for rows in known):
        return ""
    changes = [mean_interval(rows["log_loop"], rows["seed"]) for rows in known]
    if any(change.high < 0 for change in changes):
        return ""
    texts = (f"{one.value:.2g}, {one.low:.2g} to {one.high:.2g}" for one in changes)
    return (
        "feeding the outputs back does not lower diffusion with either code (changes of log10 D:"
        f" {'; '.join(texts)})"
    )


def without_value(rows, column):
    """Return the remark about competent networks that have no value; empty if there are none."""
    able = rows[rows["is_competent"]]
    n = int((~np.isfinite(able[column])).sum())
    return f"{n} of {len(able)} competent networks have no value, and are left out." if n else ""


def select(evidence):
    rows, both = with_measures(evidence), with_codes(evidence)
    is_dos, is_gaussian = (both["place_field_values"] == code for code in (DOS, GAUSSIAN))
    n_able, n_measured = (
        int(rows["is_competent"].sum()),
        np.isfinite(rows["lattice.local_cm"]).sum(),
    )
    remark = (
        f"{n_measured} of {n_able} competent networks have at least"
        f" {FEWEST} lattice units and stored weights."
    )
    widths = {f"DoS, {100 * width:g} cm": group for width, group in rows.groupby("place_cell_rf")}
    of_dos_arm = {"DoS, width of both codes": both[is_dos]}

    def estimate(values, null, **further):
        frame = rows.assign(value=values)
        return {
            "frame": frame,
            "column": "value",
            "null": null,
            "remark": f"{remark} {int(np.isfinite(values).sum())} have a value.",
            "arms": widths,
            "unanswerable": few_lattices(rows, values),
            **further,
        }

    def ratio(measure):
        values = rows[f"lattice.{measure}"] / rows[f"annulus.{measure}"]
        return estimate(values, 1.0, within=(0.0, np.inf))

    def log_ratio(measure):
        return estimate(np.log10(rows[f"lattice.{measure}"] / rows[f"annulus.{measure}"]), 0.0)

    def difference(measure, **further):
        return estimate(rows[f"lattice.{measure}"] - rows[f"others.{measure}"], 0.0, **further)

    def of_readout(measure):
        found = difference(measure)
        return found | {"unanswerable": found["unanswerable"] or at_chance(rows, measure)}

    def of_dos(column):
        frame = both[is_dos]
        return {
            "frame": frame,
            "column": column,
            "null": 0.0,
            "remark": without_value(frame, column),
            "arms": of_dos_arm,
        }

    def between_codes(column, **further):
        compared = {"frame": both, "column": column, "first": is_dos, "second": is_gaussian}
        arms = of_dos_arm | {"Gaussian": both[is_gaussian]}
        return compared | {"arms": arms} | further

    return {
        "lattice_beats_annulus": log_ratio("threshold"),
        "lattice_beats_annulus_within_a_period": log_ratio("threshold_within"),
        "lattice_is_more_precise": ratio("local_cm"),
        "grids_teach_faster": of_readout("few_shot_cm"),
        "grids_navigate_beyond_training": of_readout("navigation_cm"),
        "grids_transfer_to_new_places": difference("unexplained", within=(-1.0, 1.0)),
        "grids_generalise_outside": between_codes("excess", remark=without_value(both, "excess")),
        "grids_generalise_outside_at_equal_error": between_codes(
            "excess", on="in_box", caliper=CALIPER_CM
        ),
        "lattices_persist_outside": estimate(rows["share_outside"], 0.05, within=(0.0, 1.0)),
        "period_persists_outside": estimate(rows["period_ratio"], 1.0, within=(0.0, np.inf)),
        "closed_loop": between_codes(
            "log_loop",
            remark=without_value(both, "log_loop"),
            unanswerable=nothing_is_lowered(both[is_dos], both[is_gaussian]),
        ),
        "closed_loop_lowers_diffusion": of_dos("log_loop"),
        "clean_loop_lowers_diffusion": of_dos("log_clean_loop"),
    }


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    return [figure_of_codes(competent), figure_outside(competent)]
