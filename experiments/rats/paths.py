"""A rat's path, an even path of the same length, and spikes of cells along them."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.stats import qmc

import gridjax as gj

from .cells import BOX_M, Cell


def rat_path() -> tuple[np.ndarray, np.ndarray]:
    """Return positions [sample, 2] in metres and times in seconds of the real path."""
    package = find_spec("ratinabox")
    if package is None or not package.submodule_search_locations:
        sys.exit("the rat's path comes with ratinabox: pip install '.[rats]'")
    file = Path(package.submodule_search_locations[0]) / "data" / "sargolini.npz"
    with np.load(file, allow_pickle=False) as data:
        return data["pos"], data["t"]


def heading(positions: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the direction of movement (rad), over a fifth of a second."""
    half = 5
    ahead, behind = np.roll(positions, -half, axis=0), np.roll(positions, half, axis=0)
    return np.arctan2(*(ahead - behind).T[::-1])


def session(name: str, population: list[Cell], rng, positions, times, headings) -> gj.Session:
    """Return a session: Poisson spikes of the cells along a path."""
    step = np.minimum(np.diff(times, append=times[-1] + 0.02), 0.1)
    trains = []
    for cell in population:
        counts = rng.poisson(cell.rate(positions, headings) * step)
        trains.append(
            np.repeat(times, counts) + np.repeat(step, counts) * rng.uniform(size=counts.sum())
        )
    names = tuple(cell.name for cell in population)
    return gj.Session(name, names, positions, times, tuple(map(np.sort, trains)))


def even_path(n_samples: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Return positions spread evenly over the box, in random order, and random headings."""
    positions = BOX_M * qmc.Halton(2, rng=rng).random(n_samples)
    return positions, rng.uniform(-np.pi, np.pi, n_samples)


def first_seconds(whole: gj.Session, seconds: float) -> gj.Session:
    """Return the beginning of a session."""
    end = whole.times_s[0] + seconds
    kept = whole.times_s <= end
    last = whole.times_s[kept][-1]
    spikes = tuple(train[train <= last] for train in whole.spikes_s)
    return gj.Session(whole.name, whole.cells, whole.positions_m[kept], whole.times_s[kept], spikes)


def save(folder: Path, what: gj.Session) -> Path:
    """Write a session as `gridjax score` reads it."""
    path = folder / f"{what.name}.npz"
    spikes = {
        f"spikes_{cell}": train for cell, train in zip(what.cells, what.spikes_s, strict=True)
    }
    np.savez(path, allow_pickle=False, positions=what.positions_m, times=what.times_s, **spikes)
    return path
