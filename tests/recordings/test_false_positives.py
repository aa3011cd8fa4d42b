"""Shuffled p-values of cells without grids: in any session, a share of .05 is at most .05."""

import numpy as np
import pytest
from scipy.stats import binom

from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import random_path, save_npz

N_CELLS, DRAWS, LEVEL = 300, 39, 0.05
DT = 0.05


def cells_of(rng, times, rate, n):
    """Spikes of cells whose rate wanders in time and depends on no position."""
    trains = {}
    for cell in range(n):
        slow = np.convolve(rng.normal(size=len(times) + 400), np.ones(401) / 20, mode="valid")
        counts = rng.poisson(rate * np.exp(0.5 * slow[: len(times)]) * DT)
        trains[str(cell)] = np.repeat(times, counts) + rng.uniform(0, DT, counts.sum())
    return trains


def plain(rng, path, times):
    return path, times, {}


def gaps(rng, path, times):
    return path, times + np.select([times > 400, times > 150], [5000.0, 1800.0], 0.0), {}


def lost(rng, path, times):
    path = path.copy()
    for start in rng.integers(0, len(path) - 200, 25):
        path[start : start + rng.integers(1, 200)] = np.nan
    return path, times, {}


def fast(rng, path, times):
    return path, times, {"min_speed_cm_s": 15.0}


def disc(rng, path, times):
    centre = path - 0.5
    radius = np.hypot(*centre.T)[:, None]
    return np.where(radius > 0.5, centre * 0.5 / np.maximum(radius, 0.5), centre), times, {}


def rectangle(rng, path, times):
    return path * (1.0, 0.5), times, {}


SITUATIONS = {
    "plain": (plain, 2.0),
    "gaps": (gaps, 2.0),
    "lost frames": (lost, 2.0),
    "speed filter": (fast, 2.0),
    "few spikes": (plain, 0.1),
    "circular arena": (disc, 2.0),
    "rectangular arena": (rectangle, 2.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_cells_without_grids_pass_at_the_nominal_rate(name, tmp_path, capsys):
    change, rate = SITUATIONS[name]
    p = []
    for session in range(6):
        rng = np.random.default_rng([session, list(SITUATIONS).index(name)])
        path, times, options = change(rng, *random_path(rng, 600))
        trains = cells_of(rng, times, rate, N_CELLS // 6)
        save_npz(tmp_path / f"{session}.npz", path, times, trains)
        inputs = read_inputs([tmp_path / f"{session}.npz"])
        scored = score_inputs(inputs, ScoreOptions(shuffles=DRAWS, n_bins=20, **options))
        p.append(table(scored)["p_value"])
    p = np.concatenate(p)
    found = int((p <= LEVEL).sum())
    with capsys.disabled():
        print(f"\n{name}: {found} of {N_CELLS} cells, {found / N_CELLS:.3f}, p <= {LEVEL}")
    low, high = binom.ppf([0.0005, 0.9995], N_CELLS, LEVEL)
    assert low <= found <= high
