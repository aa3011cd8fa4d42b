"""Fuzzy memberships of Gardner et al. (2022) and the choice of points, one pair at a time."""

from __future__ import annotations

import math

import numpy as np


def membership(points: np.ndarray, k: int) -> np.ndarray:
    """Memberships of all pairs: joint memberships of both directions."""
    n = len(points)
    one_way = np.zeros((n, n))
    apart = [
        [1 - a @ b / math.sqrt((a @ a) * (b @ b)) if a is not b else 0.0 for b in points]
        for a in points
    ]
    for i in range(n):
        nearest = sorted(range(n), key=lambda j: apart[i][j])[:k]
        others = [apart[i][j] for j in nearest if j != i]
        low, high = 1e-9, 1e9
        for _ in range(200):
            sigma = math.sqrt(low * high)
            total = sum(math.exp(-d / sigma) for d in others)
            low, high = (low, sigma) if total > math.log2(k) else (sigma, high)
        for j in nearest:
            if j != i:
                one_way[i, j] = math.exp(-apart[i][j] / sigma)
    both = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            both[i, j] = one_way[i, j] + one_way[j, i] - one_way[i, j] * one_way[j, i]
    return both


def spread_points(of_pairs: np.ndarray, n: int) -> list[int]:
    """Points by their sum of memberships minus those of points that were chosen before."""
    chosen: list[int] = []
    while len(chosen) < min(n, len(of_pairs)):
        rest = {
            i: sum(of_pairs[i]) - sum(of_pairs[i, j] for j in chosen)
            for i in range(len(of_pairs))
            if i not in chosen
        }
        chosen.append(max(rest, key=lambda i: rest[i]))
    return chosen
