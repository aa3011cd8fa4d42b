"""Noise in training apart from noise at scoring: networks, scores and claims.

The published networks have the same noise in training and at scoring, so that a low share of
grid-like units may come from learning or from the measurement. Here a network is trained with noise
and scored twice: without noise, and with the noise of its training.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml

import gridjax as gj
from gridjax.metrics import dip_test, holm, mean_interval

from .comparison import check_numbers
from .networks import HERE, MODELS, as_maps, lattice_of_positions, norm_relu, register_network
from .scores import measures, share_in_firing

CRITERION = yaml.safe_load((HERE / "noise_criterion.yaml").read_text())
MIDDLE_DOSES = (15, 17, 19, 21, 23, 25)
SHARE, FIRING = "share_grid_like_in_active", "share_grid_like_in_firing"
NOISE_OF_SCORES = 1
"""Number folded into the key of a network's seed for the noise at scoring."""


def noise_sweep(seeds: range, lane_width: int) -> gj.Sweep:
    """Return the networks of all doses with some seeds."""
    specs = gj.Sweep.from_yaml(MODELS / "piso_noise.yaml", overrides={"seed": list(seeds)}).specs
    return gj.Sweep.from_specs(specs, gj.Settings(lane_width=lane_width, keep_maps="none"))


def noisy_maps(network: gj.Network, noise: float) -> np.ndarray:
    """Return maps [unit, n, n] with Gaussian noise on the arguments of the last activation.

    Args:
        network: a trained network of models/piso.py.
        noise: standard deviation of the noise, independent for each unit and position.
    """
    positions = jnp.asarray(lattice_of_positions())
    key = jax.random.fold_in(jax.random.key(network.spec.seed), NOISE_OF_SCORES)

    def activation(x: jax.Array) -> jax.Array:
        return norm_relu(x + noise * jax.random.normal(key, x.shape))

    (rates,) = register_network().step(network.params["cell"], (), positions, activation)
    return as_maps(rates)


def noise_rows(network: gj.Network) -> list[dict[str, Any]]:
    """Return the rows of one network: without noise at scoring, and with that of its training."""
    spec = network.spec
    dose = spec.state_noise
    rows = []
    for at_scoring in sorted({0.0, dose}):
        row = {"rho": spec.state_distance_per_m, "size": spec.code_size, "seed": spec.seed}
        row |= {"noise_in_training": dose, "noise_at_scoring": at_scoring}
        maps = noisy_maps(network, at_scoring)
        rows.append(row | measures(maps) | {FIRING: share_in_firing(maps)})
    return rows


def shares(table: pd.DataFrame, is_noisy: bool, name: str = SHARE) -> pd.DataFrame:
    """Return shares by seed (rows) and dose (columns), scored with the own noise or without.

    ``name`` is the column of the shares. A network without a share has no grid-like unit: 0.
    """
    wanted = table["noise_in_training"] if is_noisy else 0.0
    rows = table[table["noise_at_scoring"] == wanted].fillna({name: 0.0})
    return rows.pivot(index="seed", columns="noise_in_training", values=name)


def without_steps(clean: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return shares scored without noise plus uniform numbers as wide as the step of one unit.

    A share of n active units is a multiple of 1/n. The dip test assumes continuous values: without
    this, it finds steps, not modes (networks of ten independent equal units always have p < .05).
    """
    rows = table[table["noise_at_scoring"] == 0.0]
    n_active = rows.pivot(index="seed", columns="noise_in_training", values="num_active")
    numbers = np.random.default_rng(0).uniform(-0.5, 0.5, clean.shape)
    return clean + numbers / n_active.clip(lower=1)


def noise_claims(table: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    """Return the value of each claim of noise_criterion.yaml and whether it holds.

    Args:
        table: rows of ``noise_rows`` of all doses.

    Raises GridjaxError if a dose has too few networks for a verdict.
    """
    noisy, clean = shares(table, True), shares(table, False)
    check_numbers(
        {f"noise {dose:g}": int(clean[dose].notna().sum()) for dose in clean},
        CRITERION["networks_of_each_dose"],
    )
    holds = {name: claim["holds"] for name, claim in CRITERION["claims"].items()}
    doses, means = noisy.columns.to_numpy(), noisy.mean().to_numpy()
    order = float(pd.Series(doses).corr(pd.Series(means), method="spearman"))
    in_training = mean_interval(clean[doses.max()] - clean[0.0])
    firing = shares(table, False, FIRING)
    of_firing = mean_interval(firing[doses.max()] - firing[0.0])
    dose = float(holds["scoring_noise_lowers_share"]["dose"])
    at_scoring = mean_interval(noisy[dose] - clean[dose])
    continuous = without_steps(clean, table)
    p = holm([dip_test(continuous[float(each)].to_numpy()).p for each in MIDDLE_DOSES])
    bimodal = holds["middle_doses_are_bimodal"]
    n_bimodal = int((p < bimodal["p_below"]).sum())
    return {
        "published_dose_effect": (order, order <= holds["published_dose_effect"]["at_most"]),
        "training_noise_lowers_share": (
            in_training.value,
            in_training.high < holds["training_noise_lowers_share"]["below"],
        ),
        "training_noise_lowers_share_of_firing_units": (
            of_firing.value,
            of_firing.high < holds["training_noise_lowers_share_of_firing_units"]["below"],
        ),
        "scoring_noise_lowers_share": (
            at_scoring.value,
            at_scoring.high < holds["scoring_noise_lowers_share"]["below"],
        ),
        "middle_doses_are_bimodal": (n_bimodal, n_bimodal >= bimodal["doses_at_least"]),
    }
