"""Spikes from another file than the path, and the choice of cells."""

import numpy as np
import pytest
from scipy.io import savemat

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions, read_names
from gridjax.recordings.readers import read_inputs

from .sessions import recording, save_csv, save_npz

PATH, TIMES, SPIKES = recording(seconds=60)
HEARD = {cell: train for cell, train in SPIKES.items() if len(train)}


def refused(*names, **options):
    with pytest.raises(GridjaxError) as caught:
        read_inputs(names, InputOptions(**options))
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path):
    np.savez(tmp_path / "path.npz", positions=PATH, times=TIMES)
    save_npz(tmp_path / "spikes.npz", PATH[:5], TIMES[:5], HEARD)
    save_csv(tmp_path / "other.csv", PATH[::-1], TIMES, HEARD)
    np.savez(
        tmp_path / "flat.npz",
        spike_times=np.concatenate(list(HEARD.values())),
        spike_cells=np.repeat(list(HEARD), list(map(len, HEARD.values()))),
    )
    savemat(tmp_path / "spikes.mat", {f"spikes_{cell}": train for cell, train in HEARD.items()})
    return tmp_path


@pytest.mark.parametrize("source", ["spikes.npz", "flat.npz", "other.spikes.csv", "spikes.mat"])
def test_a_path_and_spikes_of_two_files_are_a_session(folder, source):
    for path in ("path.npz", "other.csv"):
        options = InputOptions(spikes=str(folder / source))
        (session,) = read_inputs([folder / path], options)
        np.testing.assert_array_equal(session.positions_m, PATH if path[0] == "p" else PATH[::-1])
        assert session.cells == tuple(sorted(HEARD, key=len))
        for cell, train in zip(session.cells, session.spikes_s, strict=True):
            np.testing.assert_array_equal(train, SPIKES[cell])
        assert session.remarks[-1].startswith(f"spikes from {folder / source}; their times")


def test_the_spikes_of_the_input_are_counted_when_others_take_their_place(folder):
    options = InputOptions(spikes=str(folder / "flat.npz"), cells=("grid",))
    save_npz(folder / "whole.npz", PATH, TIMES, {"a": SPIKES["grid"][:9], "b": [1.0]})
    (session,) = read_inputs([folder / "whole.npz"], options)
    assert session.cells == ("grid",)
    assert session.remarks[0] == "2 cells of the input not used: --spikes replaces them"


def test_spikes_that_cannot_be_are_refused(folder):
    spikes = {name: str(folder / name) for name in ("path.npz", "nowhere.npz", "a.npy", "a.pkl")}
    np.save(folder / "a.npy", TIMES)
    (folder / "a.pkl").write_bytes(b"")
    one = folder / "path.npz"
    assert "holds positions, times, and no spikes" in refused(one, spikes=spikes["path.npz"])
    assert "no such file" in refused(one, spikes=spikes["nowhere.npz"])
    assert "holds no spikes" in refused(one, spikes=spikes["a.npy"])
    assert "pickle: Python objects are never" in refused(one, spikes=spikes["a.pkl"])
    assert "docs/howto/formats.md#pickled-archives" in refused(folder / "a.pkl")
    both = refused(one, folder / "other.csv", spikes=spikes["a.npy"])
    assert "is given with 2 inputs" in both
    assert "has no spikes" in refused(one)
    np.savez(folder / "late.npz", spikes_a=TIMES + 500)
    assert "outside the session" in refused(one, spikes=str(folder / "late.npz"))


def test_options_without_effect_are_refused(folder):
    np.save(folder / "maps.npy", np.zeros((9, 9)))
    message = refused(folder / "maps.npy", spikes=str(folder / "flat.npz"))
    assert "holds maps, but --spikes applies to sessions only" in message
    for name in ("path.npz", "other.csv", "spikes.mat"):
        message = refused(folder / name, spikes=str(folder / "flat.npz"), fps=25.0, series="a")
        assert "--series, --fps would have no effect" in message


def test_cells_are_chosen_by_name(folder):
    (session,) = read_inputs([folder / "other.csv"], InputOptions(cells=("anywhere",)))
    assert session.cells == ("anywhere",)
    message = refused(folder / "other.csv", cells=("grid", "mystery"))
    assert "--cells: no cell mystery" in message
    assert "choose from anywhere, grid" in message
    np.save(folder / "maps.npy", np.zeros((9, 9)))
    assert "--cells applies to sessions only" in refused(folder / "maps.npy", cells=("0",))
    useless = refused(folder / "maps.npy", units="cm", lost=(0.0, 0.0))
    assert "holds maps, but --units, --lost apply to sessions only" in useless
    activity = np.random.default_rng(0).normal(size=(len(TIMES), 4))
    np.savez(folder / "a.npz", positions=PATH, times=TIMES, activity=activity)
    (session,) = read_inputs([folder / "a.npz"], InputOptions(cells=("2", "0")))
    assert session.cells == ("2", "0")
    np.testing.assert_array_equal(session.activity, activity[:, [2, 0]])
    assert read_names("a, b") == ("a", "b")
    for text in ("", "a,,b", "a,a"):
        with pytest.raises(GridjaxError, match="--cells is"):
            read_names(text)
