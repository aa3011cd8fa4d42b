"""The networks of the reproduction: their sweep, and their rate maps on the published lattice."""

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import yaml

import gridjax as gj

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"
CRITERION = yaml.safe_load((HERE / "criterion.yaml").read_text())
SETTINGS: list[tuple[float, float]] = [tuple(each) for each in CRITERION["settings"]]
"""rho and s_0 of each setting."""
N_BINS, HALF_WIDTH = 64, 0.8 * 2 * np.pi
"""The published lattice of positions: 64 x 64, both ends of +-.8 * 2 pi included."""


def register_network() -> ModuleType:
    """Import models/piso.py, which registers the network, here and in worker processes."""
    if str(MODELS) not in sys.path:
        sys.path.insert(0, str(MODELS))
        paths = (str(MODELS), os.environ.get("PYTHONPATH", ""))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return import_module("piso")


def sweep(seeds: range, lane_width: int) -> gj.Sweep:
    """Return the networks of all settings with some seeds."""
    specs: list[gj.NetworkSpec] = []
    for rho, size in SETTINGS:
        values = {"state_distance_per_m": rho, "code_size": size, "seed": list(seeds)}
        specs += gj.Sweep.from_yaml(MODELS / "piso.yaml", overrides=values).specs
    return gj.Sweep.from_specs(specs, gj.Settings(lane_width=lane_width, keep_maps="none"))


def lattice_of_positions() -> np.ndarray:
    """Return the positions of the rate maps, [N_BINS^2, 2], x first."""
    axis = np.linspace(-HALF_WIDTH, HALF_WIDTH, N_BINS)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def maps_of(network: gj.Network) -> np.ndarray:
    """Return the rate maps [unit, N_BINS, N_BINS] of a network on the published lattice."""
    positions = lattice_of_positions()[:, None]
    paths = jnp.asarray(np.concatenate([positions, positions], axis=1))
    return as_maps(network.respond(paths).activity[:, 0])


def as_maps(rates: jax.Array) -> np.ndarray:
    """Return rates [position, unit] at the published positions as maps [unit, N_BINS, N_BINS]."""
    return np.asarray(rates, np.float64).T.reshape(-1, N_BINS, N_BINS)


def norm_relu(x: jax.Array) -> jax.Array:
    """Return relu(x) divided by its Euclidean norm over units (floor 1e-13)."""
    rates = jax.nn.relu(x)
    return rates / jnp.maximum(jnp.linalg.norm(rates, axis=-1, keepdims=True), 1e-13)


def of_settings(runs: list[gj.Run]) -> dict[tuple[float, float], list[tuple[int, gj.Run, str]]]:
    """Return seed, run and run_id of the networks of each setting, in the order of their seeds.

    Raises GridjaxError for a setting without networks.
    """
    found: dict[tuple[float, float], list[tuple[int, gj.Run, str]]] = {one: [] for one in SETTINGS}
    for run in runs:
        finished = set(run.networks["run_id"])
        for run_id, values in zip(run.manifest["run_ids"], run.manifest["specs"], strict=True):
            spec = gj.NetworkSpec.from_dict(values)
            setting = (spec.state_distance_per_m, spec.code_size)
            if setting in found and run_id in finished:
                found[setting].append((spec.seed, run, run_id))
    for (rho, size), networks in found.items():
        if not networks:
            what = f"no network of rho {rho:g}, size {size:g} in the given runs"
            raise gj.GridjaxError(gj.Problem(what, fix="give the OUT folders of finished parts"))
        networks.sort(key=lambda one: one[0])
    return found
