"""`gridjax score` from file to table: known cells recovered, chance, bad calls, what is written."""

import json
import os
import sys
import warnings

import jax
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import gridjax as gj
from gridjax import cli
from gridjax.errors import GridjaxError
from gridjax.measure.lattice import lattice
from gridjax.measure.recordings import shift_scores
from gridjax.measure.visits import visits
from gridjax.study.scored import table
from gridjax.study.scoreoptions import Options
from gridjax.study.scoring import pooled_thresholds, score_inputs
from gridjax.study.sessions import read_inputs

from .sessions import PERIOD_M, TURN, recording, save_csv, save_npz

PATH, TIMES, SPIKES = recording()
BINNING = {"n_bins": 20, "smoothing_cm": 5.0, "min_speed_cm_s": 3.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    save_npz(folder / "rat.npz", PATH, TIMES, SPIKES)
    return folder


@pytest.fixture(scope="module")
def scored(folder):
    return score_inputs(read_inputs([folder / "rat.npz"], "m"), Options(shuffles=39, **BINNING))


@pytest.fixture
def score(folder, monkeypatch, capsys):
    """Run the command; return its exit code, what it printed and what it complained of."""

    def run(*arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["gridjax", "score", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


def rows(scored):
    return table(scored).set_index("cell", drop=False)


def test_a_grid_cell_is_known_from_its_spikes(scored):
    found = rows(scored)
    grid = found.loc["grid"]
    # what a dozen fields with 1 % of the period's error each leave
    assert grid["period_cm"] == pytest.approx(100 * PERIOD_M, rel=0.04)
    assert grid["orientation_rad"] == pytest.approx(TURN, abs=0.05)
    assert grid["score_60"] > 1
    assert grid["p_value"] == 1 / 40
    assert grid["lattice_p"] < 0.001
    assert grid["arena"] == "square"
    # a cell without fields passes its 95 % in one of twenty recordings, but is no grid cell
    assert found.loc["anywhere", "score_60"] < grid["score_60"] - 0.5
    assert found.loc["anywhere", "lattice_p"] > 0.001
    assert found.loc["silent", "p_value"] == 1
    assert found.loc["silent", "n_spikes"] == 0
    assert found["n_spikes"].tolist() == [len(SPIKES[cell]) for cell in found["cell"]]


def test_rows_are_what_the_functions_say(scored):
    """The same numbers by the public functions, one cell at a time."""
    (one,) = scored
    binning = {"n_bins": 20, "min_speed_cm_s": 3.0}
    maps = gj.rate_map(
        PATH, spikes=[SPIKES["anywhere"]], times_s=TIMES, smoothing_cm=5.0, **binning
    )
    row = rows(scored).loc["anywhere"]
    np.testing.assert_array_equal(one.maps[list(one.cells).index("anywhere")], maps.maps[0])
    scores = gj.grid_score(maps.maps[0])
    assert row["score_60"] == pytest.approx(float(scores.score_60), abs=1e-6)
    assert row["score_90"] == pytest.approx(float(scores.score_90), abs=1e-6)
    assert row["ring_60"] == scores.ring_60
    width = maps.arena.width_m
    best = lattice(one.maps, width)
    np.testing.assert_allclose(rows(scored)["period_cm"], best.period_cm, rtol=1e-5)
    np.testing.assert_allclose(rows(scored)["lattice_p"], best.p_value, rtol=1e-5)
    assert row["mean_rate"] == pytest.approx(len(SPIKES["anywhere"]) / TIMES[-1])


def test_chance_is_of_time_shifts(scored):
    (one,) = scored
    found = table(scored)
    as_high = (one.null_scores >= found["score_60"].to_numpy()[:, None]).sum(1)
    np.testing.assert_allclose(found["p_value"], (1 + as_high) / 40)
    np.testing.assert_allclose(found["shuffle_95"], np.percentile(one.null_scores, 95, axis=1))
    np.testing.assert_allclose(found["shuffle_99"], np.percentile(one.null_scores, 99, axis=1))
    np.testing.assert_allclose(found["pooled_95"], np.percentile(one.null_scores, 95))
    assert (found["null"] == "time shifts").all()
    # other draws of the same null: medians of 39 differ by their sampling error alone
    seen = visits(PATH, TIMES, n_bins=20, min_speed_cm_s=3.0)
    others = shift_scores(
        jax.random.key(9),
        seen,
        SPIKES["anywhere"],
        39,
        lambda maps: gj.grid_score(maps).score_60,
        smoothing_cm=5.0,
    )
    own = one.null_scores[list(one.cells).index("anywhere")]
    error = np.sqrt(own.var() / 39 + others.var() / 39)
    assert abs(own.mean() - others.mean()) < 4 * error
    assert not np.array_equal(np.sort(own), np.sort(others))


def test_draws_depend_on_seed_and_cell_and_not_on_the_company(folder, scored):
    alone = {"anywhere": SPIKES["anywhere"], "another": SPIKES["grid"] / 2}
    save_csv(folder / "alone.csv", PATH, TIMES, alone)
    read = read_inputs([folder / "alone.csv"], "m")
    (again,) = score_inputs(read, Options(shuffles=39, **BINNING))
    (other,) = score_inputs(read, Options(shuffles=39, seed=1, **BINNING))
    cell = again.cells.index("anywhere")
    (one,) = scored
    before = one.null_scores[list(one.cells).index("anywhere")]
    np.testing.assert_array_equal(again.null_scores[cell], before)
    assert not np.array_equal(other.null_scores[cell], before)


def ideal_map(n, period_bins, noise=0.0):
    x, y = np.mgrid[:n, :n]
    k = 4 * np.pi / np.sqrt(3) / period_bins
    waves = sum(
        np.cos(k * (x * np.cos(a) + y * np.sin(a)))
        for a in TURN + np.pi / 6 + np.arange(3) * np.pi / 3
    )
    return np.maximum(waves, 0) + noise * np.random.default_rng(0).normal(size=(n, n))


def test_bare_maps_have_periods_in_bins_and_an_isotropic_null(tmp_path):
    noise = np.random.default_rng(1).normal(size=(20, 20))
    np.save(tmp_path / "maps.npy", np.stack([ideal_map(20, 8), noise]))
    inputs = read_inputs([tmp_path / "maps.npy"], "m")
    scored = score_inputs(inputs, Options(shuffles=39))
    found = table(scored)
    assert found["period_bins"][0] == pytest.approx(8, rel=0.02)
    assert found["period_cm"].isna().all()
    assert found["n_spikes"].isna().all()
    assert (found["null"] == "isotropic").all()
    assert found["p_value"][0] == 1 / 40
    assert found["score_60"][1] < found["score_60"][0] - 0.5
    assert set(pooled_thresholds(scored)) == {"isotropic"}
    in_cm = table(score_inputs(inputs, Options(width_cm=100)))
    assert in_cm["period_cm"][0] == pytest.approx(40, rel=0.02)
    assert in_cm["p_value"].isna().all()
    assert in_cm["null"].isna().all()


def test_options_reach_the_scorer(tmp_path):
    holed = ideal_map(20, 7, noise=0.3)
    holed[:4] = np.nan
    np.save(tmp_path / "maps.npy", holed)
    inputs = read_inputs([tmp_path / "maps.npy"], "m")
    chosen = [{}, {"nan": "zero"}, {"rings": "adaptive"}, {"variant": "mean"}]
    scores = [table(score_inputs(inputs, Options(**one)))["score_60"][0] for one in chosen]
    expected = [float(gj.grid_score(holed, **one).score_60) for one in chosen]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert len(np.unique(np.round(scores, 4))) == 4


def test_circular_arenas_and_lost_positions(folder):
    centre = PATH - 0.5
    inside = np.hypot(*centre.T) < 0.45
    cell = SPIKES["grid"][np.interp(SPIKES["grid"], TIMES, inside) == 1]
    path = np.where(inside[:, None], 100 * centre, np.nan)
    save_npz(folder / "round.npz", path, TIMES, {"grid": cell})
    (one,) = score_inputs(read_inputs([folder / "round.npz"], "cm"), Options(**BINNING))
    assert "circular arena" in one.headline
    assert f"{(~inside).sum():,} without position" in one.headline
    row = table([one]).iloc[0]
    assert row["arena_x_cm"] == pytest.approx(90, abs=1.5)
    assert row["arena_y_cm"] == pytest.approx(90, abs=1.5)
    # a circle fills pi / 4 of its square, and touches bins a little beyond
    assert 0.7 < row["visited"] < 0.9
    assert row["period_cm"] == pytest.approx(100 * PERIOD_M, rel=0.06)


def test_the_command_writes_a_table_and_a_gallery(folder, score):
    code, printed, complaint = score(
        "rat.npz", "--bins", 20, "--shuffles", 19, "--out", "s.parquet"
    )
    assert (code, complaint) == (0, "")
    assert "square arena of 100 by 100 cm; 12,000 samples over 600.0 s; 3 cells" in printed
    assert "chance, all cells pooled (time shifts, 57 draws): 95 % below" in printed
    # each cell's p and its own 95th and 99th percentile, on the terminal too
    heads = next(line for line in printed.splitlines() if "95 %" in line)
    assert heads.split()[-4:] == ["95", "%", "99", "%"]
    found = pd.read_parquet(folder / "s.parquet")
    assert found["cell"].tolist() == ["grid", "silent", "anywhere"]
    about = json.loads(pq.read_schema(folder / "s.parquet").metadata[b"gridjax"])
    assert about["options"]["shuffles"] == 19
    pooled = about["pooled_95_99"]["time shifts"]
    np.testing.assert_allclose(pooled, found[["pooled_95", "pooled_99"]].iloc[0])
    assert (folder / "s.png").stat().st_size > 10_000
    assert "<svg" in (folder / "s.svg").read_text()

    before = (folder / "s.parquet").read_bytes()
    code, printed, complaint = score("rat.npz", "--bins", 20, "--out", "s.parquet")
    assert code == 2
    assert "--force" in complaint
    assert printed == ""
    assert (folder / "s.parquet").read_bytes() == before
    code, *_ = score("rat.npz", "--bins", 20, "--out", "s.parquet", "--force")
    assert code == 0
    assert pd.read_parquet(folder / "s.parquet")["p_value"].isna().all()
    for file in folder.glob("s.*"):
        file.unlink()


def test_many_cells_are_cut_short_with_a_note(folder, score):
    maps = np.random.default_rng(0).normal(size=(40, 20, 20))
    np.save(folder / "many.npy", maps)
    code, printed, _ = score("many.npy")
    assert code == 0
    assert "the best 30 of 40 cells" in printed
    scores = gj.grid_score(maps).score_60
    shown = [line.split()[0] for line in printed.splitlines() if line.strip()[:1].isdigit()]
    assert shown == [str(cell) for cell in np.argsort(-scores, kind="stable")[:30]]


BAD = [
    (("--shuffles", -1), "--shuffles is -1"),
    (("--shuffles", 9, "--min-shift", 400), "no shift of at least 400 s"),
    (("--bins", 7), "--bins is 7"),
    (("--bins", 20, "--bin-cm", 5), "both given"),
    (("--bin-cm", 0.3), "334 bins of 0.3 cm"),
    (("--bin-cm", "nan"), "--bin-cm is nan"),
    (("--smooth-cm", -1), "--smooth-cm is -1"),
    (("--min-speed", 900), "no sample is as fast as 900 cm/s"),
    (("--units", "cm"), "--units m if they are in m"),
    (("--units", "inch"), "inch"),
    (("--rings", "wide"), "wide"),
    (("--seed", -1), "--seed is -1"),
    (("--width-cm", 0), "--width-cm is 0"),
    (("--out", "s.csv"), "s.csv is no .parquet file"),
    (("--out", "nowhere/s.parquet"), "there is no folder nowhere"),
    (("--out", "/proc/s.parquet"), "--out /proc/s.parquet cannot be written"),
    (("--out", "rat.npz/s.parquet"), "there is no folder rat.npz"),
    (("--out", "d.parquet"), "would write over d.parquet"),
    (("--out", "d.parquet", "--force"), "would write over d.parquet"),
    (("--out", "taken.parquet"), "would write over taken.svg"),
    (("--out", "x" * 250 + ".parquet"), "the name is too long"),
    (("--out", "a/" * 3000 + "s.parquet"), "cannot be written"),
    (("--out", "two\nlines.parquet"), "the name holds control characters"),
    (("--out", os.fsdecode(b"bad\xff.parquet")), "the name is no UTF-8 text"),
    (("--out", ""), "is no .parquet file"),
    ((os.fsdecode(b"bad\xff.npy"), "--out", "s.parquet"), "no such file"),
    (("--shuffles", 9, "--min-shift", "nan"), "--min-shift is nan"),
    (("--smooth-cm", "nan"), "--smooth-cm is nan"),
    (("--min-speed", "nan"), "--min-speed is nan"),
    (("--bin-cm", "inf"), "--bin-cm is inf"),
    (("rat*.mat",), "rat*.mat: no such file"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_calls_end_in_one_message_and_write_nothing(folder, score, arguments, words):
    (folder / "d.parquet").mkdir(exist_ok=True)
    (folder / "taken.svg").touch()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    code, printed, complaint = score("rat.npz", *arguments)
    assert code == 2
    assert printed == ""
    assert words in complaint
    assert "Traceback" not in complaint
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_name_that_is_no_utf8_is_refused_before_scoring(folder, score):
    name = os.fsdecode(b"bad\xff.npy")
    np.save(folder / "bad.npy", np.zeros((9, 9)))
    (folder / "bad.npy").rename(folder / name)
    code, printed, complaint = score(name, "--out", "s.parquet")
    (folder / name).unlink()
    assert (code, printed) == (2, "")
    assert "the name is no UTF-8 text" in complaint
    assert not list(folder.glob("s.*"))


def test_maps_of_every_scale_are_scored_drawn_and_written(folder, score):
    rate = ideal_map(20, 7, noise=0.3)
    maps = [scale * rate for scale in (1e-300, 1e-25, 1.0, 1e30, 1e300)]
    nothing = [np.zeros((20, 20)), np.full((20, 20), np.nan), np.full((20, 20), np.inf)]
    np.save(folder / "scales.npy", np.stack([*maps, np.sign(rate - 0.1) * 1.7e308, *nothing]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code, _, complaint = score("scales.npy", "--shuffles", 19, "--out", "scales.parquet")
    assert (code, complaint) == (0, "")
    found = pd.read_parquet(folder / "scales.parquet")
    for file in folder.glob("scales.*"):
        file.unlink()
    np.testing.assert_allclose(found["score_60"][:5], found["score_60"][2], atol=1e-5)
    np.testing.assert_allclose(found["period_bins"][:5], found["period_bins"][2], rtol=1e-3)
    assert (found["p_value"][:5] == 1 / 20).all()
    np.testing.assert_allclose(found["mean_rate"][3] / found["mean_rate"][2], 1e30)
    assert found["score_60"].notna().all()
    assert (found["score_60"][6:] == 0).all()
    assert found["period_bins"][6:].isna().all()
    assert (found["p_value"][6:] == 1).all()


def test_python_users_are_told_the_same(folder):
    with pytest.raises(GridjaxError, match="--rings is 'wide'"):
        score_inputs(read_inputs([folder / "rat.npz"], "m"), Options(rings="wide"))


@pytest.mark.slow
def test_the_example_on_a_real_path():
    pytest.importorskip("ratinabox.data")
    from experiments.rats import comparison

    result = comparison.run(shuffles=19)
    kinds = np.array([cell.kind for cell in result.population])
    grid = [cell for cell in result.population if cell.kind == "grid"]
    names = [cell.name for cell in grid]
    periods = result.real.loc[names, "period_cm"].to_numpy(float)
    error = np.abs(periods / [cell.period_cm for cell in grid] - 1)
    assert np.median(error) < 0.03
    turned = comparison.turned(
        result.real.loc[names, "orientation_rad"], [cell.orientation_rad for cell in grid]
    )
    assert np.median(turned) < 2
    assert (result.real.loc[names, "p_value"] == 1 / 20).all()
    others = result.real.loc[[cell.name for cell in result.population if cell.kind != "grid"]]
    assert (others["p_value"] > 0.05).mean() > 0.7
    assert len(others) == (kinds != "grid").sum()
