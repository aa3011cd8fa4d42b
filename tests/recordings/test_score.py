"""From sessions and maps to rows: known cells recovered, chance, options that reach the scorer."""

import jax
import numpy as np
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.metrics.lattice.lattice import lattice
from gridjax.metrics.ratemaps.occupancy import visits
from gridjax.metrics.ratemaps.time_shifts import shift_scores
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import pooled_thresholds, score_inputs

from .sessions import PERIOD_M, TURN, ideal_map, recording, save_csv, save_npz

PATH, TIMES, SPIKES = recording()
BINNING = {"n_bins": 20, "smoothing_cm": 5.0, "min_speed_cm_s": 3.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    save_npz(folder / "rat.npz", PATH, TIMES, SPIKES)
    return folder


@pytest.fixture(scope="module")
def scored(folder):
    return score_inputs(read_inputs([folder / "rat.npz"]), ScoreOptions(shuffles=39, **BINNING))


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


def test_options_of_sessions_are_refused_for_maps_alone(folder, tmp_path):
    np.save(tmp_path / "maps.npy", np.random.default_rng(0).random((2, 12, 12)))
    maps = read_inputs([tmp_path / "maps.npy"])
    with pytest.raises(GridjaxError, match=r"--bins, --min-speed would have no effect"):
        score_inputs(maps, ScoreOptions(n_bins=20, min_speed_cm_s=3.0))
    session = read_inputs([folder / "rat.npz"])
    assert len(score_inputs([*maps, *session], ScoreOptions(n_bins=20, width_cm=50.0))) == 2


def test_options_of_maps_are_refused_for_sessions_alone(folder):
    session = read_inputs([folder / "rat.npz"])
    with pytest.raises(GridjaxError, match="--width-cm would have no effect: there are sessions"):
        score_inputs(session, ScoreOptions(width_cm=150.0))
    with pytest.raises(GridjaxError, match="holds a session, but --axes applies to maps only"):
        read_inputs([folder / "rat.npz"], InputOptions(axes="yx"))


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
    assert row["mean_rate"] == pytest.approx(len(SPIKES["anywhere"]) / 600)


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
    read = read_inputs([folder / "alone.csv"])
    (again,) = score_inputs(read, ScoreOptions(shuffles=39, **BINNING))
    (other,) = score_inputs(read, ScoreOptions(shuffles=39, seed=1, **BINNING))
    cell = again.cells.index("anywhere")
    (one,) = scored
    before = one.null_scores[list(one.cells).index("anywhere")]
    np.testing.assert_array_equal(again.null_scores[cell], before)
    assert not np.array_equal(other.null_scores[cell], before)


def test_bare_maps_have_periods_in_bins_and_an_isotropic_null(tmp_path):
    noise = np.random.default_rng(1).normal(size=(20, 20))
    np.save(tmp_path / "maps.npy", np.stack([ideal_map(20, 8), noise]))
    inputs = read_inputs([tmp_path / "maps.npy"])
    scored = score_inputs(inputs, ScoreOptions(shuffles=39))
    found = table(scored)
    assert found["period_bins"][0] == pytest.approx(8, rel=0.02)
    assert found["period_cm"].isna().all()
    assert found["n_spikes"].isna().all()
    assert (found["null"] == "isotropic").all()
    assert found["p_value"][0] == 1 / 40
    assert found["score_60"][1] < found["score_60"][0] - 0.5
    assert set(pooled_thresholds(scored)) == {"isotropic"}
    in_cm = table(score_inputs(inputs, ScoreOptions(width_cm=100)))
    assert in_cm["period_cm"][0] == pytest.approx(40, rel=0.02)
    assert in_cm["p_value"].isna().all()
    assert in_cm["null"].isna().all()


def test_options_reach_the_scorer(tmp_path):
    holed = ideal_map(20, 7, noise=0.3)
    holed[:4] = np.nan
    np.save(tmp_path / "maps.npy", holed)
    inputs = read_inputs([tmp_path / "maps.npy"])
    chosen = [{}, {"nan": "zero"}, {"rings": "adaptive"}, {"variant": "mean"}]
    scores = [table(score_inputs(inputs, ScoreOptions(**one)))["score_60"][0] for one in chosen]
    expected = [float(gj.grid_score(holed, **one).score_60) for one in chosen]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert len(np.unique(np.round(scores, 4))) == 4


def test_circular_arenas_and_lost_positions(folder):
    centre = PATH - 0.5
    inside = np.hypot(*centre.T) < 0.45
    cell = SPIKES["grid"][np.interp(SPIKES["grid"], TIMES, inside) == 1]
    path = np.where(inside[:, None], 100 * centre, np.nan)
    save_npz(folder / "round.npz", path, TIMES, {"grid": cell})
    (one,) = score_inputs(
        read_inputs([folder / "round.npz"], InputOptions(units="cm")), ScoreOptions(**BINNING)
    )
    assert "circular arena" in one.headline
    assert f"{(~inside).sum():,} without position" in one.headline
    row = table([one]).iloc[0]
    assert row["arena_x_cm"] == pytest.approx(90, abs=1.5)
    assert row["arena_y_cm"] == pytest.approx(90, abs=1.5)
    # a circle fills pi / 4 of its square, and touches bins a little beyond
    assert 0.7 < row["visited"] < 0.9
    assert row["period_cm"] == pytest.approx(100 * PERIOD_M, rel=0.06)


def test_python_users_are_told_the_same(folder):
    with pytest.raises(GridjaxError, match="--rings is 'wide'"):
        score_inputs(read_inputs([folder / "rat.npz"]), ScoreOptions(rings="wide"))


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


@pytest.mark.slow
def test_rectangular_maps_are_squares_with_unknown_bins(tmp_path):
    square = ideal_map(40, 12.0, noise=0.05)
    square[:, :10] = square[:, 31:] = np.nan
    inside = square[:, 10:31]
    np.save(tmp_path / "square.npy", square)
    np.save(tmp_path / "long.npy", inside)
    np.save(tmp_path / "turned.npy", inside.T)
    whole = table(score_inputs(read_inputs([tmp_path / "square.npy"]), ScoreOptions(width_cm=80.0)))
    both = ScoreOptions(width_cm=(80.0, 42.0))
    for name, options in (("long", {}), ("turned", {"axes": "yx"})):
        (maps,) = read_inputs([tmp_path / f"{name}.npy"], InputOptions(**options))
        (scored,) = score_inputs([maps], both)
        assert "1 map of 40 by 21 bins, 100 % visited" in scored.headline
        row = table([scored])
        for column in ("score_60", "score_90", "period_cm", "orientation_rad", "lattice_p"):
            # the square has its unknown bins one bin further to one side
            np.testing.assert_allclose(row[column], whole[column], rtol=2e-3, err_msg=column)
        assert row["map_width_cm"][0] == 80
        assert row["visited"][0] == 1


@pytest.mark.parametrize(
    ("shape", "width", "words"),
    [
        ((40, 20), 80.0, "maps have 40 by 20 bins"),
        ((40, 20), (80.0, 80.0), "bins are 2 cm along x and 4 cm along y"),
        ((40, 40), (150.0, 75.0), "bins are 3.75 cm along x and 1.875 cm along y"),
    ],
)
def test_bins_that_are_not_square_are_refused(shape, width, words, tmp_path):
    np.save(tmp_path / "maps.npy", np.random.default_rng(0).normal(size=shape))
    with pytest.raises(GridjaxError) as caught:
        score_inputs(read_inputs([tmp_path / "maps.npy"]), ScoreOptions(width_cm=width))
    assert words in str(caught.value)
