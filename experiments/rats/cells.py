"""Synthetic cells with known firing rates: grid cells and others."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

N_GRID, N_OTHER = 16, 6  # grid cells; cells of every other kind
KINDS = ("grid", "place", "scattered", "head-direction", "noise")
PEAK_HZ, NOISE_HZ = 12.0, 2.0
BOX_M, N_BINS = 1.0, 40

Rate = Callable[[Any, Any], Any]  # positions [..., 2] in metres, headings [...] -> spikes a second


class Cell(NamedTuple):
    """A synthetic cell; period (cm) and orientation (rad) are NaN unless it is a grid cell."""

    name: str
    kind: str
    rate: Rate
    period_cm: float = np.nan
    orientation_rad: float = np.nan


def grid_cell(rng: np.random.Generator, index: int) -> Cell:
    """Return a cell whose rate is the square of three plane waves: narrow fields, silent gaps."""
    period, turn = np.linspace(0.3, 0.6, N_GRID)[index], rng.uniform(0, np.pi / 3)
    origin, angles = rng.uniform(0, BOX_M, 2), turn + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / np.sqrt(3) / period * np.stack([np.cos(angles), np.sin(angles)])

    def rate(positions, headings):
        total = np.cos((positions - origin) @ waves).sum(-1)
        return PEAK_HZ * ((total + 1.5) / 4.5) ** 2

    return Cell(f"grid{index}", "grid", rate, 100 * period, turn)


def field_cell(rng: np.random.Generator, name: str, kind: str, n_fields: int) -> Cell:
    """Return a cell with Gaussian fields at random positions."""
    centres, width = rng.uniform(0, BOX_M, (n_fields, 2)), rng.uniform(0.06, 0.1)

    def rate(positions, headings):
        squared = ((positions[..., None, :] - centres) ** 2).sum(-1)
        return PEAK_HZ * np.exp(-squared / (2 * width**2)).max(-1)

    return Cell(name, kind, rate)


def cells(rng: np.random.Generator) -> list[Cell]:
    """Draw all cells."""
    others = []
    for i in range(N_OTHER):
        preferred = rng.uniform(0, 2 * np.pi)
        others += [
            field_cell(rng, f"place{i}", "place", 1),
            field_cell(rng, f"scattered{i}", "scattered", int(rng.integers(4, 9))),
            Cell(
                f"direction{i}",
                "head-direction",
                lambda _, h, at=preferred: PEAK_HZ * np.exp(4 * (np.cos(h - at) - 1)),
            ),
            Cell(f"noise{i}", "noise", lambda _, h: np.full(np.shape(h), NOISE_HZ)),
        ]
    return [grid_cell(rng, i) for i in range(N_GRID)] + others


def spatial_rates(population: list[Cell]) -> np.ndarray:
    """Return the rates [cell, n, n], spikes a second, of cells that ignore the heading."""
    centres = (np.arange(N_BINS) + 0.5) * BOX_M / N_BINS
    bins = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    return np.stack([cell.rate(bins, np.zeros(bins.shape[:-1])) for cell in population])
