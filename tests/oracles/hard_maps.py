"""Rate maps that punish careless arithmetic, and clean lattices."""

from __future__ import annotations

import numpy as np


def maps_of_many_kinds(n: int, seed: int = 0) -> np.ndarray:
    """Noise, a rectified lattice, mostly silent maps, a field with tails, saturation, few bins."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    waves = sum(np.cos(0.9 * (x * np.cos(a) + y * np.sin(a)) + a) for a in (0.1, 1.15, 2.2))
    field = np.exp(-((x - n / 3) ** 2 + (y - n / 2) ** 2) / 4)
    noise = rng.normal(size=(n, n))
    silent = np.where((x > n // 2) & (y > n // 3), 1e-7 * np.abs(noise), 0) + (x == 2) * (y < 3)
    few = np.zeros((n, n))
    few[3, 4], few[5, 1] = 2.0, 1.0
    return np.stack(
        [noise, np.maximum(waves, 0), np.maximum(noise - 1.5, 0) ** 4, field, silent,
         np.tanh(waves), few, 1e3 + noise]
    )  # fmt: skip


def with_holes(maps: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    share = np.resize([0.02, 0.2, 0.6], len(maps))[:, None, None]
    return np.where(rng.random(maps.shape) < share, np.nan, maps)


def lattice(n: int, period: float, angle: float = 0.2, folds: int = 3) -> np.ndarray:
    """Rectified sum of plane waves, `period` in bins; 3 waves a hexagonal, 2 a square lattice."""
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    k = 2 * np.pi / period * (2 / np.sqrt(3) if folds == 3 else 1)
    turns = angle + np.pi * np.arange(folds) / folds
    waves = sum(np.cos(k * (x * np.cos(a) + y * np.sin(a))) for a in turns)
    return np.maximum(waves, 0)
