"""Maps, scores and nulls of PIso's networks, against independent calculations."""

import jax
import numpy as np
import pandas as pd
import pytest
from oracles import piso as piso_oracle
from published_networks.piso_networks import network

import gridjax as gj
from experiments.piso_reproduction import __main__ as commands
from experiments.piso_reproduction import nulls, scores
from experiments.piso_reproduction.comparison import SHARE
from experiments.piso_reproduction.networks import (
    MODELS,
    SETTINGS,
    lattice_of_positions,
    maps_of,
    of_settings,
    sweep,
)
from gridjax.run.execution.plugins import load_plugin


def test_the_reproduction_trains_every_setting_with_every_seed():
    load_plugin(str(MODELS / "piso.py"))
    specs = sweep(range(16, 18), 4).specs
    assert len(specs) == 26
    assert {spec.seed for spec in specs} == {16, 17}
    found = {(spec.state_distance_per_m, spec.code_size) for spec in specs}
    assert found == set(SETTINGS)
    positions = lattice_of_positions()
    assert positions.shape == (4096, 2)
    assert np.abs(positions).max() == pytest.approx(0.8 * 2 * np.pi)


def test_maps_of_a_cell_have_the_rates_of_the_oracle():
    maps, cell = maps_of(network()), network().params["cell"]
    positions = lattice_of_positions().reshape(64, 64, 2)
    for at in ((3, 50), (40, 7)):
        rates = piso_oracle.rates(cell, positions[at])
        np.testing.assert_allclose(maps[:, *at], rates, atol=2e-6)
        np.testing.assert_allclose(nulls.network_maps(cell)[:, *at], rates, atol=2e-6)


def test_measures_count_active_and_grid_like_units(monkeypatch):
    waves = np.exp(2j * np.pi * np.arange(3) / 6)
    x = np.linspace(-5, 5, 64)
    places = np.stack(np.meshgrid(x, x, indexing="ij"))
    angles = 1.3 * np.tensordot(np.stack([waves.real, waves.imag], 1), places, 1)
    grid = np.maximum(np.cos(angles).sum(axis=0), 0) / 3
    place = np.exp(-np.square(places).sum(axis=0) / 8)
    monkeypatch.setattr(scores, "published_gridness", lambda maps: gj.grid_score(maps).score_60)
    monkeypatch.setattr(scores, "published_spacing", lambda maps: np.full(len(maps), 24.0))
    row = scores.measures(np.stack([grid, place, 0.4 * grid, np.zeros_like(grid)]))
    assert (row["num_active"], row["share_active"]) == (2, 0.5)
    assert row[SHARE] == row["share_above_0.3_in_active"] == 0.5
    assert row["mean_spacing_grid_like"] == 24
    # 4 pi / (sqrt 3 k) in bins of 10 / 63; the map is less than two periods wide
    assert row["mean_period_grid_like"] == pytest.approx(4 * np.pi / 3**0.5 / 1.3 * 6.3, rel=0.05)
    nothing = scores.measures(np.stack([0.4 * grid]))
    assert nothing == {"num_active": 0, "share_active": 0.0}


def test_shuffled_layers_keep_the_torus_and_the_values_of_each_layer():
    cell = network().params["cell"]
    key = jax.random.key(0)
    new = nulls.shuffled(key, cell)
    assert new.keys() == cell.keys()
    for name in cell:
        before, after = np.asarray(cell[name]), np.asarray(new[name])
        is_same = (before == after).all()
        assert is_same == (name in ("waves", "gains")), name
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
        if after.ndim == 2 and not is_same:
            assert (before != after).mean() > 0.9  # rows and columns, not rows alone
            assert not np.isin(np.sort(before, 0)[0], np.sort(after, 0)[0]).all()
    maps = nulls.shuffled_layers(key, network())
    np.testing.assert_allclose(np.square(maps).sum(axis=0), 1, atol=1e-5)


def test_random_readouts_are_readouts_of_the_torus():
    maps = nulls.random_readouts(jax.random.key(1), network())
    cell = {name: np.asarray(leaf, float) for name, leaf in network().params["cell"].items()}
    assert maps.shape == (32, 64, 64)
    angles = lattice_of_positions() @ cell["waves"]
    code = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    rates = maps.reshape(32, -1).T
    # Ratios of two units where both are active are ratios of linear functions of the code.
    code -= code.mean(axis=0)
    first, second = np.argsort(-(rates > 0).sum(axis=0))[:2]
    both = (rates[:, first] > 0) & (rates[:, second] > 0)
    ratio = rates[both, first] / rates[both, second]
    equations = np.concatenate([code[both], -ratio[:, None] * code[both]], axis=1)
    singular = np.linalg.svd(equations, compute_uv=False)
    assert both.sum() > 100
    assert singular[-1] < 1e-4 * singular[0]
    np.testing.assert_allclose(np.square(rates).sum(axis=1), 1, atol=1e-5)


def test_isotropic_fields_have_the_values_of_the_active_maps():
    maps = maps_of(network())
    fields = nulls.isotropic(jax.random.key(2), network())
    active = maps.max(axis=(1, 2)) > scores.LEAST_RATE
    assert 0 < active.sum() < 32
    assert not fields[~active].any()
    for one, other in zip(maps[active], fields[active], strict=True):
        np.testing.assert_allclose(np.sort(one, axis=None), np.sort(other, axis=None), atol=1e-6)
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.9


class FakeRun:
    """A run with one network of some settings and seeds."""

    def __init__(self, seeds, settings=SETTINGS):
        of = [(rho, size, seed) for rho, size in settings for seed in seeds]
        names = ("state_distance_per_m", "code_size", "seed")
        # a manifest has the values that differ from the defaults, such as seeds above 0
        specs = [{n: v for n, v in zip(names, each, strict=True) if v} for each in of]
        self.manifest = {"run_ids": [str(each) for each in of], "specs": specs}
        self.networks = pd.DataFrame({"run_id": self.manifest["run_ids"]})

    def network(self, run_id):
        return run_id


def test_a_null_uses_the_networks_of_its_setting_in_turn(monkeypatch):
    monkeypatch.setattr(nulls, "measures", lambda maps: {"of": maps})
    monkeypatch.setitem(nulls.OF_NETWORKS, "isotropic", lambda key, network: network)
    runs = [FakeRun([2, 3]), FakeRun([0])]
    rows = nulls.table("isotropic", range(5), runs)
    assert len(rows) == 13 * 5
    assert list(rows["network"][:5]) == [0, 2, 3, 0, 2]
    assert all(row.of == str((row.rho, row["size"], row.network)) for _, row in rows.iterrows())
    with pytest.raises(gj.GridjaxError, match=r"no network of rho 0\.8, size 0\.21"):
        of_settings([FakeRun([0], SETTINGS[1:])])
    monkeypatch.setattr(nulls, "untrained", lambda key: str(jax.random.key_data(key)))
    of_all = nulls.table("untrained", range(4), [])
    assert of_all["of"].nunique() == 4
    assert of_all["rho"].isna().all()


def test_a_null_of_trained_networks_needs_runs(tmp_path, capsys):
    assert commands.main(["nulls", "isotropic", str(tmp_path / "t.csv")]) == 2
    assert "needs trained networks" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
