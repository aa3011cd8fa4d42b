"""Files that pynapple saves: a path, spikes, activity, and what is not one of them."""

import numpy as np
import pytest

from .sessions import read, recording, refused, save_npz

PATH, TIMES, SPIKES = recording(seconds=60)
nap = pytest.importorskip("pynapple")


@pytest.fixture
def folder(tmp_path):
    nap.TsdFrame(TIMES, PATH, columns=["x", "y"]).save(str(tmp_path / "position.npz"))
    trains = {7: nap.Ts(SPIKES["grid"]), 9: nap.Ts(SPIKES["anywhere"]), 12: nap.Ts(np.array([]))}
    whole = nap.IntervalSet(TIMES[0], TIMES[-1])
    nap.TsGroup(trains, time_support=whole).save(str(tmp_path / "spikes.npz"))
    return tmp_path


def test_a_saved_path_and_group_are_a_session(folder):
    session = read(folder / "position.npz", spikes=str(folder / "spikes.npz"))
    np.testing.assert_allclose(session.positions_m, PATH)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-9)
    assert session.cells == ("7", "9", "12")
    # pynapple rounds times to nanoseconds
    kept = SPIKES["grid"][SPIKES["grid"] <= TIMES[-1]]
    np.testing.assert_allclose(session.spikes_s[0], kept, atol=1e-9)
    assert len(session.spikes_s[2]) == 0
    assert session.remarks[0] == "column 0 is read as x, column 1 as y"


def test_epochs_are_gaps_of_the_clock(folder):
    epochs = nap.IntervalSet([0, 30], [20, 60])
    frame = nap.TsdFrame(TIMES, PATH, columns=["x", "y"]).restrict(epochs)
    frame.save(str(folder / "epochs.npz"))
    session = read(folder / "epochs.npz", spikes=str(folder / "spikes.npz"))
    assert np.diff(session.times_s).max() == pytest.approx(10)


def test_paths_of_other_programs_take_spikes_of_pynapple(folder):
    save_npz(folder / "rat.npz", PATH, TIMES, {"a": [1.0]})
    assert read(folder / "rat.npz", spikes=str(folder / "spikes.npz")).cells == ("7", "9", "12")
    nap.Ts(SPIKES["grid"]).save(str(folder / "one.npz"))
    assert read(folder / "rat.npz", spikes=str(folder / "one.npz")).cells == ("one",)


def test_activity_has_a_clock_of_its_own(folder):
    """Activity at every fourth sample of the path is at the positions of these samples."""
    values = np.random.default_rng(0).normal(size=(len(TIMES), 3))
    nap.TsdFrame(TIMES[::4], values[::4]).save(str(folder / "calcium.npz"))
    session = read(folder / "position.npz", spikes=str(folder / "calcium.npz"))
    np.testing.assert_allclose(session.activity, values[::4])
    np.testing.assert_allclose(session.positions_m, PATH[::4])
    nap.Tsd(TIMES, values[:, 0]).save(str(folder / "one.npz"))
    session = read(folder / "position.npz", spikes=str(folder / "one.npz"))
    np.testing.assert_allclose(session.activity, values[:, :1])


def test_objects_of_another_kind_are_refused(folder):
    spikes = str(folder / "spikes.npz")
    assert "is a TsGroup of pynapple, not a path" in refused(folder / "spikes.npz")
    assert "holds a path without spikes" in refused(folder / "position.npz")
    nap.IntervalSet([0], [1]).save(str(folder / "epochs.npz"))
    assert "is a IntervalSet of pynapple, not spikes" in refused(
        folder / "position.npz", spikes=str(folder / "epochs.npz")
    )
    nap.TsdFrame(TIMES, np.column_stack([PATH, TIMES])).save(str(folder / "three.npz"))
    assert "has 3 columns" in refused(folder / "three.npz", spikes=spikes)
    with np.load(folder / "position.npz") as archive:
        shortened = {name: archive[name] for name in ("t", "d", "start", "end", "type")}
    np.savez(folder / "short.npz", **(shortened | {"t": TIMES[:-1]}))
    assert "is not a valid TsdFrame of pynapple" in refused(folder / "short.npz", spikes=spikes)
