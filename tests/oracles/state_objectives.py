"""Objectives on states by loops over pairs, in float64."""

import numpy as np


def distances(states, positions, rho, sigma, size=0.5, size_weight=0.0, rate_weight=0.0):
    """Mean over pairs of the weighted squared error of distances, with terms for the mean."""
    g = np.asarray(states, float).reshape(-1, np.shape(states)[-1])
    r = np.asarray(positions, float).reshape(-1, 2)
    of_pairs = []
    for i in range(len(g)):
        for j in range(i):
            apart = np.linalg.norm(r[i] - r[j])
            error = np.linalg.norm(g[i] - g[j]) - rho * apart
            of_pairs.append(error**2 * np.exp(-(apart**2) / (2 * sigma**2)))
    mean = g.mean(axis=0)
    of_size = size_weight * (1 - mean @ mean - size) ** 2
    return np.mean(of_pairs) + of_size - rate_weight * mean.mean()
