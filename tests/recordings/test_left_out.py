"""Numbers of a session that are left out, or are meant otherwise, each with its count."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.ratemaps.rate_map import rate_map
from gridjax.recordings.checks.path_cleaning import placeholders, wrong_frames
from gridjax.recordings.input_options import InputOptions, read_arena, read_point
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import recording, refusal, save_npz

PATH, TIMES, SPIKES = recording(seconds=120)
DT = 0.05
SCORED = ScoreOptions(n_bins=20, shuffles=19)


def session_of(folder, positions=PATH, times=TIMES, spikes=SPIKES, **options):
    save_npz(folder / "a.npz", positions, times, spikes)
    (session,) = read_inputs([folder / "a.npz"], InputOptions(**options))
    return session


def rows(session):
    return table(score_inputs([session], SCORED)).set_index("cell")


def test_a_gap_changes_no_column(tmp_path):
    later = np.where(TIMES >= 50, TIMES + 7200, TIMES)
    moved = {cell: np.where(train >= 50, train + 7200, train) for cell, train in SPIKES.items()}
    with_spikes = {cell: np.append(train, [100.0, 200.0]) for cell, train in moved.items()}
    whole = rows(session_of(tmp_path))
    gap = session_of(tmp_path, times=later, spikes=with_spikes)
    (scored,) = score_inputs([gap], SCORED)
    cut = table([scored]).set_index("cell")
    for name in whole.columns.drop("input"):
        if whole[name].dtype == float:
            np.testing.assert_allclose(cut[name], whole[name], rtol=1e-5, err_msg=name)
        else:
            assert cut[name].tolist() == whole[name].tolist(), name
    assert "120.0 s tracked, 1 gap of 7,200 s with 6 spikes, left out" in scored.headline


@pytest.mark.parametrize("kind", [np.int64, np.float64, bool])
def test_counts_are_counts_and_never_times(kind, tmp_path):
    bins = np.append(TIMES, TIMES[-1] + DT)
    counts = {cell: np.histogram(train, bins)[0] for cell, train in SPIKES.items()}
    if kind is bool:
        counts = {cell: np.minimum(n, 1) for cell, n in counts.items()}
    session = session_of(tmp_path, spikes={cell: n.astype(kind) for cell, n in counts.items()})
    assert [len(train) for train in session.spikes_s] == [counts[c].sum() for c in session.cells]
    for cell, train in zip(session.cells, session.spikes_s, strict=True):
        np.testing.assert_array_equal(np.histogram(train, bins)[0], counts[cell])
    assert session.remarks == (
        "3 cells: one whole number for each sample, read as counts of spikes",
    )


def test_counts_and_booleans_are_no_times_in_python_either():
    counts = np.random.default_rng(0).poisson(0.2, (len(TIMES), 2))
    for given in (counts, counts.T, counts > 0, (counts > 0).T, list(counts.T)):
        with pytest.raises(GridjaxError, match="one count or boolean for each position"):
            rate_map(PATH, times_s=TIMES, spikes=given, n_bins=20)


def test_placeholders_of_lost_frames_count_as_lost(tmp_path):
    rng, lost = np.random.default_rng(2), np.zeros(len(PATH), bool)
    for start in rng.integers(0, len(PATH) - 40, 12):
        lost[start : start + rng.integers(5, 40)] = True
    expected = session_of(tmp_path, np.where(lost[:, None], np.nan, 100 * PATH + 20), units="cm")
    for value in ((0.0, 0.0), (-1.0, -1.0), (20.0, 20.0)):  # the last one is a corner of the arena
        given = np.where(lost[:, None], value, 100 * PATH + 20)
        for options in ({}, {"lost": value}):
            session = session_of(tmp_path, given, units="cm", **options)
            np.testing.assert_array_equal(session.positions_m, expected.positions_m)
            (remark,) = session.remarks
            assert remark.startswith(f"{lost.sum():,} samples at ")
    inside = session_of(tmp_path, given, units="cm", arena=((21, 121), (21, 121)))
    assert "outside of --arena" in inside.remarks[0]
    assert inside.n_lost > lost.sum()


def test_an_animal_that_rests_and_positions_on_a_lattice_are_no_placeholders():
    resting = np.concatenate([PATH[:900], np.repeat(PATH[900:901], 500, axis=0), PATH[901:]])
    assert not len(placeholders(resting))
    assert not len(placeholders(np.round(PATH, 1)))
    assert not len(placeholders(np.round(PATH, 2)))
    trials = np.array_split(PATH, 12)  # each begins at the same place, to which the animal is put
    start = PATH[1000:1001]
    put = [np.concatenate([np.repeat(start, 9, axis=0), start + one - one[:1]]) for one in trials]
    assert not len(placeholders(np.concatenate(put)))


def test_single_wrong_frames_count_as_lost(tmp_path):
    wrong = PATH.copy()
    wrong[[100, 700]] = (0.99, 0.01)
    wrong[900:906] += (3, 2)  # a reflection
    wrong[903] = np.nan
    session = session_of(tmp_path, wrong)
    assert session.n_lost == 8
    told = "7 samples in single or short runs, reached and left faster than 5 m/s"
    assert session.remarks[0].startswith(told)
    kept = np.setdiff1d(np.arange(len(PATH)), [100, 700, *range(900, 906)])
    np.testing.assert_array_equal(session.positions_m[kept], PATH[kept])
    longer = PATH.copy()
    longer[900:970] += (3, 2)
    assert not wrong_frames(longer, TIMES).any()
    fast = np.stack([np.linspace(0, 100, 50), np.zeros(50)], axis=1)  # 20 m/s, and no return
    assert not wrong_frames(fast, np.arange(50) * 0.1).any()


def test_spikes_outside_and_nan_are_left_out(tmp_path):
    spikes = {"grid": np.concatenate([[-3.0, np.nan], SPIKES["grid"], [130.0, np.nan]])}
    session = session_of(tmp_path, spikes=spikes)
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])
    assert session.remarks[0] == "2 spike times are NaN and left out"
    assert session.remarks[1].startswith(
        f"2 of {len(SPIKES['grid']) + 2} spikes left out: they are before 0 s"
    )
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"a": [1.0, 500.0, 600.0]})
    assert "cell a: 2 of 3 spikes, the first at 500 s" in refusal(tmp_path / "b.npz")


def test_repeated_samples_are_left_out_and_a_clock_that_goes_back_is_refused(tmp_path):
    times = TIMES.copy()
    times[[50, 90]] = times[[49, 89]]
    session = session_of(tmp_path, times=times)
    assert len(session.times_s) == len(TIMES) - 2
    assert session.remarks == (
        "2 samples with the time of the sample before left out, the first at 2.45 s",
    )
    times[1000:] -= 10
    save_npz(tmp_path / "b.npz", PATH, times, SPIKES)
    assert "times go back by 9.95 s at sample 1000" in refusal(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("factor", "options"),
    [(1000, {"units": "mm"}), (420, {"units": "px", "px_per_cm": 4.2}), (100, {"units": "cm"})],
)
def test_units_of_positions(factor, options, tmp_path):
    session = session_of(tmp_path, factor * PATH, **options)
    np.testing.assert_allclose(session.positions_m, PATH, rtol=1e-12)
    assert not session.remarks


@pytest.mark.parametrize(
    ("factor", "options"),
    [
        (1e3, {"time_units": "ms"}),
        (1e6, {"time_units": "us"}),
        (30e3, {"time_units": "samples", "rate_hz": 30e3}),
    ],
)
def test_units_of_times(factor, options, tmp_path):
    spikes = {cell: np.round(factor * train) for cell, train in SPIKES.items()}
    for times in (TIMES, factor * TIMES):
        session = session_of(tmp_path, times=times, spikes=spikes, **options)
        np.testing.assert_allclose(session.times_s, TIMES, rtol=1e-12)
        for cell, train in zip(session.cells, session.spikes_s, strict=True):
            np.testing.assert_allclose(train, SPIKES[cell], atol=1 / factor)
    save_npz(tmp_path / "b.npz", PATH, TIMES, spikes)
    name = options["time_units"]
    assert f"--time-units {name}" in refusal(tmp_path / "b.npz")


def test_usual_names_and_shapes_are_read(tmp_path):
    cells = np.repeat(np.arange(3), [len(train) for train in SPIKES.values()])
    every = np.concatenate(list(SPIKES.values()))
    np.savez(
        tmp_path / "b.npz", x=PATH[:, :1], y=PATH[:, 1], t=TIMES[None], spike_times=every,
        spike_clusters=cells,
    )  # fmt: skip
    np.savez(tmp_path / "c.npz", positions=PATH.T, timestamps=TIMES, spikes_0=every[cells == 0])
    for name in ("b.npz", "c.npz"):
        (session,) = read_inputs([tmp_path / name])
        np.testing.assert_array_equal(session.positions_m, PATH)
        np.testing.assert_array_equal(session.times_s, TIMES)
        np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])


def test_further_columns_usual_headers_and_missing_numbers_of_a_csv(tmp_path):
    rows = list(zip(TIMES.tolist(), PATH.tolist(), strict=True))
    lines = [
        f"{i},{t!r},NA,nan,7" if i % 50 == 3 else f"{i},{t!r},{x!r},{y!r},7"
        for i, (t, (x, y)) in enumerate(rows)
    ]
    (tmp_path / "a.csv").write_text("\n".join([",Time (s),X [m],pos_y,speed", *lines]))
    spikes = [f"{t!r},grid" for t in SPIKES["grid"].tolist()]
    (tmp_path / "a.spikes.csv").write_text("\n".join(["timestamp,unit", *spikes]))
    (session,) = read_inputs([tmp_path / "a.csv"])
    lost = np.arange(len(PATH)) % 50 == 3
    np.testing.assert_array_equal(session.positions_m, np.where(lost[:, None], np.nan, PATH))
    np.testing.assert_array_equal(session.times_s, TIMES)
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])


def test_options_that_cannot_be_are_refused():
    for options in (
        {"units": "inch"},
        {"units": "px"},
        {"px_per_cm": 4.0},
        {"units": "px", "px_per_cm": 0.0},
        {"time_units": "samples"},
        {"rate_hz": 1.0},
        {"time_units": "h"},
    ):
        with pytest.raises(GridjaxError):
            InputOptions(**options).check()
    assert read_arena("-1:2,0:3.5") == ((-1, 2), (0, 3.5))
    assert read_point("-1,0") == (-1, 0)
    for text in ("", "0:1", "1:0,0:1", "0:1,0:nan", "0:1,0:1,0:1", "a:1,0:1"):
        with pytest.raises(GridjaxError, match="is not an arena"):
            read_arena(text)
    for text in ("", "1", "1,2,3", "a,1", "1,inf"):
        with pytest.raises(GridjaxError, match="is not a position"):
            read_point(text)


def test_activity_is_scored_in_place_of_spikes_with_shifts_in_tracked_time(tmp_path):
    cells = sorted(SPIKES)[:2]
    bins = np.append(TIMES, TIMES[-1] + DT)
    counts = np.stack([np.histogram(SPIKES[cell], bins)[0] for cell in cells], axis=1)
    options = ScoreOptions(n_bins=20, shuffles=19)
    spikes = {str(i): np.repeat(TIMES, counts[:, i]) + DT / 2 for i in range(2)}
    whole = table(score_inputs([session_of(tmp_path, spikes=spikes)], options))
    later = np.where(TIMES >= 50, TIMES + 7200, TIMES)
    scored = []
    for name, times, activity in (("a", TIMES, counts / DT), ("b", later, counts.T / DT)):
        np.savez(tmp_path / f"{name}.npz", positions=PATH, times=times, activity=activity)
        (one,) = score_inputs(read_inputs([tmp_path / f"{name}.npz"]), options)
        scored.append(one)
        found = table([one])
        # counts divided by the duration of a sample are rates: the maps are those of the spikes
        for column in ("score_60", "period_cm", "mean_rate", "visited"):
            np.testing.assert_allclose(found[column], whole[column], rtol=1e-5, err_msg=column)
        assert found["n_spikes"].isna().all()
    np.testing.assert_allclose(scored[0].null_scores, scored[1].null_scores, atol=1e-5)
    broken = (counts / DT).copy()
    broken[7, 1] = np.nan
    np.savez(tmp_path / "c.npz", positions=PATH, times=TIMES, activity=broken)
    (session,) = read_inputs([tmp_path / "c.npz"])
    np.testing.assert_array_equal(session.times_s, np.delete(TIMES, 7))
    assert any("1 of" in each and "frames in which" in each for each in session.remarks)
    assert np.isfinite(table(score_inputs([session], options))["p_value"]).all()
    np.savez(tmp_path / "d.npz", positions=PATH, times=TIMES, activity=counts[:-1])
    assert "activity has shape" in refusal(tmp_path / "d.npz")
