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
    DOSES,
    FIRING,
    N_FIRING,
    noise_claims,
    noise_rows,
    noise_sweep,
    noisy_maps,
)
from gridjax.run.execution.plugins import load_plugin


def test_noise_at_scoring_is_that_of_training_or_none(monkeypatch):
    monkeypatch.setattr("experiments.piso_reproduction.noise.measures", lambda maps: {"maps": maps})
    scored = []

    def gridness(maps):
        scored.append(maps)
        return np.where(np.arange(len(maps)) < 3, 0.9, 0.1)

    monkeypatch.setattr("experiments.piso_reproduction.scores.published_gridness", gridness)
    noisy = network(state_noise=0.5)
    clean_row, noisy_row = noise_rows(noisy)
    assert [clean_row["noise_at_scoring"], noisy_row["noise_at_scoring"]] == [0.0, 0.5]
    np.testing.assert_allclose(clean_row["maps"], maps_of(noisy), atol=1e-6)
    assert np.abs(noisy_row["maps"] - clean_row["maps"]).mean() > 0.05
    # both rows are of the units that fire without noise at scoring
    firing = clean_row["maps"].max(axis=(1, 2)) > 0
    assert [row[N_FIRING] for row in (clean_row, noisy_row)] == [firing.sum()] * 2
    for row, maps in zip((clean_row, noisy_row), scored, strict=True):
        np.testing.assert_array_equal(maps, row["maps"][firing])
        assert row[FIRING] == pytest.approx(3 / firing.sum())
    assert len(noise_rows(network())) == 1
    # Where the noise is far larger than the network's numbers, rates are those of noise alone.
    large = noisy_maps(noisy, 1e6)
    assert np.mean(large > 0) == pytest.approx(0.5, abs=0.01)
    assert np.square(large).sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert abs(np.corrcoef(large[0].ravel(), large[1].ravel())[0, 1]) < 0.1


def test_the_networks_with_noise_have_the_published_settings():
    load_plugin(str(MODELS / "piso.py"))
    specs = noise_sweep(range(3, 5), 4).specs
    published = {0, 5, 10, 15, 17, 19, 21, 23, 25, 30, 35, 40}
    assert set(DOSES) < published
    assert {(spec.state_noise, spec.seed) for spec in specs} == {
        (d, s) for d in DOSES for s in (3, 4)
    }
    assert {(spec.state_distance_per_m, spec.code_size) for spec in specs} == {(0.8, 0.5)}
    assert {spec.n_grad_steps for spec in specs} == {100_000}
    without = {"state_noise": 0, "n_grad_steps_per_epoch": 50_000, "code_size": 0.21, "seed": 0}
    assert replace(specs[0], **without) == network(code_size=0.21).spec


def noise_table(n, learning, scoring, seed=0, spread=0.05):
    """Shares that fall with the dose by learning and by scoring, with some scatter."""
    rng = np.random.default_rng(seed)
    rows = []
    for dose in DOSES:
        for at in range(n):
            clean = 0.9 - learning * dose / 40 + spread * rng.normal()
            row = {"rho": 0.8, "size": 0.5, "seed": at, "noise_in_training": dose, N_FIRING: 30}
            # no unit is active without noise at scoring: the share is missing
            rows.append(row | {"noise_at_scoring": 0.0, SHARE: np.nan, FIRING: clean})
            if not dose:
                rows[-1][SHARE] = clean
                continue
            share = clean - scoring * dose / 40
            rows.append(row | {"noise_at_scoring": dose, SHARE: share, FIRING: share})
    return pd.DataFrame(rows)


OF_TRAINING = {f"training_noise_lowers_share_at_{dose}" for dose in (21, 40)}
OF_SCORING = {f"scoring_noise_lowers_share_at_{dose}" for dose in (21, 40)}


@pytest.mark.parametrize(
    ("learning", "scoring", "holding"),
    [
        (0.5, 0.0, {"published_dose_effect", "training_explains_most", *OF_TRAINING}),
        (0.0, 0.5, {"published_dose_effect", *OF_SCORING}),
        (0.4, 0.2, {"published_dose_effect", "training_explains_most", *OF_TRAINING, *OF_SCORING}),
        (-0.05, 0.0, set()),
    ],
)
def test_the_claims_about_noise_tell_learning_from_scoring(learning, scoring, holding):
    found = noise_claims(noise_table(32, learning, scoring))
    assert {name for name, one in found.items() if one.verdict == "holds"} == holding
    assert all(found[name].verdict == "does not hold" for name in OF_TRAINING - holding)
    most = found["training_explains_most"]
    if learning < 0:
        assert most.verdict == "not answerable"
    else:
        assert most.value == pytest.approx(learning / (learning + scoring), abs=0.06)
        assert most.low <= most.value <= most.high
    effect = found["scoring_noise_lowers_share_at_21"]
    assert effect.value == pytest.approx(-scoring * 21 / 40)
    slope = found["published_dose_effect"]
    assert slope.value == pytest.approx(-(learning + scoring) / 40, abs=1e-3)


def test_effects_that_scatter_are_undecided():
    found = noise_claims(noise_table(32, 0.05, 0.0, spread=0.4))
    for name in ("training_noise_lowers_share_at_21", "training_noise_lowers_share_at_40"):
        assert found[name].low < -0.05 < found[name].high
        assert found[name].verdict == "undecided"


def test_two_groups_of_seeds_are_bimodal_and_few_seeds_give_no_verdict():
    table = noise_table(32, 0.5, 0.2)
    assert noise_claims(table)["a_middle_dose_is_bimodal"].verdict == "undecided"
    low = (table["noise_in_training"] == 21) & (table["seed"] % 2 == 0)
    table.loc[low, FIRING] -= 0.5
    found = noise_claims(table)["a_middle_dose_is_bimodal"]
    assert found.verdict == "holds"
    assert found.value < 0.01
    with pytest.raises(gj.GridjaxError, match="no verdict: 31 networks of noise 0; expected 32"):
        noise_claims(noise_table(31, 0.5, 0.2))
    without = table[table["noise_in_training"] != 30]
    with pytest.raises(gj.GridjaxError, match="no verdict: 0 networks of noise 30; expected 32"):
        noise_claims(without)


def test_shares_of_few_equal_units_are_not_bimodal():
    """Shares of ten units have steps of 1/10, which the dip test must not take for modes."""
    table, rng = noise_table(32, 0.0, 0.0), np.random.default_rng(1)
    table[N_FIRING] = 10
    for share in (0.2, 0.5, 0.8):
        table[FIRING] = rng.binomial(10, share, len(table)) / 10
        assert noise_claims(table)["a_middle_dose_is_bimodal"].verdict == "undecided"
