"""Lesions of agents: the most grid-like units of a network, and other units of equal variance."""

import numpy as np
from scipy.optimize import linear_sum_assignment

GRID_LIKE, MATCHED = "most grid-like", "matched"
N_DRAWS = 3
"""Draws of matched units; their mean score is compared."""
DOSES = {"10 %": 0.1, "20 %": 0.2}
"""Shares of the units among which the most grid-like are."""
CALIPER = 0.1
"""Largest difference of the log standard deviations of a lesioned and a matched map."""
LEAST_SD = 1e-3
"""Units with a smaller share of the mean standard deviation are silent, and in no lesion."""
SETTINGS = {"doses": list(DOSES.values()), "draws": N_DRAWS, "caliper": CALIPER}
"""Values that decide the lesions."""


def lesions_of(network, score_60, copy_of):
    """Return the units of all lesions by name, and the share of the code's variance in each.

    A lesion leaves units at their mean rate, so that their variance over places is what agents
    lose. Copies of a map are in the same lesion: with one of them left, an agent would lose
    nothing. The lesion of a dose has the maps with the highest scores that have a partner of nearly
    the same standard deviation among the other maps: grid-like units vary most, and the largest
    have none. Each draw of matched units has partners of all of them.
    """
    maps = np.asarray(network.rate_maps(), np.float64)
    sd = np.nan_to_num(np.nanstd(maps, axis=(1, 2)))
    score = np.nan_to_num(score_60, nan=-np.inf)
    sets = [units for units in copies(copy_of) if (sd[units] > LEAST_SD * sd.mean()).all()]
    sets.sort(key=lambda units: -score[units].mean())
    variance = np.array([np.square(sd[units]).sum() for units in sets])
    n_before = np.cumsum([len(units) for units in sets]) - [len(units) for units in sets]
    random = np.random.default_rng(network.spec.seed)
    lesions = {}
    for name, dose in DOSES.items():
        is_first = n_before < round(dose * len(sd))
        first, others = np.flatnonzero(is_first), np.flatnonzero(~is_first)
        lesioned, _ = partners(np.log(variance) / 2, first, others, 0)
        lesions[f"{GRID_LIKE} {name}"] = units_of(sets, lesioned)
        for draw in range(N_DRAWS):
            noise = random.random((len(lesioned), len(others)))
            _, matched = partners(np.log(variance) / 2, lesioned, others, noise)
            lesions[f"{MATCHED} {name}, {draw + 1}"] = units_of(sets, matched)
    total = max(float(np.square(sd).sum()), np.finfo(float).tiny)
    return lesions, {
        name: float(np.square(sd[units]).sum()) / total for name, units in lesions.items()
    }


def copies(copy_of):
    """Return the units of each distinct map; a unit without a known copy (NaN) is alone."""
    own = np.arange(len(copy_of))
    first = np.where(np.isnan(copy_of), own, copy_of).astype(int)
    return [np.flatnonzero(first == unit) for unit in np.unique(first)]


def units_of(sets, chosen):
    """Return the units of some of the maps in a list."""
    return [int(unit) for at in chosen for unit in sets[at]]


def partners(log_sd, maps, others, noise):
    """Return the maps that have a partner within the caliper, and their partners, all different.

    Of all ways to make the most pairs it is the one with the least sum of distances and of
    ``noise`` [map, other] times the caliper.
    """
    distances = np.abs(np.subtract.outer(log_sd[maps], log_sd[others]))
    # a pair beyond the caliper costs more than all allowed pairs together
    costs = np.where(distances <= CALIPER, distances + CALIPER * noise, 1.0 + len(maps))
    of_maps, of_others = linear_sum_assignment(costs)
    allowed = distances[of_maps, of_others] <= CALIPER
    return maps[of_maps[allowed]], others[of_others[allowed]]
