"""The network and the loss of Xu et al. (2025) in NumPy, one position and one pair at a time."""

from __future__ import annotations

import math

import numpy as np


def rates(params: dict[str, np.ndarray], position: np.ndarray) -> np.ndarray:
    """The normalised rates at one position, in float64."""
    params = {name: np.asarray(value, np.float64) for name, value in params.items()}
    angles = [sum(position[i] * params["waves"][i, k] for i in range(2)) for k in range(2)]
    h = [params["gains"][k] * math.cos(angles[k]) for k in range(2)]
    h += [params["gains"][k] * math.sin(angles[k]) for k in range(2)]
    for layer in range(3):
        W, b = params[f"W{layer}"], params[f"b{layer}"]
        h = [max(0.0, b[j] + sum(h[i] * W[i, j] for i in range(len(h)))) for j in range(len(b))]
    norm = max(math.sqrt(sum(rate**2 for rate in h)), 1e-13)
    return np.array(h) / norm


def loss(
    params: dict[str, np.ndarray],
    positions: np.ndarray,
    rho: float,
    sigma: float,
    size: float,
    size_weight: float,
) -> float:
    """The loss of positions [n, 2]: the mean over pairs, and the error of the size of the code."""
    g = [rates(params, one) for one in np.asarray(positions, np.float64)]
    pairs = []
    for i in range(len(g)):
        for j in range(i + 1, len(g)):
            r = math.dist(positions[i], positions[j])
            pairs.append((math.dist(g[i], g[j]) - rho * r) ** 2 * math.exp(-(r**2) / 2 / sigma**2))
    mean = sum(g) / len(g)
    s = 1 - sum(rate**2 for rate in mean)
    return sum(pairs) / len(pairs) + size_weight * (s - size) ** 2
