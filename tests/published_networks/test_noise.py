"""PIso's networks with noise in training and at scoring, and the claims about them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from published_networks.piso_networks import network

import gridjax as gj
from experiments.piso_reproduction.comparison import SHARE
from experiments.piso_reproduction.networks import MODELS, maps_of
from experiments.piso_reproduction.noise import (
    FIRING,
    noise_claims,
    noise_rows,
    noise_sweep,
    noisy_maps,
)
from gridjax.run.execution.plugins import load_plugin


def test_noise_at_scoring_is_that_of_training_or_none(monkeypatch):
    monkeypatch.setattr("experiments.piso_reproduction.noise.measures", lambda maps: {"maps": maps})
    monkeypatch.setattr(
        "experiments.piso_reproduction.scores.published_gridness",
        lambda maps: np.where(np.arange(len(maps)) < 3, 0.9, 0.1),
    )
    noisy = network(state_noise=0.5)
    clean_row, noisy_row = noise_rows(noisy)
    assert [clean_row["noise_at_scoring"], noisy_row["noise_at_scoring"]] == [0.0, 0.5]
    np.testing.assert_allclose(clean_row["maps"], maps_of(noisy), atol=1e-6)
    assert np.abs(noisy_row["maps"] - clean_row["maps"]).mean() > 0.05
    assert noisy_row[FIRING] == pytest.approx(3 / (noisy_row["maps"].max(axis=(1, 2)) > 0).sum())
    assert len(noise_rows(network())) == 1
    # Where the noise is far larger than the network's numbers, rates are those of noise alone.
    large = noisy_maps(noisy, 1e6)
    assert np.mean(large > 0) == pytest.approx(0.5, abs=0.01)
    assert np.square(large).sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert abs(np.corrcoef(large[0].ravel(), large[1].ravel())[0, 1]) < 0.1


def test_the_networks_with_noise_have_the_published_settings():
    load_plugin(str(MODELS / "piso.py"))
    specs = noise_sweep(range(3, 5), 4).specs
    doses = {0, 5, 10, 15, 17, 19, 21, 23, 25, 30, 35, 40}
    assert {(spec.state_noise, spec.seed) for spec in specs} == {
        (d, s) for d in doses for s in (3, 4)
    }
    assert {(spec.state_distance_per_m, spec.code_size) for spec in specs} == {(0.8, 0.5)}
    assert {spec.n_grad_steps for spec in specs} == {100_000}
    without = {"state_noise": 0, "n_grad_steps_per_epoch": 50_000, "code_size": 0.21, "seed": 0}
    assert replace(specs[0], **without) == network(code_size=0.21).spec


def noise_table(n, learning, scoring, seed=0):
    """Shares that fall with the dose by learning and by scoring, with some scatter."""
    rng = np.random.default_rng(seed)
    rows = []
    for dose in (0, 5, 10, 15, 17, 19, 21, 23, 25, 30, 35, 40):
        for at in range(n):
            clean = 0.9 - learning * dose / 40 + 0.05 * rng.normal()
            row = {"rho": 0.8, "size": 0.5, "seed": at, "noise_in_training": float(dose)}
            row["num_active"] = 12
            rows.append(row | {"noise_at_scoring": 0.0, SHARE: clean, FIRING: 0.5 * clean})
            if dose:
                share = clean - scoring * dose / 40
                rows.append(row | {"noise_at_scoring": float(dose), SHARE: share})
    return pd.DataFrame(rows)


OF_TRAINING = {"training_noise_lowers_share", "training_noise_lowers_share_of_firing_units"}


@pytest.mark.parametrize(
    ("learning", "scoring", "holding"),
    [
        (0.5, 0.0, {"published_dose_effect", *OF_TRAINING}),
        (0.0, 0.5, {"published_dose_effect", "scoring_noise_lowers_share"}),
        (-0.05, 0.0, set()),
    ],
)
def test_the_claims_about_noise_tell_learning_from_scoring(learning, scoring, holding):
    found = noise_claims(noise_table(64, learning, scoring))
    assert {name for name, (_, holds) in found.items() if holds} == holding


def test_two_groups_of_seeds_are_bimodal_and_few_seeds_give_no_verdict():
    table = noise_table(64, 0.5, 0.2)
    low = table["noise_in_training"].between(17, 21) & (table["seed"] % 2 == 0)
    table.loc[low, SHARE] -= 0.5
    assert noise_claims(table)["middle_doses_are_bimodal"] == (3, True)
    with pytest.raises(gj.GridjaxError, match="no verdict: 63 networks of noise 0; expected 64"):
        noise_claims(noise_table(63, 0.5, 0.2))


def test_shares_of_few_equal_units_are_not_bimodal():
    """Shares of twelve units have steps of 1/12, which the dip test must not take for modes."""
    table, rng = noise_table(64, 0.0, 0.0), np.random.default_rng(1)
    for share in (0.2, 0.5, 0.8):
        table[SHARE] = rng.binomial(12, share, len(table)) / 12
        assert noise_claims(table)["middle_doses_are_bimodal"] == (0, False)
