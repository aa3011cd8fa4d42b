"""Scores of parts of a session: windows of time, and epochs of NWB files."""

import json
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gridjax import cli
from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions, read_windows
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import read, recording, refused, save_csv, save_npz

PATH, TIMES, SPIKES = recording(seconds=600)
WINDOWS = {
    "first half": ((None, 300.0),),
    "two runs": ((40.0, 200.0), (320.0, 580.0)),
    "in any order, and overlapping": ((320.0, 580.0), (40.0, 150.0), (100.0, 200.0)),
    "between samples": ((40.01, 199.99),),
}


def inside(times, windows):
    """The mask of the times in windows, by hand."""
    return np.any(
        [
            (times >= (-np.inf if low is None else low)) & (times <= (np.inf if up is None else up))
            for low, up in windows
        ],
        axis=0,
    )


def cut(windows):
    """The arrays of the recording, cut by hand."""
    kept = inside(TIMES, windows)
    trains = {cell: train[inside(train, windows)] for cell, train in SPIKES.items()}
    return PATH[kept], TIMES[kept], trains


def rows(path, **options):
    inputs = read_inputs([path], InputOptions(**options))
    frame = table(score_inputs(inputs, ScoreOptions(shuffles=5, smoothing_cm=5.0, bin_cm=5.0)))
    return frame.drop(columns="input")


@pytest.mark.parametrize("name", WINDOWS)
def test_scores_are_those_of_a_file_cut_by_hand(name, tmp_path):
    save_npz(tmp_path / "whole.npz", PATH, TIMES, SPIKES)
    save_npz(tmp_path / "cut.npz", *cut(WINDOWS[name]))
    windowed = rows(tmp_path / "whole.npz", windows_s=WINDOWS[name])
    pd.testing.assert_frame_equal(windowed, rows(tmp_path / "cut.npz"), check_exact=True)


def test_counts_and_activity_are_cut_with_the_samples(tmp_path):
    windows, kept = (
        ((100.0, 200.0), (300.0, 400.0)),
        inside(TIMES, ((100.0, 200.0), (300.0, 400.0))),
    )
    counts = np.histogram(SPIKES["grid"], np.append(TIMES, 600.0))[0]
    for name, values in {"spikes_a": counts, "activity": np.sqrt(counts)[:, None]}.items():
        np.savez(tmp_path / "whole.npz", positions=PATH, times=TIMES, **{name: values})
        np.savez(
            tmp_path / "cut.npz", positions=PATH[kept], times=TIMES[kept], **{name: values[kept]}
        )
        windowed, by_hand = (
            read(tmp_path / "whole.npz", windows_s=windows),
            read(tmp_path / "cut.npz"),
        )
        for field in ("positions_m", "times_s", "activity"):
            np.testing.assert_array_equal(getattr(windowed, field), getattr(by_hand, field))
        np.testing.assert_array_equal(windowed.spikes_s, by_hand.spikes_s)


def test_activity_with_a_clock_of_its_own_is_cut_at_its_times(tmp_path):
    frames = np.arange(0, 600, 0.13)
    values = np.sin(frames)[:, None] ** 2
    np.savez(tmp_path / "path.npz", positions=PATH, times=TIMES)
    np.savez(tmp_path / "calcium.npz", times=frames, activity=values)
    options = {"spikes": str(tmp_path / "calcium.npz")}
    session = read(tmp_path / "path.npz", windows_s=((100.0, 200.0),), **options)
    kept = inside(frames, ((100.0, 200.0),))
    np.testing.assert_array_equal(session.times_s, frames[kept])
    np.testing.assert_array_equal(session.activity, values[kept])
    assert any("769 of 4,616 frames of activity kept" in line for line in session.remarks)


def test_the_time_between_windows_is_a_gap_and_a_line_counts_what_is_kept(tmp_path):
    save_csv(tmp_path / "a.csv", PATH, TIMES, SPIKES)
    session = read(tmp_path / "a.csv", windows_s=((0.0, 100.0), (500.0, 700.0)))
    kept = inside(TIMES, ((0.0, 100.0), (500.0, 700.0))).sum()
    n = sum(inside(train, ((0.0, 100.0), (500.0, 700.0))).sum() for train in SPIKES.values())
    whole = sum(map(len, SPIKES.values()))
    assert (
        f"--time 0:100, --time 500:700: 199.95 of 599.95 s, {kept:,} of 12,000 samples and {n:,} of"
        f" {whole:,} spikes kept"
    ) in session.remarks
    (one,) = score_inputs([session], ScoreOptions(bin_cm=5.0))
    assert "200.1 s tracked, 1 gap of 399.95 s;" in one.headline


