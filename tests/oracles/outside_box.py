"""Slow counterpart of gridjax.metrics.outside_box: one state at a time."""

from collections import defaultdict

import numpy as np

from gridjax.metrics.coding.outside_box import (
    FEWEST_IN_BAND,
    FEWEST_IN_BIN,
    FEWEST_IN_BOX,
    N_BANDS,
    THINNING,
)


def outside_box(positions, rates, box_width_m, within_cm, n_bins):
    """Excess [decoder, band] and the mean error in the box by move, both in cm."""
    bin_cm, half_cm = 100 * box_width_m / n_bins, 50 * box_width_m

    def bin_of(place_cm):
        return tuple(np.floor(np.asarray(place_cm) / bin_cm + n_bins).astype(int))

    states = defaultdict(list)
    for path, rate in zip(positions[0::2], rates[0::2], strict=True):
        visited = set()
        for place, rate_there in zip(path, rate, strict=True):
            if bin_of(100 * place) not in visited:
                states[bin_of(100 * place)].append(rate_there)
            visited.add(bin_of(100 * place))
    book = {
        place: np.mean(some[:FEWEST_IN_BIN], axis=0)
        for place, some in states.items()
        if len(some) >= FEWEST_IN_BIN and min(place) >= 0 and max(place) < 2 * n_bins
    }
    centres = (np.array(list(book)) + 0.5 - n_bins) * bin_cm
    means = np.array(list(book.values()))

    def error(place_cm, rate, limit):
        away = np.linalg.norm(centres - place_cm, axis=1)
        allowed = np.flatnonzero(away <= limit)
        nearest = np.square(rate - means[allowed]).sum(axis=1).argmin()
        return away[allowed[nearest]]

    found = []  # decoder, move, distance from the walls in cm, error
    for number, (path, rate) in enumerate(zip(positions[1::2], rates[1::2], strict=True)):
        for move, (place, rate_there) in enumerate(zip(100 * path, rate, strict=True)):
            distance = np.abs(place).max() - half_cm
            if bin_of(place) not in book or (distance < 0 and number % THINNING):
                continue
            for decoder, limit in enumerate((within_cm, np.inf)):
                found.append((decoder, move, distance, error(place, rate_there, limit)))
    excess = np.full((2, N_BANDS), np.nan)
    in_box = np.full((2, positions.shape[1]), np.nan)
    for decoder in (0, 1):
        of = np.array([row[1:] for row in found if row[0] == decoder])
        for move in range(positions.shape[1]):
            inside = of[(of[:, 0] == move) & (of[:, 1] < 0), 2]
            if len(inside) >= FEWEST_IN_BOX:
                in_box[decoder, move] = inside.mean()
        for band in range(N_BANDS):
            low, high = band * half_cm / N_BANDS, (band + 1) * half_cm / N_BANDS
            rows = of[(of[:, 1] >= low) & (of[:, 1] < high)]
            beyond = rows[:, 2] - in_box[decoder, rows[:, 0].astype(int)]
            if np.isfinite(beyond).sum() >= FEWEST_IN_BAND:
                excess[decoder, band] = beyond[np.isfinite(beyond)].mean()
    return excess, in_box[0]
