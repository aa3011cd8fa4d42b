"""Noise in training apart from noise at scoring: networks, scores and claims.

The published networks have the same noise in training and at scoring, so that a low share of
grid-like units may come from learning or from the measurement. Here a network is trained with noise
and scored twice: without noise, and with the noise of its training.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import yaml

import gridjax as gj
from gridjax.metrics import dip_test, holm, mean_interval, statistic_interval

from .comparison import SHARE, check_numbers
from .networks import HERE, MODELS, as_maps, lattice_of_positions, norm_relu, register_network
from .scores import fires, grid_like, measures

CRITERION = yaml.safe_load((HERE / "noise_criterion.yaml").read_text())
DOSES = (0.0, 10.0, 21.0, 30.0, 40.0)
MIDDLE_DOSES = DOSES[1:4]
SPLIT_DOSES = (21.0, 40.0)
"""Doses at which the effects of training and of scoring are separated."""
FIRING, N_FIRING = "share_grid_like_in_firing", "num_firing"
HOLDS, DOES_NOT_HOLD, UNDECIDED = "holds", "does not hold", "undecided"
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
    """Return the rows of one network: without noise at scoring, and with that of its training.

    The units that fire are in both rows those that fire without noise at scoring.
    """
    spec = network.spec
    dose = spec.state_noise
    clean = noisy_maps(network, 0.0)
    firing = fires(clean)
    rows = []
    for at_scoring in sorted({0.0, dose}):
        row = {"rho": spec.state_distance_per_m, "size": spec.code_size, "seed": spec.seed}
        row |= {"noise_in_training": dose, "noise_at_scoring": at_scoring}
        maps = noisy_maps(network, at_scoring) if at_scoring else clean
        share = float(grid_like(maps[firing]).mean()) if firing.any() else 0.0
        rows.append(row | measures(maps) | {N_FIRING: int(firing.sum()), FIRING: share})
    return rows


class Outcome(NamedTuple):
    """The value of a claim with its 95 % interval (NaN without one), and the verdict."""

    value: float
    low: float
    high: float
    verdict: str


def noise_claims(table: pd.DataFrame) -> dict[str, Outcome]:
    """Return the outcome of each claim of noise_criterion.yaml.

    Args:
        table: rows of ``noise_rows`` of all doses.

    Raises GridjaxError if a dose has too few networks for a verdict.
    """
    clean, noisy = (_by_dose(table, FIRING, is_noisy) for is_noisy in (False, True))
    n_of_dose = {dose: len(clean[dose].dropna()) if dose in clean else 0 for dose in DOSES}
    found = {f"noise {dose:g}": n for dose, n in n_of_dose.items()}
    check_numbers(found, CRITERION["networks_of_each_dose"])
    published = _by_dose(table, SHARE, is_noisy=True)
    slopes = published.apply(lambda shares: np.polyfit(published.columns, shares, 1)[0], axis=1)
    outcomes = {"published_dose_effect": _of_mean("published_dose_effect", slopes)}
    for dose in SPLIT_DOSES:
        for name, effect in (
            (f"training_noise_lowers_share_at_{dose:g}", clean[dose] - clean[0.0]),
            (f"scoring_noise_lowers_share_at_{dose:g}", noisy[dose] - clean[dose]),
        ):
            outcomes[name] = _of_mean(name, effect)
    outcomes["training_explains_most"] = _share_of_training(clean, noisy, SPLIT_DOSES[-1])
    outcomes["a_middle_dose_is_bimodal"] = _bimodality(table, clean)
    return outcomes


def _by_dose(table: pd.DataFrame, name: str, is_noisy: bool) -> pd.DataFrame:
    """Return shares by seed (rows) and dose (columns), scored with the own noise or without.

    A network without a share has no grid-like unit: 0.
    """
    wanted = table["noise_in_training"] if is_noisy else 0.0
    rows = table[table["noise_at_scoring"] == wanted].fillna({name: 0.0})
    return rows.pivot(index="seed", columns="noise_in_training", values=name)


def _of_mean(name: str, effects: pd.Series) -> Outcome:
    """Return the outcome of a claim that a mean over seeds is below its limit."""
    interval = mean_interval(effects)
    limit = CRITERION["claims"][name]["below"]
    verdict = UNDECIDED
    if interval.high < limit:
        verdict = HOLDS
    elif interval.low > limit:
        verdict = DOES_NOT_HOLD
    return Outcome(interval.value, interval.low, interval.high, verdict)


def _share_of_training(clean: pd.DataFrame, noisy: pd.DataFrame, dose: float) -> Outcome:
    """Return the outcome of the claim that training explains most of the effect of a dose."""
    effects = np.stack([clean[dose] - clean[0.0], noisy[dose] - clean[0.0]], axis=1)
    total = mean_interval(effects[:, 1])
    if not total.high < CRITERION["claims"][f"training_noise_lowers_share_at_{dose:g}"]["below"]:
        return Outcome(np.nan, np.nan, np.nan, "not answerable")

    def ratio(some: np.ndarray) -> float:
        return float(np.divide(*some.mean(axis=0)))

    value, low, high = statistic_interval(ratio, effects, np.arange(len(effects)))
    limit = CRITERION["claims"]["training_explains_most"]["above"]
    verdict = HOLDS if low > limit else DOES_NOT_HOLD if high < limit else UNDECIDED
    return Outcome(value, low, high, verdict)


def _bimodality(table: pd.DataFrame, clean: pd.DataFrame) -> Outcome:
    """Return the outcome of the claim that the shares of a middle dose have two modes."""
    continuous = without_steps(clean, table)
    p = float(min(holm([dip_test(continuous[dose].to_numpy()).p for dose in MIDDLE_DOSES])))
    is_bimodal = p < CRITERION["claims"]["a_middle_dose_is_bimodal"]["below"]
    return Outcome(p, np.nan, np.nan, HOLDS if is_bimodal else UNDECIDED)


def without_steps(clean: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return shares scored without noise plus uniform numbers as wide as the step of one unit.

    A share of n units is a multiple of 1/n. The dip test assumes continuous values: without this,
    it finds steps, not modes (networks of ten independent equal units always have p < .05).
    """
    rows = table[table["noise_at_scoring"] == 0.0]
    n_firing = rows.pivot(index="seed", columns="noise_in_training", values=N_FIRING)
    numbers = np.random.default_rng(0).uniform(-0.5, 0.5, clean.shape)
    return clean + numbers / n_firing.clip(lower=1)