def test_spikes_far_outside_of_the_path_can_be_left_out(tmp_path):
    asleep = {cell: np.append(train, 600 + 3 * train) for cell, train in SPIKES.items()}
    asleep["silent"] = np.arange(700.0, 3000.0)
    save_npz(tmp_path / "a.npz", PATH, TIMES, asleep)
    assert "are outside the session" in refused(tmp_path / "a.npz")
    session = read(tmp_path / "a.npz", windows_s=((0.0, 600.0),))
    for train, cell in zip(session.spikes_s, session.cells, strict=True):
        np.testing.assert_array_equal(train, SPIKES[cell][SPIKES[cell] <= 600])


def test_other_units_and_signals_are_refused_in_a_part_too(tmp_path):
    milliseconds = {cell: 1000 * train for cell, train in SPIKES.items()}
    save_npz(tmp_path / "a.npz", PATH, TIMES, milliseconds)
    assert "--time-units ms" in refused(tmp_path / "a.npz", windows_s=((0.0, 300.0),))
    signal = 300 * np.random.default_rng(0).random(len(TIMES))
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"a": signal})
    assert "a rate or calcium" in refused(tmp_path / "b.npz", windows_s=((0.0, 300.0),))
    read(tmp_path / "a.npz", windows_s=((0.0, 300.0),), time_units="ms")


def test_bad_windows_are_refused_with_one_message(tmp_path):
    save_npz(tmp_path / "a.npz", PATH, TIMES, SPIKES)
    message = refused(tmp_path / "a.npz", windows_s=((700.0, None), (0.0, 10.0), (601.0, 602.0)))
    assert "no sample in --time 700:, --time 601:602: the path has 12,000 samples" in message
    assert "from 0 to 599.95 s" in message
    assert "2 samples in --time 0:0.06" in refused(tmp_path / "a.npz", windows_s=((0.0, 0.06),))
    for windows in ((), ((5.0, 5.0),), ((5.0, 1.0),), (0.0, 5.0), ((None, None),), ((0, np.inf),)):
        assert "--time is" in refused(tmp_path / "a.npz", windows_s=windows)
    assert "exclude each other" in refused(
        tmp_path / "a.npz", windows_s=((0.0, 5.0),), epochs=("run",)
    )
    np.save(tmp_path / "maps.npy", np.random.default_rng(0).random((2, 20, 20)))
    assert "--time applies to sessions only" in refused(
        tmp_path / "maps.npy", windows_s=((0.0, 5.0),)
    )
    assert "--epoch would have no effect" in refused(tmp_path / "a.npz", epochs=("run",))


@pytest.mark.parametrize("text", ["", ":", "5", "5:5", "5:1", "a:b", "1:2:3", "0:inf", "0:1,2:3"])
def test_texts_that_are_no_part_of_a_session(text):
    with pytest.raises(GridjaxError, match="is no part of a session"):
        read_windows(["0:1", text])


def test_texts_of_parts():
    assert read_windows(["0:1.5", ":3", "-2:", " 4 : 5 "]) == (
        (0, 1.5),
        (None, 3),
        (-2, None),
        (4, 5),
    )


def test_the_command_records_the_parts(tmp_path, monkeypatch, capsys):
    save_npz(tmp_path / "a.npz", PATH, TIMES, SPIKES)
    monkeypatch.chdir(tmp_path)
    call = "gridjax score a.npz --time 0:100 --time 500: --bin-cm 5 --out a.parquet"
    monkeypatch.setattr(sys, "argv", call.split())
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 0
    assert "--time 0:100, --time 500:: 199.95 of 599.95 s" in capsys.readouterr().out
    about = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"gridjax"])
    assert about["options"]["windows_s"] == [[0, 100], [500, None]]
    assert about["options"]["epochs"] is None


