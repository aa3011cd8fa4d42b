"""Tables whose rows belong to several tetrodes, animals or sessions."""

import numpy as np
import pandas as pd
import pytest

from .sessions import read, recording, refused

PATH, TIMES, SPIKES = recording(seconds=60)
TRAIN = SPIKES["grid"]
ODD = 1 + np.arange(len(TRAIN)) % 2


def save(folder, ending, path=None, spikes=None):
    """Write tables of a path and of the spikes of cell 1; arguments add or replace columns."""
    tables = {
        "a": {"t": TIMES, "x": PATH[:, 0], "y": PATH[:, 1]} | (path or {}),
        "a.spikes": {"t": TRAIN, "cell": 1} | (spikes or {}),
    }
    for name, columns in tables.items():
        frame = pd.DataFrame(columns)
        if ending == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{name}.parquet")
    return folder / f"a.{ending}"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("column", ["tetrode", "Shank", "animal"])
def test_a_number_that_stands_for_several_cells_is_refused(column, ending, tmp_path):
    message = refused(save(tmp_path, ending, spikes={column: ODD}))
    assert f"cell 1 has spikes of 2 values of {column.lower()}" in message
    one_each = {column: ODD, "cell": 3 * ODD}
    assert read(save(tmp_path, ending, spikes=one_each)).cells == ("3", "6")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_empty_values_and_floats_divide_rows_too(ending, tmp_path):
    some = np.where(np.arange(len(TRAIN)) < 5, np.nan, ODD)
    message = refused(save(tmp_path, ending, spikes={"tetrode": some}))
    assert "cell 1 has spikes of 2 values of tetrode" in message
    # an empty value is not another tetrode
    one = np.where(np.arange(len(TRAIN)) < 5, np.nan, 1.0)
    assert read(save(tmp_path, ending, spikes={"tetrode": one})).cells == ("1",)
    epoch = np.where(TIMES > 30, 2.0, np.nan)
    (line,) = read(save(tmp_path, ending, {"epoch": epoch}, {"tetrode": 1})).remarks
    assert line.startswith("the column epoch has 1 value and rows without one: all rows are scored")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_sessions_of_a_path_are_told(ending, tmp_path):
    later = (TIMES > 30).astype(int)
    session = read(save(tmp_path, ending, {"session": later}))
    line = "the column session has 2 values: all rows are scored as one session"
    assert session.remarks == (f"{line}; --time START:STOP chooses a part",)
    part = read(tmp_path / f"a.{ending}", windows_s=((31.0, None),))
    assert [remark[:10] for remark in part.remarks] == ["--time 31:"]
    assert not read(save(tmp_path, ending, {"session": 7, "trial": later})).remarks


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_sessions_of_spikes_are_told(ending, tmp_path):
    """Spikes of another session, whose clock begins anew, would be those of this path."""
    (line,) = read(save(tmp_path, ending, {"session": 1}, {"session": ODD})).remarks
    assert line.startswith("the column session of the spikes has 2 values: all spikes are used")
    part = read(tmp_path / f"a.{ending}", windows_s=((31.0, None),))
    assert [remark[:10] for remark in part.remarks] == ["--time 31:"]
    assert not read(save(tmp_path, ending, {"session": 1}, {"session": 1})).remarks


def test_tracks_of_several_animals_in_turn_are_refused(tmp_path):
    two = np.repeat(TIMES, 2)
    x, y = np.stack([PATH, PATH[::-1]], axis=1).reshape(-1, 2).T
    message = refused(save(tmp_path, "csv", {"t": two, "x": x, "y": y}))
    assert "a.csv:3: 1,200 samples of 2,400 have the time of the sample before, and a" in message
    assert "tracks of several animals or body parts" in message
    # a coarse clock repeats times, too, and each sample is near the one before
    session = read(save(tmp_path, "csv", {"t": np.floor(TIMES)}))
    assert "the clock is coarse" in session.remarks[0]


def test_corners_of_boxes_are_not_x_in_minutes(tmp_path):
    corners = {"x_min": 100 * PATH[:, 0], "y_min": 100 * PATH[:, 1], "x_max": 1, "y_max": 1}
    path = save(tmp_path, "csv")
    pd.DataFrame({"t_min": TIMES} | corners).to_csv(path, index=False)
    assert "name the columns t,x,y" in refused(path, units="cm")
