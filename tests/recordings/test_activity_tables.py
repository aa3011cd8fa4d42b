"""Activity in CSV and Parquet tables: one column for each cell, beside the path or on its own."""

import numpy as np
import pandas as pd
import pytest

from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import read, recording, refused

PATH, TIMES, SPIKES = recording(seconds=60)
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(len(TIMES), 3))
FRAMES = np.arange(0.1, 59, 0.1)
SLOW = RNG.normal(size=(len(FRAMES), 3))
ENDINGS = ("csv", "parquet")


def save(folder, name, ending, columns):
    """Write a table; a column of the name '' has no name."""
    path = folder / f"{name}.{ending}"
    frame = pd.DataFrame(dict(enumerate(columns.values())))
    frame.columns = list(columns)
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def path_table(folder, ending, **more):
    columns = {"t": TIMES, "x": PATH[:, 0], "y": PATH[:, 1], "speed": 0.1}
    return save(folder, "rat", ending, columns | more)


def cells(values, names=("A", "cell 2", "7")):
    return dict(zip(names, values.T, strict=True))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_of_activity_beside_the_path_has_a_clock_of_its_own(ending, tmp_path):
    path = path_table(tmp_path, ending)
    columns = {"frame": np.arange(len(FRAMES)), "time (s)": FRAMES} | cells(SLOW)
    save(tmp_path, "rat.activity", ending, columns)
    (session,) = read_inputs([tmp_path / f"*.{ending}"])
    assert session.cells == ("A", "cell 2", "7")
    np.testing.assert_array_equal(session.activity, SLOW)
    np.testing.assert_array_equal(session.times_s, FRAMES)
    assert "columns that are no cells, not read: frame" in session.remarks
    assert read(path, cells=("7",)).cells == ("7",)
    scored = table(score_inputs([session], ScoreOptions(n_bins=20, shuffles=3, min_shift_s=5)))
    assert scored["cell"].tolist() == ["A", "cell 2", "7"]
    assert scored["n_spikes"].isna().all()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_without_times_has_one_row_for_each_sample(ending, tmp_path):
    path = path_table(tmp_path, ending)
    save(tmp_path, "rat.activity", ending, cells(VALUES))
    session = read(path)
    np.testing.assert_array_equal(session.activity, VALUES)
    np.testing.assert_array_equal(session.positions_m, PATH)
    words = "activity without a column t: one row for each sample of the path"
    assert words in session.remarks
    save(tmp_path, "rat.activity", ending, cells(VALUES[:-1]))
    assert "1,199 rows of activity for 1,200 samples of the path" in refused(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_of_the_path_with_names_of_cells_are_activity(ending, tmp_path):
    names = ("activity_A", "cell 2", "7")
    path = path_table(tmp_path, ending, **cells(VALUES, names))
    session = read(path)
    assert session.cells == ("A", "cell 2", "7")
    np.testing.assert_array_equal(session.activity, VALUES)
    assert "columns that are no cells, not read: speed" in session.remarks
    spikes = {"t": SPIKES["grid"], "cell": ["g"] * len(SPIKES["grid"])}
    save(tmp_path, "rat.spikes", ending, spikes)
    session = read(path)
    assert session.cells == ("g",)
    assert session.activity is None
    words = f"3 columns of activity not used: {tmp_path / 'rat.spikes'}.{ending} gives the cells"
    assert words in session.remarks
    save(tmp_path, "rat.activity", ending, cells(SLOW))
    assert "has spikes and activity" in refused(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_another_table_of_activity(ending, tmp_path):
    path = path_table(tmp_path, ending)
    names = ("roi0", "roi1", "roi2")
    other = save(tmp_path, "calcium", ending, {"t": FRAMES} | cells(SLOW, names))
    session = read(path, spikes=str(other))
    assert session.cells == names
    np.testing.assert_array_equal(session.activity, SLOW)
    # without names of cells it may be anything
    other = save(tmp_path, "others", ending, {"t": FRAMES} | cells(SLOW, ("A", "B", "C")))
    assert "t,cell" in refused(path, spikes=str(other)).replace("t, cell", "t,cell")


def test_columns_that_cannot_be_told_apart_are_refused(tmp_path):
    path = path_table(tmp_path, "csv")
    activity = tmp_path / "rat.activity.csv"
    for names, words in (
        (("A", "B", "A"), "2 columns of activity have the name 'A'"),
        (("A", "activity_A", "B"), "2 columns of activity have the name 'A'"),
        (("A", "", ""), "2 columns of activity have no name"),
        (("0.13", "1.5", "-0.2"), "the first line holds the number 0.13"),
        (("A", "\x07", "B"), "holds control characters"),
    ):
        save(tmp_path, "rat.activity", "csv", {"t": TIMES})
        rows = [",".join(["t", *names]), *(f"{t},1,2,3" for t in TIMES)]
        activity.write_text("\n".join(rows))
        assert words in refused(path), names
    save(tmp_path, "rat.activity", "csv", {"t": TIMES, "x": TIMES})
    assert "has no columns of cells" in refused(path)
    activity.unlink()
    message = refused(path)
    assert "rat.spikes.csv does not exist" in message
    assert f"{activity}, with a column for each cell" in message


def test_texts_and_missing_numbers_of_activity(tmp_path):
    path = path_table(tmp_path, "csv")
    values = VALUES.astype(object)
    values[[5, 9], 1] = ""
    save(tmp_path, "rat.activity", "csv", {"t": TIMES} | cells(values))
    session = read(path)
    kept = ~np.isin(np.arange(len(TIMES)), (5, 9))
    np.testing.assert_allclose(session.activity, VALUES[kept])
    np.testing.assert_array_equal(session.times_s, TIMES[kept])
    np.testing.assert_array_equal(session.positions_m, PATH[kept])
    words = "2 of 1,200 frames in which the activity of a cell is NaN or infinite, left out"
    assert any(remark.startswith(words) for remark in session.remarks)
    values[:, 1] = ""
    save(tmp_path, "rat.activity", "csv", {"t": TIMES} | cells(values))
    message = refused(path)
    assert "NaN or infinite in 1,200 of 1,200 frames; most often that of cell 2 (1,200)" in message
    assert read(path, cells=("A", "7")).activity.shape == (1200, 2)
    values[3, 1] = "high"
    save(tmp_path, "rat.activity", "csv", {"t": TIMES} | cells(values))
    assert "rat.activity.csv:5:" in refused(path)
    assert "cell 2 is 'high'" in refused(path)


def test_repeated_samples_of_path_and_frames(tmp_path):
    path = save(
        tmp_path, "rat", "csv", {"t": np.append(TIMES, TIMES[-1]), "x": [*PATH[:, 0], 0.5],
                                 "y": [*PATH[:, 1], 0.5]},
    )  # fmt: skip
    columns = {"t": np.append(FRAMES, FRAMES[-1])} | cells(np.concatenate([SLOW, SLOW[-1:]]))
    save(tmp_path, "rat.activity", "csv", columns)
    session = read(path)
    np.testing.assert_allclose(session.activity, SLOW)
    assert any("1 frame of activity at the time of the one before" in r for r in session.remarks)
