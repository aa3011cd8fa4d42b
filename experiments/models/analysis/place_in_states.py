"""How much of the variance of a network's states its position explains."""

import numpy as np

N_PATHS = 4000


def explained_by_place(states, positions, width_m, n_bins):
    """Return the share of the variance of states that bins of the position explain.

    It is corrected for the number of bins: about 0 if states do not depend on the position.

    Args:
        states: rates [path, unit].
        positions: where each path ends [path, 2], metres; those outside the box are left out.
        width_m: side of the box.
        n_bins: bins along each side of the box. They must be small beside the fields of the states,
            whose variation within a bin is not explained.
    """
    at = np.floor((positions / width_m + 0.5) * n_bins).astype(int)
    inside = ((at >= 0) & (at < n_bins)).all(axis=1)
    places, states = at[inside] @ (n_bins, 1), states[inside]
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

    The paths are new ones of its own motion, as long as those of its training. The bins are those
    of its rate maps.
    """
    positions, spec = network.paths(N_PATHS), network.spec
    states = np.asarray(network.respond(positions).activity)[:, -1]
    bins = spec.box_width_in_m, spec.n_bins_reported
    return {"share": explained_by_place(states, positions[:, -1], *bins)}
