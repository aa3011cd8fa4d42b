"""The losses of Schaeffer et al. (2023) in NumPy, one pair and one step at a time."""

from __future__ import annotations

import math

import numpy as np


def step(params: dict[str, np.ndarray], g: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The next state: rates of W(move) g, divided by their norm."""
    h = np.maximum(move @ params["W0"] + params["b0"], 0)
    h = np.maximum(h @ params["W1"] + params["b1"], 0)
    W = (h @ params["W2"] + params["b2"]).reshape(len(g), len(g))
    rates = np.maximum([sum(W[i, j] * g[j] for j in range(len(g))) for i in range(len(g))], 0)
    return rates / max(float(np.linalg.norm(rates)), 1e-13)


def loss(g: np.ndarray, positions: np.ndarray, moves: np.ndarray, sigma_x: float = 0.05) -> float:
    """The weighted sum of the four losses of states [time, batch, unit], over ordered pairs."""
    flat, at = g.reshape(-1, g.shape[-1]), positions.reshape(-1, 2)
    separation = invariance = 0.0
    for i in range(len(flat)):
        for j in (j for j in range(len(flat)) if j != i):
            square = math.dist(flat[i], flat[j]) ** 2
            distance = math.dist(at[i], at[j])
            if distance > sigma_x:
                separation += math.exp(-square / (2 * 0.4**2))
            elif distance < sigma_x:
                invariance += square
    capacity = -(float(np.linalg.norm(flat.mean(0))) ** 2)
    ratios = []
    for t in range(1, len(g)):
        for path in range(g.shape[1]):
            speed, change = np.linalg.norm(moves[t, path]), math.dist(g[t, path], g[t - 1, path])
            if 0 < speed < sigma_x and change > 0:
                ratios.append(change / speed)
    conformal = float(np.var(ratios)) if ratios else 0.0
    scale = 7800 * 7799 / (len(flat) * (len(flat) - 1))  # pairs of 130 paths of 60 moves
    return scale * (1.0 * separation + 0.1 * invariance) + 0.5 * capacity + 1.0 * conformal
