"""Comparison with a public table of 1,050 networks of Xu et al. (2025): grid-like units by setting.

Thirteen settings of the network of experiments/models/piso.py are trained in parts of some seeds,
each with every setting, and scored by the scorer of the paper (package ``spatial-maps``) and by
gridjax, on the same rate maps:

    python experiments/piso_reproduction.py train OUT --seeds 0-15  # the same call resumes it
    python experiments/piso_reproduction.py score OUT TABLE.csv     # one row for each network
    python experiments/piso_reproduction.py compare PUBLISHED.csv TABLE.csv ...

``PUBLISHED.csv`` has a row for each published network, with the columns rho, size,
share_grid_like_in_active and mean_spacing_grid_like (0 without grid-like units). The criterion
(piso_claims.yaml) was written before a network was trained.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml

import gridjax as gj
from gridjax.metrics import fit_lattice

HERE = Path(__file__).parent
MODELS = HERE / "models"
CLAIMS = yaml.safe_load((HERE / "piso_claims.yaml").read_text())
N_BINS, HALF_WIDTH = 64, 0.8 * 2 * np.pi
"""The published lattice of positions: 64 x 64, both ends of +-.8 * 2 pi included."""
LEAST_RATE, LEAST_SCORE = 0.5, 0.7
"""Published limits: an active unit has a larger peak rate, a grid-like unit a larger gridness."""
OURS = 0.3
"""Limit of gridjax's score_60 of units that are counted beside the published ones."""


def register_network() -> None:
    """Import models/piso.py, which registers the network, here and in worker processes."""
    sys.path.insert(0, str(MODELS))
    paths = (str(MODELS), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    import_module("piso")


def sweep(seeds: range, lane_width: int) -> gj.Sweep:
    """Return the networks of all settings with some seeds."""
    specs: list[gj.NetworkSpec] = []
    for rho, size in CLAIMS["settings"]:
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
    activity = network.respond(paths).activity[:, 0]
    return np.asarray(activity, np.float64).T.reshape(-1, N_BINS, N_BINS)


def published_scores(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gridness and the spacing (bins) of maps, by the package spatial-maps."""
    find_peaks = import_module("spatial_maps.fields").find_peaks
    cells = import_module("spatial_maps.gridcells")
    autocorrelation = import_module("spatial_maps.tools").autocorrelation
    scores, spacings = [], []
    for one in maps:
        scores.append(cells.gridness(one))
        sums = autocorrelation(one, mode="full", normalize=True)
        found = cells.spacing_and_orientation(find_peaks(sums), np.array(sums.shape))
        spacings.append(found[0])
    return np.array(scores), np.array(spacings)


def row_of(network: gj.Network) -> dict[str, Any]:
    """Return the row of one network: the published measures, and ours of the same maps."""
    maps = maps_of(network)
    active = maps.max(axis=(1, 2)) > LEAST_RATE
    on = maps[active]
    row: dict[str, Any] = {
        "rho": network.spec.state_distance_per_m,
        "size": network.spec.code_size,
        "seed": network.spec.seed,
        "num_active": int(active.sum()),
        "share_active": active.mean(),
    }
    if not len(on):
        return row
    scores, spacings = published_scores(on)
    is_grid = scores > LEAST_SCORE
    ours, period = gj.grid_score(on).score_60, fit_lattice(on, box_width_m=N_BINS / 100).period_cm
    with np.errstate(invalid="ignore", divide="ignore"):
        return row | {
            "share_grid_like_in_active": is_grid.mean(),
            "mean_spacing_grid_like": _mean(spacings[is_grid]),
            "share_above_0.3_in_active": (np.asarray(ours) > OURS).mean(),
            "share_above_0.7_in_active": (np.asarray(ours) > LEAST_SCORE).mean(),
            "correlation_of_scores": pd.Series(scores).corr(pd.Series(np.asarray(ours))),
            "mean_period_grid_like": _mean(np.asarray(period)[is_grid]),
        }


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def compare(published: pd.DataFrame, ours: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return both means and standard errors by setting, and the verdict on each claim.

    Without enough networks of every setting the verdicts are None.
    """
    rows = []
    for rho, size in CLAIMS["settings"]:
        row: dict[str, Any] = {"rho": rho, "size": size}
        for name, table in (("published", published), ("ours", ours)):
            one = table[np.isclose(table["rho"], rho) & np.isclose(table["size"], size)]
            share = one["share_grid_like_in_active"].dropna()
            row[f"n_{name}"] = len(share)
            row[f"share_{name}"] = share.mean()
            row[f"se_{name}"] = share.std(ddof=1) / np.sqrt(len(share))
            # The published table has 0 for a network without grid-like units.
            spacing = one["mean_spacing_grid_like"]
            row[f"spacing_{name}"] = spacing[spacing > 0].mean()
        rows.append(row)
    table = pd.DataFrame(rows)
    error = np.hypot(table["se_published"], table["se_ours"])
    table["z"] = (table["share_ours"] - table["share_published"]) / error
    table["spacing_ratio"] = table["spacing_ours"] / table["spacing_published"]
    at_rho = table[table["rho"] == CLAIMS["settings"][0][0]]
    order = at_rho["share_published"].corr(at_rho["share_ours"], method="spearman")
    claims = {name: claim["holds"] for name, claim in CLAIMS["claims"].items()}
    n_shares = int((table["z"].abs() <= 2).sum())
    spacing = claims["spacing_agrees"]
    n_spacings = int(((table["spacing_ratio"] - 1).abs() <= spacing["largest_difference"]).sum())
    found = {
        "shares_agree": (n_shares, n_shares >= claims["shares_agree"]["settings_at_least"]),
        "order_agrees": (float(order), bool(order >= claims["order_agrees"]["at_least"])),
        "spacing_agrees": (n_spacings, n_spacings >= spacing["settings_at_least"]),
    }
    is_enough = bool((table["n_ours"] >= CLAIMS["networks_of_each_setting"]).all())
    verdicts = {
        name: {"value": value, "holds": holds if is_enough else None}
        for name, (value, holds) in found.items()
    }
    return table, verdicts


def main() -> None:
    """Train, score or compare, as the first argument says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("out", type=Path)
    train.add_argument("--seeds", default="0-15", help="first and last seed of the part")
    train.add_argument("--workers", type=int, default=1)
    train.add_argument("--lane-width", type=int, default=4)
    score = commands.add_parser("score")
    score.add_argument("out", type=Path)
    score.add_argument("table", type=Path)
    comparison = commands.add_parser("compare")
    comparison.add_argument("published", type=Path)
    comparison.add_argument("tables", type=Path, nargs="+")
    given = parser.parse_args()
    register_network()
    if given.command == "train":
        first, last = map(int, given.seeds.split("-"))
        networks = sweep(range(first, last + 1), given.lane_width)
        gj.train(networks, given.out, workers=given.workers)
    elif given.command == "score":
        run = gj.open_run(given.out)
        rows = [row_of(run.network(run_id)) for run_id in run.networks["run_id"]]
        table = pd.DataFrame(rows).sort_values(["rho", "size", "seed"])
        table.to_csv(given.table, index=False, float_format="%.6g")
    else:
        ours = pd.concat([pd.read_csv(one) for one in given.tables])
        table, verdicts = compare(pd.read_csv(given.published), ours)
        print(table.round(3).to_string(index=False))
        for name, verdict in verdicts.items():
            holds = {None: "no verdict yet", True: "holds", False: "does not hold"}
            print(f"{name}: {verdict['value']:.3g}, {holds[verdict['holds']]}")


if __name__ == "__main__":
    main()
