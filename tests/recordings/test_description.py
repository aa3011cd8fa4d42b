"""`gridjax score --describe`: what files hold, how they would be read, and why they are refused."""

import sys

import numpy as np
import pytest
from scipy.io import savemat

from gridjax import cli

from .sessions import ideal_map, recording, save_csv, save_npz

PATH, TIMES, SPIKES = recording(seconds=60)


@pytest.fixture
def described(tmp_path, monkeypatch, capsys):
    """Describe files; return the exit code, the output and the complaint."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["gridjax", "score", *arguments, "--describe"])
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


def test_a_session_is_described_with_its_clock_gaps_and_cells(tmp_path, described):
    later = np.where(TIMES >= 30, TIMES + 100, TIMES)
    moved = {cell: np.where(train >= 30, train + 100, train) for cell, train in SPIKES.items()}
    path = 100 * PATH
    path[7] = np.nan
    save_npz(tmp_path / "a.npz", path, later, moved)
    code, printed, complaint = described("a.npz", "--units", "cm")
    assert (code, complaint) == (0, "")
    for words in (
        "a.npz: NumPy file\n  holds\n    positions: float64 [1200, 2]",
        "spikes_grid: float64 [155]",
        "1,200 samples from 0 to 159.95 s; the median interval is 50 ms (20 Hz)",
        "tracked: 60 s; 1 gap, 100 s in total; 1 sample without position",
        "arena: square, 100 by 100 cm; maps of 40 by 40 bins of 2.5 cm",
        "cells: 3 with spikes",
        f"grid: {len(SPIKES['grid']):,} spikes in tracked time, {len(SPIKES['grid']) / 60:.3g} Hz",
        "y from 9.67e-05 to 0.9995 m (--units cm)",
    ):
        assert words in printed, printed


def test_a_refused_file_is_described_with_the_reason(tmp_path, described):
    save_npz(tmp_path / "a.npz", 100 * PATH, TIMES, SPIKES)
    save_npz(tmp_path / "b.npz", PATH, TIMES[::-1], SPIKES)
    np.savez(tmp_path / "c.npz", x=PATH[:, 0])
    (tmp_path / "d.mat").write_bytes(b"no")
    code, printed, complaint = described("a.npz", "b.npz", "c.npz", "d.mat")
    assert (code, complaint) == (0, "")
    assert printed.count("  refused\n") == 4
    assert "give their unit: --units m, cm or mm" in printed
    assert "times go back by 0.05 s at sample 1" in printed
    assert "cannot be read as a MATLAB file" in printed
    assert "read as" not in printed.replace("read as a MATLAB", "")
    code, printed, complaint = described("nowhere.npz")
    assert (code, printed) == (2, "")
    assert "nowhere.npz: no such file" in complaint


def test_maps_activity_and_files_of_two_kinds_are_described(tmp_path, described):
    maps = np.stack([ideal_map(20, 7), ideal_map(20, 8)])
    maps[0, 0, 0] = np.nan
    savemat(tmp_path / "maps.mat", {"maps": np.moveaxis(maps, 0, -1)})
    activity = np.random.default_rng(0).uniform(2, 3, size=(len(TIMES), 25))
    activity[5, 1] = np.nan
    np.savez(tmp_path / "a.npz", positions=PATH, times=TIMES, activity=activity)
    save_csv(tmp_path / "b.csv", PATH, TIMES, SPIKES)
    code, printed, _ = described("maps.mat", "a.npz", "--width-cm", "50")
    assert code == 0
    for words in (
        "maps: float64 [20, 20, 2]",
        "2 maps of 20 bins along x by 20 along y, of 2.5 cm",
        "100 % of bins known",
        "the rows of maps are read as x",
        "cells: 25 with activity",
        "1: 2.00",
        "1 of 1,200 frames in which the activity of a cell is NaN",
        "and 5 more",
    ):
        assert words in printed, printed
    savemat(tmp_path / "spikes.mat", {"spikes": SPIKES["grid"]})
    code, printed, _ = described("b.csv", "--spikes", "spikes.mat", "--bin-cm", "5")
    assert code == 0
    assert "b.csv: columns t, x, y, 1,200 rows\n    spikes.mat: MATLAB file\n    spikes:" in printed
    assert "maps of 20 by 20 bins of 5 cm" in printed
    assert "cells: 1 with spikes" in printed


def test_nothing_is_scored(tmp_path, described, monkeypatch):
    def scored(*_):
        raise AssertionError

    monkeypatch.setattr("gridjax.recordings.score.score_inputs", scored)
    monkeypatch.setattr("gridjax.recordings.output.score_inputs", scored)
    np.save(tmp_path / "maps.npy", ideal_map(20, 7))
    code, printed, _ = described("maps.npy", "--shuffles", "1000", "--out", "s.parquet")
    assert code == 0
    assert "of unknown size (give --width-cm)" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["maps.npy"]
