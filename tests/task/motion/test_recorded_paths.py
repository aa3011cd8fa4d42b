"""Motion of a recorded animal: pieces of the recording, with its speeds, by key; clear refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.run.execution.checks.plugin_check import check_plugins
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.motion.motion_models import draw_paths

RATE_HZ, SIDE_M, N = 50, 1.0, 20_000
SETTINGS = EvaluationSettings()


def session(seed=0):
    """A smooth random path in a box of 1 m with its corner at the origin, 50 samples a second."""
    rng = np.random.default_rng(seed)
    times = np.arange(N) / RATE_HZ
    turns = np.cumsum(0.15 * rng.normal(size=N))
    velocity = 0.2 * np.abs(np.sin(times / 3))[:, None] * np.c_[np.cos(turns), np.sin(turns)]
    free = np.cumsum(velocity / RATE_HZ, axis=0)
    folded = np.abs((free + SIDE_M) % (4 * SIDE_M) - 2 * SIDE_M) / 2  # reflected at the walls
    return folded, times


def spec_of(name, **values):
    box = {"box_width_in_m": SIDE_M, "box_height_in_m": SIDE_M, "bin_side_in_m": 0.04}
    return gj.NetworkSpec(motion=name, **box | {"sequence_length": 20} | values)


def paths_of(spec, key=1, n_paths=300):
    traced = jax.tree.map(jnp.asarray, spec.traced)
    n_moves = spec.sequence_length
    return draw_paths(jax.random.key(key), n_moves, n_paths, spec.static, traced)


def register(name, positions, times):
    gj.register_motion(gj.MotionInfo(name), gj.recorded_motion(positions, times))


def test_paths_are_pieces_of_the_recording_around_the_middle_of_the_box():
    positions, times = session()
    register("rat_a", positions, times)
    spec = spec_of("rat_a", dt_s=0.02)
    paths = paths_of(spec)
    middle = (positions.min(0) + positions.max(0)) / 2
    recorded = positions - middle
    whole = np.concatenate([np.asarray(paths.start)[None], np.asarray(paths.positions)])
    for path in range(0, 300, 30):
        at = np.abs(recorded - whole[0, path]).sum(1).argmin()
        np.testing.assert_allclose(whole[:, path], recorded[at : at + 21], atol=1e-6)
    jax.tree.map(np.testing.assert_array_equal, paths, paths_of(spec))
    assert (np.asarray(paths_of(spec, key=2).start) != np.asarray(paths.start)).any()


@pytest.mark.parametrize("dt_s", [0.02, 0.05, 0.013])
def test_speeds_are_those_of_the_recording_at_any_duration_of_a_move(dt_s):
    positions, times = session()
    register("rat_b", positions, times)
    speeds = np.linalg.norm(paths_of(spec_of("rat_b", dt_s=dt_s), n_paths=4000).moves, axis=-1)
    # the same chords of the recording itself, in float64
    starts = np.random.default_rng(3).uniform(0, times[-1] - dt_s, 80_000)
    ends = [np.stack([np.interp(t, times, positions[:, i]) for i in (0, 1)], 1)
            for t in (starts, starts + dt_s)]  # fmt: skip
    chords = np.linalg.norm(ends[1] - ends[0], axis=1)
    levels = np.linspace(0.05, 0.95, 10)
    found, expected = np.quantile(speeds, levels), np.quantile(chords, levels)
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=2e-5)


def test_no_path_crosses_lost_samples():
    positions, times = session()
    lost = np.zeros(N, bool)
    lost[np.random.default_rng(1).integers(0, N - 10, 100)[:, None] + np.arange(10)] = True
    positions[lost] = np.nan
    jumped = positions.copy()
    jumped[N // 2 :, 0] = 1 - jumped[N // 2 :, 0]  # a path across the middle would jump
    jumped[N // 2 - 5 : N // 2] = np.nan
    register("rat_c", jumped, times)
    moves = np.asarray(paths_of(spec_of("rat_c"), n_paths=5000).moves)
    largest = np.nanmax(np.linalg.norm(np.diff(session()[0], axis=0), axis=1))
    assert np.linalg.norm(moves, axis=-1).max() <= largest * 1.01


def test_a_box_of_another_size_and_paths_that_are_too_long_are_refused_in_one_line():
    positions, times = session()
    register("rat_d", positions, times)
    extent = np.ptp(positions, axis=0).max()
    check_plugins([spec_of("rat_d")], SETTINGS)
    for width in (2.2, 0.5):
        box = {"box_width_in_m": width, "box_height_in_m": width, "bin_side_in_m": width / 25}
        with pytest.raises(gj.GridjaxError, match=f"span {extent:.3g} m, but box_width_in_m is"):
            check_plugins([spec_of("rat_d"), spec_of("rat_d", **box)], SETTINGS)
    with pytest.raises(gj.GridjaxError, match="longest piece without a gap 400 s"):
        check_plugins([spec_of("rat_d", sequence_length=25_000)], SETTINGS)


def test_paths_of_the_evaluation_are_not_longer_than_the_recording():
    positions, times = session()
    positions[::45] = np.nan
    positions[1::45] = np.nan  # pieces of .84 s: enough for 20 moves of 20 ms, not for 50
    register("rat_g", positions, times)
    with pytest.raises(gj.GridjaxError, match="evaluation lasts 1 s, but the longest piece"):
        check_plugins([spec_of("rat_g", dt_s=0.02)], SETTINGS)
    check_plugins([spec_of("rat_g", dt_s=0.016)], SETTINGS)
    longer = EvaluationSettings(sequence_length=100)
    with pytest.raises(gj.GridjaxError, match=r"evaluation lasts 1\.6 s"):
        check_plugins([spec_of("rat_g", dt_s=0.016)], longer)


@pytest.mark.parametrize("factor", [100.0, 0.001])
def test_positions_in_other_units_are_refused(factor):
    positions, times = session()
    with pytest.raises(gj.GridjaxError, match="median speed is") as refused:
        gj.recorded_motion(positions * factor, times)
    assert "metres" in str(refused.value)


def test_arrays_that_are_no_session_are_refused():
    positions, times = session()
    for wrong in ((positions.T, times), (positions, times[:-1])):
        with pytest.raises(gj.GridjaxError, match="positions"):
            gj.recorded_motion(*wrong)
    with pytest.raises(gj.GridjaxError, match="times that do not increase"):
        gj.recorded_motion(positions, times[::-1])


@pytest.mark.parametrize(
    "wrong", [[["a", "b"]] * 9, [[1, 2], [3]], np.ones((9, 2)) * 1j, np.full((9, 2), "x", object)]
)
def test_positions_that_are_no_numbers_are_refused(wrong):
    with pytest.raises(gj.GridjaxError, match="positions are not an array of numbers"):
        gj.recorded_motion(wrong, np.arange(len(wrong)))


def test_repeated_positions_are_named_as_such():
    positions, times = session()
    with pytest.raises(gj.GridjaxError, match="more than half of the successive positions are eq"):
        gj.recorded_motion(np.repeat(positions[::5], 5, axis=0), times)


def test_masked_positions_are_lost_samples():
    positions, times = session()
    lost = np.zeros(positions.shape, bool)
    lost[500:600] = True
    masked = np.ma.masked_array(np.where(lost, 9.0, positions), lost)
    register("rat_h", masked, times)
    register("rat_i", np.where(lost, np.nan, positions), times)
    ours, expected = (paths_of(spec_of(name)).positions for name in ("rat_h", "rat_i"))
    np.testing.assert_array_equal(ours, expected)


def test_another_recording_is_another_network():
    register("rat_e", *session(4))
    with pytest.raises(gj.GridjaxError, match="registered already, from another source"):
        register("rat_e", *session(5))


def test_a_session_of_a_file_without_cells_is_a_motion(tmp_path):
    positions, times = session()
    np.savez(tmp_path / "rat.npz", positions=100 * positions, times=times)
    (read,) = gj.read_inputs([tmp_path / "rat.npz"], gj.InputOptions(units="cm"), path_only=True)
    register("rat_f", read.positions_m, read.times_s)
    paths = paths_of(spec_of("rat_f"))
    register("rat_a", positions, times)
    expected = paths_of(spec_of("rat_a"))
    np.testing.assert_allclose(paths.positions, expected.positions, atol=1e-5)
