"""Values for each sample of the path in place of spike times: counts of spikes, or a signal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_SHORTEST_SIGNAL, _LEAST_FALLS = 20, 0.1


def is_counts(train: Float[np.ndarray, " value"], n_samples: int) -> bool:
    """Return whether values are counts of spikes for each sample, and not spike times.

    Counts are as many as there are samples, whole and not negative, and fewer than half of them
    differ from each other.
    """
    if len(train) != n_samples or n_samples < 2:
        return False
    is_whole = bool((np.isfinite(train) & (train == np.floor(train)) & (train >= 0)).all())
    return is_whole and 2 * len(np.unique(train)) < n_samples


def is_signal(values: Float[np.ndarray, " value"], n_samples: int) -> bool:
    """Return whether values are a signal, such as a rate in each sample, and not spike times.

    They are as many as there are samples, and more than a tenth of them are below the one before.
    """
    if len(values) != n_samples or n_samples < _SHORTEST_SIGNAL:
        return False
    return bool((np.diff(values) < 0).mean() > _LEAST_FALLS)


def times_of_counts(
    counts: Float[np.ndarray, " sample"], times_s: Float[np.ndarray, " sample"]
) -> Float[np.ndarray, " spike"]:
    """Return spike times of counts: the spikes of a sample are spread evenly over its duration.

    A sample lasts until the next one, at most a median step.

    Args:
        counts: [sample], whole numbers from 0.
        times_s: [sample], increasing, seconds.
    """
    steps = np.diff(times_s)
    typical = float(np.median(steps))
    durations = np.minimum(np.append(steps, typical), typical)
    n = counts.astype(np.int64)
    sample = np.repeat(np.arange(len(n)), n)
    first = np.repeat(np.cumsum(n) - n, n)
    share = (np.arange(len(sample)) - first + 0.5) / n[sample]
    return times_s[sample] + share * durations[sample]
