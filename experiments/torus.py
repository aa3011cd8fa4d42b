"""The torus of the best modules of a run, against nulls (Gardner et al. 2022).

    pip install 'gridjax[torus]'
    gridjax sweep quickstart --keep-maps all --out runs/mine
    python experiments/torus.py runs/mine torus.csv

The best networks are those with most units in their largest module, units of the same period
(+-10 %) and orientation (+-5 degrees) whose rate maps or weights are stored. The table has one row
for each of them: the ratio of the second to the third bar of the first homology, its p-value
against each null and the mean ratio of each null; with --cavities, also that of the first to the
second bar of the second homology.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

import gridjax as gj
from gridjax.metrics import FEWEST_MODULE_UNITS, ModuleTorus, module_torus, torus_units

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "linear": lambda x: x,
    "norm_relu": lambda x: (
        jax.nn.relu(x) / jnp.maximum(jnp.linalg.norm(jax.nn.relu(x), axis=-1, keepdims=True), 1e-13)
    ),
}
"""Activations of the random readouts, by their names in sweep files."""


def module_units(run: gj.Run, run_id: str) -> list[int]:
    """Return the units of the largest module of a network that are close to its middle."""
    units = run.units[run.units["run_id"] == run_id]
    units = units[units["nbins"] == units["nbins"].max()].set_index("unit")
    period, turn = (units[name].to_numpy(float) for name in ("period_cm", "orientation_rad"))
    return units.index[torus_units(period, turn)].tolist()


def module_maps(run: gj.Run, run_id: str, wanted: list[int]) -> np.ndarray | None:
    """Return the maps [unit, n, n] of units of a network: the stored ones, or from its weights.

    Returns None if some are not stored, neither are the weights, and too few are left; and if a map
    has missing bins.
    """
    try:
        maps = run.rate_maps(run_id)
        if not set(wanted) <= set(maps["unit"].to_numpy()):
            raise gj.GridjaxError(gj.Problem("some maps are not stored"))
    except gj.GridjaxError:
        try:
            maps = run.network(run_id).rate_maps()
        except gj.GridjaxError:
            return None
    kept = maps.sel(unit=[unit for unit in maps["unit"].to_numpy() if unit in wanted]).to_numpy()
    is_enough = len(kept) >= FEWEST_MODULE_UNITS and np.isfinite(kept).all()
    return kept if is_enough else None


def spec_of(run: gj.Run, run_id: str) -> gj.NetworkSpec:
    """Return the spec of a network, also of one whose weights are not stored."""
    try:
        return run.network(run_id).spec
    except gj.GridjaxError:
        specs = dict(zip(run.manifest["run_ids"], run.manifest["specs"], strict=True))
        return gj.NetworkSpec.from_dict(specs[run_id])


def torus_of(run: gj.Run, run_id: str, maps: np.ndarray, given: argparse.Namespace) -> ModuleTorus:
    """Return the torus of maps, with random readouts of the network's code if it has one."""
    spec = spec_of(run, run_id)
    code = gj.code_over_box(spec, maps.shape[-1]) if spec.has_outputs else None
    # the analysed units of a bottleneck are linear
    activation = "linear" if spec.architecture == "banino2018" else spec.activation
    return module_torus(
        jax.random.key(given.seed),
        maps,
        code,
        ACTIVATIONS[activation],
        given.draws,
        given.points,
        given.cavities,
    )


def row_of(run_id: str, maps: np.ndarray, found: ModuleTorus) -> dict[str, Any]:
    """Return the row of one network."""
    row: dict[str, Any] = {"run_id": run_id, "n_units": len(maps)}
    row |= {"circle_ratio": found.circle_ratio, "cavity_ratio": found.cavity_ratio}
    for name, p in found.p_circles.items():
        row[f"p_circles_{name}"] = p
        row[f"circle_ratio_{name}"] = found.null_circle_ratios[name].mean()
        row[f"p_cavities_{name}"] = found.p_cavities[name]
    return row


def register(plugin: Path) -> None:
    """Import a file that registers cells. Raises GridjaxError if there is none."""
    if not plugin.is_file():
        raise gj.GridjaxError(gj.Problem(f"--plugin {plugin}: no such file", fix="name the file"))
    sys.path.insert(0, str(plugin.parent))
    import_module(plugin.stem)


def check(given: argparse.Namespace) -> None:
    """Refuse arguments that would fail only after the measurement, or take all networks."""
    if given.networks < 1:
        raise gj.GridjaxError(
            gj.Problem(f"--networks is {given.networks}", fix="give a number from 1")
        )
    if not 0 <= given.seed < 2**32:
        fix = "give a number from 0 to 2**32 - 1"
        raise gj.GridjaxError(gj.Problem(f"--seed is {given.seed}", fix=fix))
    if given.table.is_dir() or not given.table.parent.is_dir():
        fix = "name a file in a folder that exists"
        raise gj.GridjaxError(gj.Problem(f"{given.table}: cannot write a table there", fix=fix))


def main(words: list[str] | None = None) -> int:
    """Write the table of the best networks; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--networks", type=int, default=32, help="largest number of networks")
    parser.add_argument("--draws", type=int, default=10, help="draws of each null")
    parser.add_argument("--points", type=int, default=1200, help="population vectors")
    parser.add_argument("--cavities", action="store_true", help="the second homology, too: minutes")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the nulls")
    parser.add_argument("--plugin", type=Path, help="Python file that registers the run's cells")
    given = parser.parse_args(words)
    try:
        check(given)
        if given.plugin is not None:
            register(given.plugin)
        run = gj.open_run(given.run)
        units = {run_id: module_units(run, run_id) for run_id in run.networks["run_id"]}
        largest = sorted(units, key=lambda run_id: -len(units[run_id]))
        rows = []
        for run_id in largest:
            if len(units[run_id]) < FEWEST_MODULE_UNITS or len(rows) == given.networks:
                break
            maps = module_maps(run, run_id, units[run_id])
            if maps is None:
                continue
            rows.append(row_of(run_id, maps, torus_of(run, run_id, maps, given)))
            print(f"{run_id}: {rows[-1]['circle_ratio']:.2f}", flush=True)
            pd.DataFrame(rows).to_csv(given.table, index=False, float_format="%.6g")
        if not rows:
            what = f"{given.run}: no maps of a module of at least {FEWEST_MODULE_UNITS} units"
            fix = "sweep with --keep-maps all, or with --keep-weights all and, if needed, --plugin"
            raise gj.GridjaxError(gj.Problem(what, fix=fix))
    except gj.GridjaxError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
