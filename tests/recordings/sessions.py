"""Synthetic recordings in every form that can be scored."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.readers import read_inputs

PERIOD_M, TURN = 0.45, 0.3


def random_path(rng, seconds, dt=0.05, box=1.0):
    """A smooth random walk in the box, reflected at its walls."""
    n = int(seconds / dt)
    turns = np.cumsum(rng.normal(0, 0.35, n))
    steps = 0.25 * dt * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    folded = np.mod(np.cumsum(steps, axis=0), 2 * box)
    return np.minimum(folded, 2 * box - folded), np.arange(n) * dt


def recording(seconds=600, seed=0):
    """Positions, times and the spikes of a grid cell, a cell that fires anywhere, a silent one."""
    rng = np.random.default_rng(seed)
    path, times = random_path(rng, seconds)
    k = 4 * np.pi / np.sqrt(3) / PERIOD_M
    waves = sum(
        np.cos(k * (path @ (np.cos(a), np.sin(a))))
        for a in TURN + np.pi / 6 + np.arange(3) * np.pi / 3
    )

    def spikes(rate):
        counts = rng.poisson(rate * 0.05)
        return np.sort(np.repeat(times, counts) + rng.uniform(0, 0.05, counts.sum()))

    grid, anywhere = spikes(4 * np.maximum(waves, 0)), spikes(np.full(len(times), 2.0))
    return path, times, {"grid": grid, "anywhere": anywhere, "silent": np.array([])}


def ideal_map(n, period_bins, noise=0.0):
    """A rectified lattice on n x n bins."""
    x, y = np.mgrid[:n, :n]
    k = 4 * np.pi / np.sqrt(3) / period_bins
    waves = sum(
        np.cos(k * (x * np.cos(a) + y * np.sin(a)))
        for a in TURN + np.pi / 6 + np.arange(3) * np.pi / 3
    )
    return np.maximum(waves, 0) + noise * np.random.default_rng(0).normal(size=(n, n))


def save_npz(path, positions, times, spikes):
    named = {f"spikes_{cell}": train for cell, train in spikes.items()}
    np.savez(path, positions=positions, times=times, **named)
    return path


def save_csv(path, positions, times, spikes):
    rows = [
        f"{t!r},{x!r},{y!r}" for t, (x, y) in zip(times.tolist(), positions.tolist(), strict=True)
    ]
    path.write_text("\n".join(("t,x,y", *rows)) + "\n")
    trains = [f"{cell},{t!r}" for cell, train in spikes.items() for t in train.tolist()]
    path.with_suffix(".spikes.csv").write_text("\n".join(("cell,t", *trains)) + "\n")
    return path


def refusal(*names, units="m"):
    """The message that refuses these files, in metres."""
    return refused(*names, units=units)


GOOD_CSV = "t,x,y\n" + "".join(f"{t},{t / 9},{t * t / 81}\n" for t in range(10))


def changed(**changes):
    """Return the arrays of a short session, some of them others, or None for left out."""
    path, times, spikes = recording(seconds=30)
    arrays = {"positions": path, "times": times, "spikes_a": spikes["grid"]} | changes
    return {name: array for name, array in arrays.items() if array is not None}


def read(path, **options):
    """The one session of a file."""
    (session,) = read_inputs([path], InputOptions(**options))
    return session


def refused(*paths, **options):
    """The message that refuses files; each of its problems has a fix."""
    with pytest.raises(GridjaxError) as caught:
        read_inputs(paths, InputOptions(**options))
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)
