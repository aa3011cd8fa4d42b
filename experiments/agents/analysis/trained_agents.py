"""Agents of the study: trained for each network, and their measures as columns."""

import dataclasses

import numpy as np

import gridjax as gj

from .lesions import DOSES, GRID_LIKE, MATCHED, lesions_of
from .lesions import SETTINGS as LESIONS

SETTINGS = gj.AgentSettings(n_test_trials=1000)
LOWEST_SCORE = 0.3
"""Score60 below which no unit is a grid unit."""
SHORT = dataclasses.replace(SETTINGS, n_updates=60, n_test_trials=100)
FEWEST_UNITS = 256
"""Agents on networks with fewer units (of the size quick) have the short training."""
N_AGENTS = 3
"""Agents with different seeds on each code of a network; their mean is the network's measure."""
CODES = {
    "maps": "maps of units, exact",
    "isotropic": "isotropic fields, exact",
    "place": "place cells, exact",
    "place_wide": "place cells of 30 cm, exact",
    "units": "units",
    "outputs": "outputs",
    "readouts": "random readouts",
    "place_units": "place cells and units",
    "place_readouts": "place cells and readouts",
}
LESIONED_CODE = "units"


def agents_of(evidence, run_id):
    """Return the results of the agents of a network by code; None without its weights."""
    units = units_of(evidence, run_id)
    settings = SETTINGS if evidence.spec(run_id).Ng >= FEWEST_UNITS else SHORT
    identity = {
        "settings": dataclasses.asdict(settings),
        "agents": N_AGENTS,
        "codes": list(CODES),
        "lesions": LESIONS,
        "score_60": [round(float(score), 6) for score in units["score_60_by_neuron"]],
        "copy_of": [float(unit) for unit in units["copy_of"]],
    }

    def train(network):
        scores = (units[name].to_numpy() for name in ("score_60_by_neuron", "copy_of"))
        lesions, variance = lesions_of(network, *scores)
        seeds = [N_AGENTS * network.spec.seed + agent for agent in range(N_AGENTS)]
        others = [code for code in CODES if code != LESIONED_CODE]
        parts = (
            network.agents(others, {}, seeds, settings),
            network.agents([LESIONED_CODE], lesions, seeds, settings),
        )
        return {
            "agents": {code: scores_of(part, code) for part in parts for code in part.code},
            "lesion": list(parts[1].lesion),
            "lesions": lesions,
            "variance": variance,
        }

    return evidence.kept(run_id, identity, train)


def scores_of(agents, code):
    """Return the curves and the scores of the agents of one code, as lists."""
    at = agents.code.index(code)
    names = ("reached", "success", "efficiency")
    return {name: getattr(agents, name)[at].tolist() for name in names}


def units_of(evidence, run_id):
    """Return the rows of the units of a network in their order."""
    units = evidence.run.units
    units = units[units["run_id"] == run_id]
    return units[units["nbins"] == evidence.spec(run_id).n_bins_reported].sort_values("unit")


def with_agents(evidence):
    """Return the competent networks with the measures of their agents as columns."""
    rows = evidence.networks
    rows = rows[rows["is_competent"]].reset_index(drop=True)
    found = [agents_of(evidence, run_id) for run_id in rows["run_id"]]
    measured = [{} if one is None else of_codes(one) | of_lesions(one) for one in found]
    columns = {
        name: np.array([one.get(name, np.nan) for one in measured], float) for name in COLUMNS
    }
    above = {f"n_above.{dose}": above_null(evidence, rows, found, dose) for dose in DOSES}
    return rows.assign(found=found, **columns, **above)


LESION_COLUMNS = tuple(
    f"{name} {dose}" for dose in DOSES for name in ("n_lesioned", GRID_LIKE, MATCHED)
) + tuple(f"variance {name} {dose}" for dose in DOSES for name in (GRID_LIKE, MATCHED))
MEASURES = ("learning", "success", "new", "efficiency", "no goal", "new, no goal")
COLUMNS = (*(f"{code}.{name}" for code in CODES for name in MEASURES), *LESION_COLUMNS)


def of_codes(found):
    """Return the measures of the agents of each code, means over the agents."""
    columns = {}
    for code, scores in found["agents"].items():
        success = np.mean(scores["success"], axis=0)  # [lesion, goals]
        columns |= {
            f"{code}.learning": np.nanmean(scores["reached"]),
            f"{code}.success": success[0, 0],
            f"{code}.new": success[0, 1],
            f"{code}.efficiency": np.mean(scores["efficiency"], axis=0)[0, 0],
            f"{code}.no goal": success[1, 0],
            f"{code}.new, no goal": success[1, 1],
        }
    return columns


def of_lesions(found):
    """Return the efficiency of agents on units with each lesion, and what the lesions remove."""
    efficiency = np.mean(found["agents"][LESIONED_CODE]["efficiency"], axis=0)[:, 0]
    efficiency = dict(zip(found["lesion"], efficiency, strict=True))
    columns = {}
    for dose in DOSES:
        columns[f"n_lesioned {dose}"] = len(found["lesions"][f"{GRID_LIKE} {dose}"])
        for name in (GRID_LIKE, MATCHED):
            own = [each for each in found["lesions"] if each.startswith(f"{name} {dose}")]
            columns[f"{name} {dose}"] = np.mean([efficiency[each] for each in own])
            variance = [found["variance"][each] for each in own]
            columns[f"variance {name} {dose}"] = np.mean(variance)
    return columns


def above_null(evidence, rows, found, dose):
    """Return how many of the lesioned units of each network have a score above its null."""
    counts = []
    for run_id, null, one in zip(rows["run_id"], rows["null_99"], found, strict=True):
        lesioned = [] if one is None else one["lesions"][f"{GRID_LIKE} {dose}"]
        score = units_of(evidence, run_id)["score_60_by_neuron"].to_numpy()[lesioned]
        counts.append(int((score > max(null, LOWEST_SCORE)).sum()))
    return np.array(counts, int)
