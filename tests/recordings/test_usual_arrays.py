"""Arrays of other shapes and names than those of this library, and numbers in place of NaN."""

import numpy as np
import pandas as pd
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import ideal_map, recording

PATH, TIMES, SPIKES = recording(seconds=60)
TRAINS = [SPIKES["grid"], SPIKES["anywhere"]]
BINS = np.append(TIMES, TIMES[-1] + 0.05)
COUNTS = np.stack([np.histogram(train, BINS)[0] for train in TRAINS], axis=1)
MOST = max(map(len, TRAINS)) + 3
PADDED = np.full((2, MOST), np.nan)
for row, spikes in zip(PADDED, TRAINS, strict=True):
    row[: len(spikes)] = spikes
ALL = np.concatenate(TRAINS)
OF = np.repeat([3, 7], [len(train) for train in TRAINS])


def read(folder, options=None, **arrays):
    np.savez(folder / "a.npz", **arrays)
    (found,) = read_inputs([folder / "a.npz"], InputOptions(**options or {}))
    return found


PATH_AND_TIMES = {"positions": PATH, "times": TIMES}
FORMS = {
    "matrix padded with NaN": ({"spike_times": PADDED}, "one row for each cell, 2 cells"),
    "matrix padded with 0": ({"spikes": np.nan_to_num(PADDED)}, "one row for each cell, 2 cells"),
    "cells in columns": ({"spike_times": PADDED.T}, "one column for each cell, 2 cells"),
    "floats as cells": ({"spike_times": ALL, "spike_clusters": OF.astype(float)}, None),
    "bytes as cells": ({"spike_times": ALL, "spike_cells": OF.astype(str).astype("S")}, None),
    "names of cells": ({"cell_1": TRAINS[0], "cell_2": TRAINS[1], "hd": TIMES}, "hd not used"),
}


@pytest.mark.parametrize("name", FORMS)
def test_spikes_of_other_forms(name, tmp_path):
    arrays, words = FORMS[name]
    session = read(tmp_path, **PATH_AND_TIMES, **arrays)
    assert len(session.cells) == 2
    for train, expected in zip(session.spikes_s, TRAINS, strict=True):
        np.testing.assert_array_equal(train, expected)
    assert words is None or any(words in remark for remark in session.remarks)


@pytest.mark.parametrize("name", ["spikes", "spike_counts", "counts"])
def test_matrices_of_counts_are_counts_of_each_sample(name, tmp_path):
    for counts in (COUNTS, COUNTS.T.astype(np.uint8), COUNTS > 0):
        session = read(tmp_path, **PATH_AND_TIMES, **{name: counts})
        expected = (COUNTS > 0 if counts.dtype == bool else COUNTS).sum(axis=0)
        assert [len(train) for train in session.spikes_s] == expected.tolist()
        assert any("read as counts of spikes [" in remark for remark in session.remarks)


def test_the_spikes_of_a_single_cell(tmp_path):
    session = read(tmp_path, **PATH_AND_TIMES, spikes=TRAINS[0])
    np.testing.assert_array_equal(session.spikes_s[0], TRAINS[0])
    assert "spikes: read as the spikes of a single cell" in session.remarks
    # these may be the spikes of many cells whose clusters are missing
    with pytest.raises(GridjaxError, match="has no spike_cells"):
        read(tmp_path, **PATH_AND_TIMES, spike_times=TRAINS[0])


def test_matrices_that_are_neither_are_refused(tmp_path):
    mixed = np.random.default_rng(0).uniform(1, 60, (5, 40))
    with pytest.raises(GridjaxError):
        read(tmp_path, **PATH_AND_TIMES, spikes=mixed)


