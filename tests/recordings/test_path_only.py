"""Sessions read for their path alone: files with and without cells, in every kind of format."""

import numpy as np
import pandas as pd
import pytest

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import recording, refused, save_csv, save_npz

PATH, TIMES, SPIKES = recording(seconds=30)


def path_of(file, **options):
    """The one session of a file, read for its path."""
    (session,) = read_inputs([file], InputOptions(**options), path_only=True)
    return session


def npz(folder):
    np.savez(folder / "a.npz", positions=PATH, times=TIMES)
    return folder / "a.npz", {}


def csv(folder):
    path = save_csv(folder / "a.csv", PATH, TIMES, SPIKES)
    path.with_suffix(".spikes.csv").unlink()
    return path, {}


def deeplabcut(folder):
    columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
    columns.names = ["scorer", "bodyparts", "coords"]
    values = np.column_stack([100 * PATH, np.ones(len(PATH))])
    pd.DataFrame(values, columns=columns).to_csv(folder / "a.csv")
    return folder / "a.csv", {"units": "cm", "fps": 20.0}


def pynapple(folder):
    arrays = {"t": TIMES, "d": PATH, "start": TIMES[:1], "end": TIMES[-1:]}
    np.savez(folder / "a.npz", type="TsdFrame", columns=["x", "y"], **arrays)
    return folder / "a.npz", {}


def nwb(folder):
    pytest.importorskip("pynwb")
    from .test_nwb_files import save

    series = ("one", {"data": PATH, "timestamps": TIMES})
    return save(folder / "a.nwb", series, units=False), {}


@pytest.mark.parametrize(
    ("save", "words"),
    [
        (npz, "has no spikes"),
        (csv, "has no spikes"),
        (deeplabcut, "a track without spikes"),
        (pynapple, "a path without spikes"),
        (nwb, "has no units table"),
    ],
)
def test_a_file_without_cells_is_a_path(save, words, tmp_path):
    file, options = save(tmp_path)
    assert words in refused(file, **options)  # gridjax score needs cells
    session = path_of(file, **options)
    assert (session.cells, session.spikes_s, session.activity) == ((), (), None)
    np.testing.assert_allclose(session.positions_m, PATH, atol=1e-12)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-12)


def test_cells_change_nothing_of_the_path(tmp_path):
    alone = path_of(npz(tmp_path)[0])
    # activity of its own clock gives the samples of a scored session, and spikes suggest its unit
    frames = np.arange(0, 29, 0.5)
    save_npz(tmp_path / "spikes.npz", PATH, TIMES, {"a": 1000 * SPIKES["grid"]})
    save_csv(tmp_path / "b.csv", PATH, TIMES, {})
    (tmp_path / "b.spikes.csv").unlink()
    table = pd.DataFrame({"t": frames, "a": np.sin(frames)})
    table.to_csv(tmp_path / "b.activity.csv", index=False)
    (scored,) = read_inputs([tmp_path / "b.csv"])
    assert len(scored.times_s) == len(frames)
    for name in ("spikes.npz", "b.csv"):
        session = path_of(tmp_path / name)
        assert session.cells == ()
        np.testing.assert_array_equal(session.positions_m, alone.positions_m)
        np.testing.assert_array_equal(session.times_s, alone.times_s)


def test_a_path_alone_is_checked_and_is_not_scored(tmp_path):
    file, _ = npz(tmp_path)
    with pytest.raises(GridjaxError, match="has no cells: only its path was read"):
        score_inputs([path_of(file)], ScoreOptions())
    np.savez(tmp_path / "back.npz", positions=PATH, times=TIMES[::-1])
    with pytest.raises(GridjaxError, match="times go back"):
        path_of(tmp_path / "back.npz")
    np.save(tmp_path / "maps.npy", np.ones((2, 9, 9)))
    with pytest.raises(GridjaxError, match="holds maps and no path"):
        path_of(tmp_path / "maps.npy")


@pytest.mark.parametrize("option", [{"spikes": "b.npz"}, {"cells": ("a",)}, {"activity": "dff"}])
def test_options_of_cells_are_refused(option, tmp_path):
    file, _ = npz(tmp_path)
    (name,) = option
    with pytest.raises(GridjaxError, match=f"{name} would have no effect with path_only"):
        path_of(file, **option)