def save_nwb(path, with_epochs=True):
    """Write the recording with epochs (tags), trials (labels) and a table of its own."""
    pynwb = pytest.importorskip("pynwb")
    from pynwb.behavior import Position, SpatialSeries

    file = pynwb.NWBFile("a session", "one", datetime(2020, 1, 1, tzinfo=UTC))
    series = SpatialSeries(
        name="led", data=PATH, timestamps=TIMES, reference_frame="corner", unit="meters"
    )
    position = Position(spatial_series=series)
    file.create_processing_module("behavior", "tracking").add(position)
    for at, train in enumerate(SPIKES.values()):
        file.add_unit(id=at, spike_times=train)
    if with_epochs:
        for start, stop, tags in (
            (0.0, 100.0, ["sleep"]),
            (100.0, 250.0, ["run", "light"]),
            (400.0, 580.0, ["run", "dark"]),
            (900.0, 990.0, ["run"]),
        ):
            file.add_epoch(start, stop, tags)
        file.add_trial_column("condition", "of the trial")
        file.add_trial_column("correct", "whether the animal was right")
        file.add_trial(start_time=10.0, stop_time=90.0, condition="dark", correct=True)
        file.add_trial(start_time=200.0, stop_time=np.nan, condition="odour", correct=False)
        file.add_trial(start_time=210.0, stop_time=300.0, condition="odour", correct=False)
        own = pynwb.epoch.TimeIntervals(name="boxes", description="of the room")
        own.add_column("label", "of the box")
        own.add_row(start_time=300.0, stop_time=380.0, label="small box")
        file.add_time_intervals(own)
        file.add_invalid_time_interval(start_time=0.0, stop_time=1.0, tags=["noise"])
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


@pytest.mark.parametrize(
    ("names", "windows"),
    [
        (("run",), ((100.0, 250.0), (400.0, 580.0))),
        (("epochs/tags/dark",), ((400.0, 580.0),)),
        (("tags/dark", "sleep"), ((400.0, 580.0), (0.0, 100.0))),
        (("odour",), ((210.0, 300.0),)),
        (("small box",), ((300.0, 380.0),)),
    ],
)
def test_epochs_are_the_windows_of_their_rows(names, windows, tmp_path):
    path = save_nwb(tmp_path / "a.nwb")
    chosen, by_time = read(path, epochs=names), read(path, windows_s=windows)
    for field in ("positions_m", "times_s"):
        np.testing.assert_array_equal(getattr(chosen, field), getattr(by_time, field))
    for own, others in zip(chosen.spikes_s, by_time.spikes_s, strict=True):
        np.testing.assert_array_equal(own, others)


def test_lines_about_epochs(tmp_path):
    path = save_nwb(tmp_path / "a.nwb")
    (line,) = (each for each in read(path, epochs=("run",)).remarks if each.startswith("--epoch"))
    assert line.startswith(
        "--epoch run (3 rows, 1 of them without samples: 100 to 250, 400 to 580 s): 330 of 599.95 s"
    )
    assert (
        "1 row of --epoch without start and stop left out" in read(path, epochs=("odour",)).remarks
    )
    assert (
        "4 epochs not used: all tracked time of the positions is scored as one session; --epoch"
        " chooses from epochs/tags/sleep, epochs/tags/run, epochs/tags/light, epochs/tags/dark"
    ) in read(path).remarks
    assert not any(
        "epochs not used" in line for line in read(path, windows_s=((0.0, 9.0),)).remarks
    )


def test_unknown_and_unclear_epochs_are_refused_with_the_names(tmp_path):
    path = save_nwb(tmp_path / "a.nwb")
    message = refused(path, epochs=("rest",))
    assert "has no epochs or trials rest" in message
    assert (
        "choose --epoch from boxes/label/small box, epochs/tags/sleep, epochs/tags/run" in message
    )
    assert "noise" not in message
    message = refused(path, epochs=("dark",))
    assert "has 2 epochs or trials: epochs/tags/dark, trials/condition/dark" in message
    assert "choose one, such as --epoch epochs/tags/dark" in message
    assert "--epoch is 'run'" in refused(path, epochs="run")
    bare = save_nwb(tmp_path / "b.nwb", with_epochs=False)
    assert "has no epochs or trials with tags or labels" in refused(bare, epochs=("run",))