PATHS = {
    "time in the first column": ({"positions": np.column_stack([TIMES, PATH])}, "time, x and y"),
    "time twice": ({"positions": np.column_stack([TIMES, PATH]), "times": TIMES}, "not read"),
    "height": ({"positions": np.column_stack([PATH, 0 * TIMES]), "times": TIMES}, "first two"),
    "a frame rate": ({"positions": PATH, "fps": 20.0}, "20 samples in 1 s (fps)"),
    "fields": (
        {"tracking": np.rec.fromarrays([TIMES, *PATH.T], names="ts,x,y")},
        None,
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_paths_of_other_forms(name, tmp_path):
    arrays, words = PATHS[name]
    session = read(tmp_path, **arrays, spikes_a=TRAINS[0])
    np.testing.assert_array_equal(session.positions_m, PATH)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-12)
    assert words is None or any(words in remark for remark in session.remarks)


def test_times_in_minutes_and_nanoseconds(tmp_path):
    for unit, per_second in (("min", 1 / 60), ("ns", 1e9)):
        arrays = {
            "positions": PATH,
            "times": TIMES * per_second,
            "spikes_a": TRAINS[0] * per_second,
        }
        session = read(tmp_path, {"time_units": unit}, **arrays)
        np.testing.assert_allclose(session.times_s, TIMES, atol=1e-9)
        np.testing.assert_allclose(session.spikes_s[0], TRAINS[0], atol=1e-9)
    session = read(tmp_path, positions=PATH, times=TIMES / 60, spikes_a=TRAINS[0] / 60)
    assert any("too fast for the animal" in remark for remark in session.remarks)
    session = read(tmp_path, positions=PATH, times=TIMES * 1000, spikes_a=TRAINS[0] * 1000)
    assert any("too slow for the animal" in remark for remark in session.remarks)


LEDS = {
    "x and y": {"x": PATH[:, :1] + [0.0, 0.04], "y": PATH[:, 1:] + [0.0, 0.04], "times": TIMES},
    "rows of x and y": {"x": np.stack([PATH[:, 0]] * 2), "y": np.stack([PATH[:, 1]] * 2)},
    "four columns": {"positions": np.hstack([PATH, PATH]), "times": TIMES},
    "four rows": {"positions": np.hstack([PATH, PATH]).T, "times": TIMES},
    "times and four columns": {"positions": np.hstack([TIMES[:, None], PATH, PATH])},
    "three axes": {"positions": np.stack([PATH, PATH], axis=1), "times": TIMES},
}


@pytest.mark.parametrize("name", LEDS)
def test_paths_of_two_leds_are_refused_with_what_to_give(name, tmp_path):
    with pytest.raises(GridjaxError, match=r"have shape .*: the paths of two LEDs\?") as caught:
        read(tmp_path, spikes_a=SPIKES["grid"], **LEDS[name])
    (problem,) = caught.value.problems
    assert problem.fix.startswith("give x and y of one of them, or their means over both")


def test_positions_with_their_axes_first(tmp_path):
    for positions, more in (
        (PATH.T, {"times": TIMES}),
        (PATH.T, {"fps": 20.0}),
        (np.stack([TIMES, *PATH.T]), {}),
    ):
        session = read(tmp_path, positions=positions, spikes_a=SPIKES["grid"], **more)
        np.testing.assert_array_equal(session.positions_m, PATH)
        np.testing.assert_allclose(session.times_s, TIMES, rtol=0, atol=1e-12)


def test_numbers_of_frames_in_place_of_times(tmp_path):
    arrays = {"positions": PATH, "times": np.arange(len(TIMES)), "spikes_a": 20 * SPIKES["grid"]}
    session = read(tmp_path, **arrays)
    hint = "if the times of the path are numbers of frames, give --time-units samples --rate FPS"
    assert any(hint in line for line in session.remarks)
    with pytest.raises(GridjaxError, match=r"no sample is as fast as 2\.5 cm/s") as caught:
        score_inputs([session], ScoreOptions())
    assert caught.value.problems[0].fix.startswith(hint)
    session = read(tmp_path, {"time_units": "samples", "rate_hz": 20.0}, **arrays)
    np.testing.assert_allclose(session.times_s, TIMES, rtol=0, atol=1e-12)
    assert not any("frames" in line for line in session.remarks)


def test_maps_of_usual_names_and_with_a_number_for_unvisited_bins(tmp_path):
    maps = np.stack([ideal_map(20, period) for period in (6.0, 8.0)])
    maps[:, 12:, 15:] = np.nan
    found = read(tmp_path, rate_maps=np.nan_to_num(maps, nan=-1), occupancy=np.ones((20, 20)))
    np.testing.assert_array_equal(found.maps, maps)
    assert found.remarks[0] == "occupancy not used"
    assert found.remarks[1].startswith("40 bins are -1 in all maps, the only negative number")
    endless = maps.copy()
    endless[0, 3, 4:6] = np.inf
    assert read(tmp_path, maps=endless).remarks == ("2 bins of 1 map infinite, read as unvisited",)
    signed = np.nan_to_num(maps, nan=-1)
    signed[0, 0, 0] = -1  # not in the other map
    np.testing.assert_array_equal(read(tmp_path, maps=signed).maps, signed)
    signed[:, 0, 0] = -2
    np.testing.assert_array_equal(read(tmp_path, maps=signed).maps, signed)


def test_zeros_that_fill_up_a_matrix_are_no_spikes_in_python():
    padded = np.concatenate([TRAINS[0], np.zeros(30)])
    with pytest.raises(GridjaxError, match=r"30 of .* spikes of unit 0 are at exactly 0 s"):
        gj.rate_map(PATH, times_s=TIMES, spikes=[padded])


def test_columns_of_a_frame_are_found_by_name_in_python():
    frame = pd.DataFrame({"t": TIMES, "y": PATH[:, 1], "x": PATH[:, 0]}).convert_dtypes()
    frame.loc[5:9, "x"] = pd.NA
    lost = PATH.copy()
    lost[5:10] = np.nan
    expected = gj.rate_map(lost, times_s=TIMES, spikes=TRAINS).maps
    found = gj.rate_map(frame, times_s=frame["t"], spikes=TRAINS).maps
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(GridjaxError, match="name two of them x and y"):
        gj.rate_map(frame.rename(columns={"x": "left"}), times_s=TIMES, spikes=TRAINS)


def test_spikes_in_another_unit_than_the_path_are_questioned(tmp_path):
    arrays = {"positions": PATH, "times": TIMES, "spikes_a": TRAINS[0]}
    assert read(tmp_path, **arrays).remarks == ()
    session = read(tmp_path, **arrays | {"spikes_a": TRAINS[0] / 60})
    assert any("all spikes lie within " in remark for remark in session.remarks)


@pytest.mark.parametrize("name", ["spiketrain", "spike_train"])
def test_one_train_of_counts(name, tmp_path):
    session = read(tmp_path, **PATH_AND_TIMES, **{name: COUNTS[:, 0]})
    assert len(session.spikes_s[0]) == COUNTS[:, 0].sum()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"pos": PATH, "xy": 2 * PATH, "t": TIMES}, "several arrays of positions: pos, xy"),
        ({"pos": PATH, "t": TIMES, "ts": 2 * TIMES}, "several arrays of times: t, ts"),
    ],
)
def test_two_arrays_of_one_meaning_are_refused(arrays, words, tmp_path):
    with pytest.raises(GridjaxError, match=words):
        read(tmp_path, **arrays, spikes_a=TRAINS[0])
    named = arrays | PATH_AND_TIMES
    session = read(tmp_path, **named, spikes_a=TRAINS[0])
    np.testing.assert_array_equal(session.positions_m, PATH)
    assert any(each.endswith("not used") for each in session.remarks)
