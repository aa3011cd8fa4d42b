"""The best rate map of each setting: that of the unit with the largest published gridness."""

from pathlib import Path

import numpy as np

import gridjax as gj

from .networks import SETTINGS, maps_of, of_settings
from .scores import LEAST_RATE, published_gridness


def best_maps(runs: list[gj.Run]) -> dict[str, np.ndarray]:
    """Return the best map of each setting among all active units of the networks of runs.

    Returns maps [setting, n, n], and the rho, size, seed, unit and gridness of each.
    """
    found: dict[str, list] = {name: [] for name in ("maps", "rho", "size", "seed", "unit")}
    found["gridness"] = []
    for (rho, size), networks in of_settings(runs).items():
        best = (-np.inf, 0, 0, np.zeros((0, 0)))
        for seed, run, run_id in networks:
            maps = maps_of(run.network(run_id))
            active = np.flatnonzero(maps.max(axis=(1, 2)) > LEAST_RATE)
            for unit, score in zip(active, published_gridness(maps[active]), strict=True):
                if score > best[0]:
                    best = (score, seed, unit, maps[unit])
        score, seed, unit, one = best
        row = {"maps": one, "rho": rho, "size": size, "seed": seed, "unit": unit, "gridness": score}
        for name, value in row.items():
            found[name].append(value)
    arrays = {name: np.array(values) for name, values in found.items()}
    return arrays | {"maps": arrays["maps"].astype(np.float16)}


def read_best_maps(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file of ``best_maps``. Raises GridjaxError for another file."""
    fix = "give the file that the command maps wrote"
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = dict(content)
    except (OSError, ValueError) as error:
        raise gj.GridjaxError(gj.Problem(f"{file}: no maps ({error})", fix=fix)) from None
    if len(arrays.get("maps", ())) != len(SETTINGS):
        raise gj.GridjaxError(gj.Problem(f"{file}: not one map for each setting", fix=fix))
    return arrays
