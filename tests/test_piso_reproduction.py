"""The comparison with published networks of Xu et al. (2025): tables, claims, nulls and noise."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from conftest import REFERENCE
from oracles import piso as piso_oracle

import gridjax as gj
from experiments.piso_reproduction import __main__ as commands
from experiments.piso_reproduction import nulls, scores
from experiments.piso_reproduction.comparison import SHARE, by_setting, claims, read_tables
from experiments.piso_reproduction.figure import draw
from experiments.piso_reproduction.networks import (
    MODELS,
    SETTINGS,
    lattice_of_positions,
    maps_of,
    of_settings,
    sweep,
)
from experiments.piso_reproduction.noise import (
    FIRING,
    noise_claims,
    noise_rows,
    noise_sweep,
    noisy_maps,
)
from gridjax import plotting
from gridjax.run.execution.plugins import load_plugin
from gridjax.training import train_step


@cache
def network(**values):
    """A network of models/piso.py with its initial weights."""
    load_plugin(str(MODELS / "piso.py"))
    spec = replace(gj.Sweep.from_yaml(MODELS / "piso.yaml").specs[0], **values)
    state = train_step.init(spec.static, spec.traced)
    return gj.Network(spec, state.params, state.layout)


def table_of(n, rise=0.0, seed=0):
    """Networks of every setting whose shares rise with the setting's number."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, (rho, size) in enumerate(SETTINGS):
        share = np.clip(0.1 + 0.05 * number + rise + 0.05 * rng.normal(size=n), 0, 1)
        spacing = 20 + number + 0.1 * rng.normal(size=n)
        for at in range(n):
            row = {"rho": rho, "size": size, "seed": at, SHARE: share[at]}
            rows.append(row | {"mean_spacing_grid_like": spacing[at]})
    return pd.DataFrame(rows)


def test_the_shipped_tables_give_the_shipped_verdict():
    folder = Path(__file__).parents[1] / "experiments" / "results" / "piso"
    ours = read_tables(sorted(folder.glob("seeds-*.csv")), ("rho", "size", "seed"))
    assert len(ours) == 13 * 64
    published = REFERENCE.parent / "piso_networks.csv"
    if not published.exists():
        pytest.skip("the published table is not there")
    found = claims(by_setting(read_tables([published], ()), ours))
    assert all(holds for _, holds in found.values())
    page = (folder / "README.md").read_text()
    (n_shares, _), (order, _), (n_spacings, _) = found.values()
    for told in (f"{n_shares} of 13 settings", f"{order:.3f}"[1:], f"{n_spacings} of 13 settings"):
        assert f"| {told} |" in page


def test_the_claims_about_published_networks_can_hold_and_fail():
    table = by_setting(table_of(60), table_of(64, seed=1))
    assert len(table) == 13
    assert {name: holds for name, (_, holds) in claims(table).items()} == {
        "shares_agree": True,
        "order_agrees": True,
        "spacing_agrees": True,
    }
    higher = claims(by_setting(table_of(60), table_of(64, rise=0.1, seed=1)))
    assert not higher["shares_agree"][1]
    assert higher["order_agrees"][1]
    reverse = table_of(64, seed=1)
    reverse[SHARE] = 1 - reverse[SHARE]
    reverse["mean_spacing_grid_like"] *= 1.03
    found = claims(by_setting(table_of(60), reverse))
    assert found["order_agrees"][0] == pytest.approx(-1)
    assert not any(holds for _, holds in found.values())


def written(tmp_path, **tables):
    paths = {name: tmp_path / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], index=False)
    return {name: str(path) for name, path in paths.items()}


def test_there_is_no_verdict_before_the_last_network(tmp_path, capsys):
    ours = table_of(64, seed=1)
    of = written(tmp_path, published=table_of(60), first=ours.iloc[:400], rest=ours.iloc[400:-1])
    assert commands.main(["verdict", *of.values()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no verdict: 63 networks of rho 1.5, size 0.84; expected 64" in said.err
    assert commands.main(["compare", *of.values()]) == 0
    assert "holds" not in capsys.readouterr().out
    rest = ours.iloc[400:].copy()
    rest.iloc[-1, rest.columns.get_loc(SHARE)] = np.nan  # a network without active units
    rest.to_csv(of["rest"], index=False)
    assert commands.main(["verdict", *of.values()]) == 0
    assert capsys.readouterr().out.count("holds") == 3


def test_a_table_given_twice_does_not_count_twice(tmp_path):
    of = written(tmp_path, ours=table_of(33), other=pd.DataFrame({"rho": [0.8]}))
    with pytest.raises(gj.GridjaxError, match="two rows of one network"):
        read_tables([of["ours"], of["ours"]], ("rho", "size", "seed"))
    with pytest.raises(gj.GridjaxError, match="no column seed, share_grid_like_in_active, size"):
        read_tables([of["other"]], ("rho", "size", "seed"))
    with pytest.raises(gj.GridjaxError, match="no table"):
        read_tables([tmp_path / "none.csv"], ())


def test_networks_without_grid_like_units_have_no_spacing():
    published = table_of(60)
    published.loc[::7, "mean_spacing_grid_like"] = 0.0
    table = by_setting(published, table_of(64, seed=1))
    np.testing.assert_allclose(table["spacing_ratio"], 1, atol=0.01)


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


def test_the_figure_shows_means_intervals_numbers_and_maps(tmp_path):
    rng = np.random.default_rng(0)
    null = table_of(16).assign(null="shuffled_layers", network=np.tile(np.arange(4), 13 * 4))
    untrained = pd.DataFrame(
        {"rho": np.nan, "size": np.nan, "null": "untrained", "seed": range(16), SHARE: 16 * [0.0]}
    )
    maps = {
        "maps": rng.random((13, 64, 64)).astype(np.float16),
        "rho": np.array([one[0] for one in SETTINGS]),
        "size": np.array([one[1] for one in SETTINGS]),
        "gridness": rng.random(13),
    }
    of_nulls = pd.concat([null, untrained])
    with plotting.styled():
        result = draw(table_of(60), table_of(16, seed=1), of_nulls, maps)
        plotting.save(result, tmp_path)
    drawn = (tmp_path / "piso.svg").read_text()
    for text in ("gridjax, n = 16", "published, n = 60", "shuffled layers, n = 4", "n = 16"):
        assert text in drawn
    assert "No verdict: it needs 64" in result.caption
    with plotting.styled():
        assert "No verdict" not in draw(table_of(60), table_of(64), None, None).caption
