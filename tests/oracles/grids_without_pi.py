"""The networks and the loss of Pettersen et al. (2024) in NumPy, one state or pair at a time."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np


def normalised(h: np.ndarray) -> np.ndarray:
    """Rates divided by their norm."""
    rates = np.maximum(h, 0)
    return rates / max(np.linalg.norm(rates), 1e-13)


def layers(params: dict[str, np.ndarray], position: np.ndarray) -> np.ndarray:
    """Two layers of relu units and a normalised one, of one position."""
    h = np.maximum(position @ params["W0"] + params["b0"], 0)
    h = np.maximum(h @ params["W1"] + params["b1"], 0)
    return normalised(h @ params["W2"] + params["b2"])


def states(
    params: dict[str, np.ndarray], start: dict[str, np.ndarray], path: np.ndarray
) -> list[np.ndarray]:
    """The states of the recurrent network after each move of a path [time + 1, 2]."""
    g, found = layers(start, path[0]), []
    for before, after in pairwise(path):
        g = normalised(params["G"].T @ g + params["V"].T @ (after - before))
        found.append(g)
    return found


def loss(g: list[np.ndarray], positions: list[np.ndarray], alpha: float = 0.54) -> float:
    """alpha (mean over pairs, rho 1, sigma 1.2) - (1 - alpha) mean(g)."""
    pairs = []
    for i in range(len(g)):
        for j in range(i + 1, len(g)):
            r = math.dist(positions[i], positions[j])
            pairs.append((math.dist(g[i], g[j]) - r) ** 2 * math.exp(-(r**2) / (2 * 1.2**2)))
    return alpha * sum(pairs) / len(pairs) - (1 - alpha) * float(np.mean(g))
