"""Agents: learning, efficiency and lesions of agents on codes of path-integrating networks."""

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES

from .drawing import figure_of_agents
from .lesions import DOSES, GRID_LIKE, MATCHED
from .trained_agents import units_of, with_agents

FEWEST_LESIONED = 8
"""Units that a lesion needs."""
FEWEST_NETWORKS = 8
"""Networks with grid units that a claim about lesions needs."""
LEARNED = 0.5
"""Least success of agents that count as having learned."""
BOTH_GAINS = (-2.0, 2.0)
"""The range of a difference of two differences of shares."""
EFFICIENCY = {
    "maps_beat_isotropic_fields": ("maps", "isotropic"),
    "grid_agents_beat_place_agents": ("units", "place"),
    "units_beat_wide_place_cells": ("units", "place_wide"),
}
"""The two codes of each claim about efficiency, the first minus the second."""
LEARNING = {
    "units_add_to_place_cells": ("place_units", "place_readouts"),
    "units_teach_faster_than_readouts": ("units", "readouts"),
}
"""The two codes of each claim about the speed of learning."""
LESIONS = {"agents_need_grid_like_units": "10 %", "agents_need_the_grid_like_fifth": "20 %"}
"""The dose of each claim about lesions."""
UNKNOWN_COPIES = "The tables do not say which maps are copies of another one: every map counts."


def select(evidence):
    arms = {"12 cm": evidence.networks}  # with all networks, whether they are competent or not
    rows = with_agents(evidence)
    reason = unmeasured(rows)

    def difference(values, which=None, within=DIFFERENCES, unanswerable="", **further):
        values = values if which is None else values.where(which)
        frame = rows.assign(value=values.astype(float))
        further["unanswerable"] = reason or unanswerable
        return {"frame": frame, "column": "value", "within": within, "arms": arms, **further}

    def of_codes(first, second, measure, **further):
        return difference(rows[f"{first}.{measure}"] - rows[f"{second}.{measure}"], **further)

    learned = {code: rows[f"{code}.success"] >= LEARNED for code in ("units", "place")}
    to_new = {code: rows[f"{code}.new"] - rows[f"{code}.new, no goal"] for code in learned}
    have_grids = evidence.has_grids_among(rows)
    can_lose = able_to_lose(rows, have_grids)
    claims = {
        name: of_codes(*codes, "efficiency", unanswerable=unlearned(rows, codes))
        for name, codes in EFFICIENCY.items()
    }
    claims |= {name: of_codes(*codes, "learning") for name, codes in LEARNING.items()}
    claims |= {
        name: difference(
            rows[f"{MATCHED} {dose}"] - rows[f"{GRID_LIKE} {dose}"],
            can_lose[dose],
            unanswerable=few_with_grids(rows, have_grids),
            remark=remark_on_lesions(evidence, rows[can_lose[dose]], dose),
        )
        for name, dose in LESIONS.items()
    }
    return claims | {
        "agents_use_the_goal_code": difference(rows["units.success"] - rows["units.no goal"]),
        "units_lead_to_new_goals": difference(
            to_new["units"] - to_new["place"],
            learned["units"] & learned["place"],
            within=BOTH_GAINS,
        ),
    }


def able_to_lose(rows, have_grids):
    """Return whether each network counts in the claims about lesions, by dose."""
    learned = have_grids & (rows["units.success"] >= LEARNED)
    return {dose: learned & (rows[f"n_lesioned {dose}"] >= FEWEST_LESIONED) for dose in DOSES}


def unmeasured(rows):
    """Return how many competent networks have no agents; empty if all have them."""
    n = int(rows["found"].isna().sum())
    reason = "competent networks have no stored weights and no measures of agents"
    return f"{n} of {len(rows)} {reason}" if n else ""


def unlearned(rows, codes):
    """Return that agents on neither code have learned; empty if those on one have."""
    success = [rows[f"{code}.success"].mean() for code in codes]
    if not max(success, default=0) < LEARNED:
        return ""
    numbers = " and ".join(f"{100 * one:.0f} %" for one in success)
    return f"agents on neither code come to {100 * LEARNED:g} % of their goals ({numbers})"


def few_with_grids(rows, have_grids):
    """Return that too few networks have grid units to lose; empty if they are enough."""
    n = int(have_grids.sum())
    if n >= FEWEST_NETWORKS:
        return ""
    return f"fewer than {FEWEST_NETWORKS} networks have grid units to lose ({n} of {len(rows)})"


def remark_on_lesions(evidence, rows, dose):
    """Return the remark about the units of the lesions and the variance that these remove."""
    if rows.empty:
        return ""
    own, other = (100 * rows[f"variance {name} {dose}"].mean() for name in (GRID_LIKE, MATCHED))
    unknown = [units_of(evidence, run_id)["copy_of"].isna().any() for run_id in rows["run_id"]]
    return (
        f"Lesions have {rows[f'n_lesioned {dose}'].mean():.1f} units,"
        f" {rows[f'n_above.{dose}'].mean():.1f} of them above the null of grid scores, and remove"
        f" {own:.1f} % (grid-like) and {other:.1f} % (matched) of the variance."
        f"{f' {UNKNOWN_COPIES}' if np.any(unknown) else ''}"
    )


def figures(evidence, estimates):
    name, title = "agents", "Agents that navigate on codes of one network"
    evidence = evidence.ask("competent")
    rows = with_agents(evidence)
    rows = rows[rows["found"].notna()]
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No competent network has weights.")]
    can_lose = able_to_lose(rows, evidence.has_grids_among(rows))
    return [figure_of_agents(name, title, rows, can_lose)]
