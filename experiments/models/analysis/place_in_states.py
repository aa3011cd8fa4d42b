"""How much of the variance of a network's states its position explains."""

import numpy as np

N_PATHS, N_PLACES = 4000, 20
"""Paths, and bins along each side of the box."""


def explained_by_place(states, positions, width_m):
    """Return the share of the variance of states that bins of the position explain.

    It is corrected for the number of bins: about 0 if states do not depend on the position.

    Args:
        states: rates [path, unit].
        positions: where each path ends [path, 2], metres; those outside the box are left out.
        width_m: side of the box.
    """
    at = np.floor((positions / width_m + 0.5) * N_PLACES).astype(int)
    inside = ((at >= 0) & (at < N_PLACES)).all(axis=1)
    places, states = at[inside] @ (N_PLACES, 1), states[inside]
    _, place, count = np.unique(places, return_inverse=True, return_counts=True)
    is_used = count[place] > 1
    _, place, count = np.unique(places[is_used], return_inverse=True, return_counts=True)
    states = states[is_used].astype(float)
    if len(states) <= len(count):
        return np.nan
    means = np.zeros((len(count), states.shape[1]))
    np.add.at(means, place, states)
    means /= count[:, None]
    within = np.square(states - means[place]).sum() / (len(states) - len(count))
    total = np.square(states - states.mean(axis=0)).sum() / (len(states) - 1)
    return float(1 - within / total) if total > 0 else 0.0


def share_explained(network):
    """Return how much of the variance of a network's states after its paths its position explains.

    The paths are new ones of its own motion, as long as those of its training.
    """
    positions = network.paths(N_PATHS)
    states = np.asarray(network.respond(positions).activity)[:, -1]
    return {"share": explained_by_place(states, positions[:, -1], network.spec.box_width_in_m)}
