"""experiments/torus.py: which networks and units it takes, its table, and its errors."""

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridjax as gj
from experiments import torus
from gridjax.metrics import ModuleTorus, PersistenceBars

SIZES = {"few": 9, "large": 20, "small": 12, "none": 15, "missing": 14, "best": 11, "weights": 10}


class FakeRun:
    """Networks whose first units are a module.

    `none` has neither maps nor weights; `weights` has no maps, and `best` those of four units.
    """

    networks = pd.DataFrame({"run_id": list(SIZES)})
    manifest: ClassVar = {"run_ids": list(SIZES), "specs": [{"Np": 24} for _ in SIZES]}

    @property
    def units(self):
        rows = []
        for run_id, size in SIZES.items():
            for unit in range(30):
                period = 50.0 if unit < size else np.nan
                row = {"run_id": run_id, "unit": unit, "period_cm": period, "orientation_rad": 0.1}
                rows += [row | {"nbins": 20}, row | {"nbins": 44, "period_cm": period}]
        return pd.DataFrame(rows).sample(frac=1, random_state=0)

    def rate_maps(self, run_id):
        if run_id in ("none", "weights"):
            raise gj.GridjaxError(gj.Problem("no maps"))
        maps = maps_of(run_id)
        return maps[-4:] if run_id == "best" else maps

    def network(self, run_id):
        def rate_maps():
            if run_id == "none":
                raise gj.GridjaxError(gj.Problem("no weights"))
            return maps_of(run_id)

        spec = SimpleNamespace(has_outputs=False, activation="relu", architecture="study")
        return SimpleNamespace(spec=spec, rate_maps=rate_maps)


def maps_of(run_id):
    maps = np.arange(30.0)[:, None, None] * np.ones((30, 10, 10))
    maps[1, 2, 3] = np.nan if run_id == "missing" else 0
    order = np.arange(30)[::-1]
    return xr.DataArray(maps[order], dims=("unit", "x", "y"), coords={"unit": order})


def test_the_largest_modules_are_measured_and_written(monkeypatch, tmp_path, capsys):
    given = []

    def module_torus(key, maps, code, *more):
        given.append((maps, code, more))
        null = {"rotated": np.array([1.0, 3.0])}
        return ModuleTorus(PersistenceBars(np.ones(3), np.zeros(0)), 2.5, np.nan, null, null)

    monkeypatch.setattr(gj, "open_run", lambda folder: FakeRun())
    monkeypatch.setattr(torus, "module_torus", module_torus)
    table = tmp_path / "torus.csv"
    assert torus.main(["runs/x", str(table), "--networks", "4", "--points", "300"]) == 0
    rows = pd.read_csv(table)
    assert list(rows["run_id"]) == ["large", "small", "best", "weights"]
    assert list(rows["n_units"]) == [20, 12, 11, 10]
    assert rows["circle_ratio_rotated"].tolist() == [2] * 4
    assert rows["p_circles_rotated"].tolist() == pytest.approx([2 / 3] * 4)
    maps, code, (_, draws, points, has_cavities) = given[1]
    assert set(maps[:, 0, 0]) == set(range(12))
    assert [set(maps[:, 0, 0]) for maps, *_ in given[2:]] == [set(range(11)), set(range(10))]
    assert (code, draws, points, has_cavities) == (None, 10, 300, False)
    assert "large: 2.50" in capsys.readouterr().out


def test_maps_without_weights_suffice(monkeypatch, tmp_path):
    def no_weights(self, run_id):
        raise gj.GridjaxError(gj.Problem("no weights"))

    found = []

    def module_torus(key, maps, code, activation, *more):
        assert code.shape == (100, 24)
        found.append(activation)
        return ModuleTorus(PersistenceBars(np.ones(3), np.zeros(0)), 2.5, np.nan, {}, {})

    monkeypatch.setattr(FakeRun, "network", no_weights)
    monkeypatch.setitem(FakeRun.manifest["specs"][2], "architecture", "banino2018")
    monkeypatch.setattr(gj, "open_run", lambda folder: FakeRun())
    monkeypatch.setattr(torus, "module_torus", module_torus)
    assert torus.main(["runs/x", str(tmp_path / "t.csv")]) == 0
    assert list(pd.read_csv(tmp_path / "t.csv")["run_id"]) == ["large", "small"]
    # the analysed layer of the second network is a linear bottleneck
    assert found == [torus.ACTIVATIONS[name] for name in ("relu", "linear")]


def test_a_run_without_modules_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gj, "open_run", lambda folder: FakeRun())
    monkeypatch.setattr(torus, "FEWEST_MODULE_UNITS", 25)
    assert torus.main(["runs/x", str(tmp_path / "t.csv")]) == 2
    assert "sweep with --keep-maps all" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_missing_plugin_is_named(tmp_path, capsys):
    words = ["runs/x", str(tmp_path / "t.csv"), "--plugin", str(tmp_path / "no.py")]
    assert torus.main(words) == 2
    assert "no.py: no such file" in capsys.readouterr().err


def test_a_missing_run_is_named(tmp_path, capsys):
    assert torus.main([str(tmp_path / "no"), str(tmp_path / "t.csv")]) == 2
    assert "no" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words", "message"),
    [
        ("t.csv", ["--networks", "-1"], "--networks is -1"),
        ("t.csv", ["--networks", "0"], "--networks is 0"),
        ("t.csv", ["--seed", str(2**64)], "--seed is"),
        ("no/t.csv", [], "cannot write a table there"),
        ("", [], "cannot write a table there"),
    ],
)
def test_bad_arguments_are_named_before_the_measurement(
    monkeypatch, tmp_path, capsys, table, words, message
):
    def measured(*given):
        raise AssertionError("measured")

    monkeypatch.setattr(gj, "open_run", lambda folder: FakeRun())
    monkeypatch.setattr(torus, "torus_of", measured)
    assert torus.main(["runs/x", str(tmp_path / table), *words]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
