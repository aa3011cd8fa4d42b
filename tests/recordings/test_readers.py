"""Reading maps and recordings: what was written is read, what is wrong is said, and where."""

import os
import pickle
import re
import zipfile

import numpy as np
import pytest

from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.session import Session, arena_shape

from .sessions import GOOD_CSV, changed, read, recording, refusal, save_csv, save_npz

PATH, TIMES, SPIKES = recording(seconds=30)


def assert_same(one, other):
    assert one.cells == other.cells
    np.testing.assert_array_equal(one.positions_m, other.positions_m)
    np.testing.assert_array_equal(one.times_s, other.times_s)
    for a, b in zip(one.spikes_s, other.spikes_s, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_form_of_a_session_reads_alike(tmp_path):
    heard = {cell: train for cell, train in SPIKES.items() if len(train)}
    save_npz(tmp_path / "a.npz", PATH, TIMES, heard)
    save_csv(tmp_path / "b.csv", PATH, TIMES, heard)
    cells = np.repeat(list(heard), [len(train) for train in heard.values()])
    flat, order = (
        np.concatenate(list(heard.values())),
        np.random.default_rng(0).permutation(len(cells)),
    )
    np.savez(
        tmp_path / "c.npz",
        positions=PATH,
        times=TIMES,
        spike_times=flat[order],
        spike_cells=cells[order],
    )
    # the pattern matches b.spikes.csv too, which is no input of its own
    one, two, three = read_inputs([tmp_path / "*"])
    assert isinstance(one, Session)
    assert one.cells == ("grid", "anywhere")
    np.testing.assert_array_equal(one.spikes_s[0], SPIKES["grid"])
    assert_same(one, two)
    assert_same(one, three)


def test_cells_come_in_the_order_of_their_numbers(tmp_path):
    save_npz(
        tmp_path / "a.npz", PATH, TIMES, {"10": [1.0], "2": [2.0], "T1C1": [3.0], "silent": []}
    )
    (session,) = read_inputs([tmp_path / "a.npz"])
    assert session.cells == ("2", "10", "T1C1", "silent")
    assert [len(train) for train in session.spikes_s] == [1, 1, 1, 0]


def test_centimetres_are_metres_and_lost_positions_are_counted(tmp_path):
    lost = 100 * PATH
    lost[5:8, 0], lost[9] = np.nan, np.inf
    save_npz(tmp_path / "a.npz", lost, TIMES, SPIKES)
    (session,) = read_inputs([tmp_path / "a.npz"], InputOptions(units="cm"))
    assert session.n_lost == 4
    np.testing.assert_allclose(session.positions_m[10:], PATH[10:], rtol=1e-15)
    assert np.isnan(session.positions_m[[5, 6, 7, 9]]).all()


def test_empty_fields_of_a_csv_are_lost_positions(tmp_path):
    save_csv(tmp_path / "a.csv", PATH, TIMES, SPIKES)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[3] = lines[3].split(",")[0] + ",,"
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (session,) = read_inputs([tmp_path / "a.csv"])
    assert session.n_lost == 1
    assert np.isnan(session.positions_m[2]).all()


@pytest.mark.parametrize("axes", ["xy", "yx"])
def test_shapes_that_do_not_tell_the_cells_are_told(axes, tmp_path):
    for shape, is_unclear in {(9, 9, 9): True, (12, 9, 20): True, (12, 9, 9): False}.items():
        np.save(tmp_path / "a.npy", np.random.default_rng(0).random(shape))
        remarks = read(tmp_path / "a.npy", axes=axes).remarks
        n, n_x, n_y = shape
        line = (
            f"shape {shape}: the first axis is read as the cells, {n} maps of {n_x} by {n_y} bins"
        )
        fix = "; if the last axis is the cells, give numpy.moveaxis(maps, -1, 0)"
        assert remarks == (line + fix,) * is_unclear


def test_maps_are_numbered_by_their_place(tmp_path):
    maps = np.random.default_rng(0).normal(size=(2, 3, 9, 9)).astype(np.float32)
    np.save(tmp_path / "a.npy", maps)
    np.savez(tmp_path / "b.npz", maps=maps, units=np.arange(6))
    np.savez(tmp_path / "c.npz", anything=maps[0, 0])
    first, second, third = read_inputs([tmp_path / "*.np?"])
    assert isinstance(first, MapSet)
    assert first.cells == second.cells == ("0,0", "0,1", "0,2", "1,0", "1,1", "1,2")
    np.testing.assert_array_equal(first.maps[4], maps[1, 1])
    np.testing.assert_array_equal(first.maps, second.maps)
    assert third.cells == ("0",)


def shape_of(positions):
    return arena_shape(Session("", (), positions, np.arange(len(positions)), ()))


def test_arenas_are_told_apart():
    rng = np.random.default_rng(1)
    square = rng.uniform(0, 1, (3000, 2))
    round_ = square[np.hypot(*(square - 0.5).T) < 0.5]
    triangle = square[square.sum(1) < 1]
    assert shape_of(square).kind == "square"
    assert shape_of(round_).kind == "circular"
    assert shape_of(triangle).kind == "irregular"
    long = shape_of(square * (1.5, 0.6) - 7)
    assert long.kind == "rectangular"
    assert long.width_cm == pytest.approx(150, abs=0.5)
    assert long.height_cm == pytest.approx(60, abs=0.5)
    assert shape_of(np.linspace(0, 1, 50)[:, None] * (1.0, 1.0)).kind == "irregular"


ARRAYS = {
    "cells last": (np.zeros((9, 9, 12)), r"12 maps of 9 by 9 bins\?"),
    "rectangles, cells last": (np.zeros((12, 9, 5)), r"5 maps of 12 by 9 bins\?"),
    "few axes": (np.zeros(9), r"shape \(9,\)"),
    "not square, complex": (np.zeros((2, 9, 10), complex), "complex128"),
    "a line": (np.zeros((2, 1, 300)), "300 bins"),
    "too small": (np.zeros((7, 7)), "7 bins"),
    "too large": (np.zeros((257, 257)), "257 bins"),
    "complex": (np.zeros((9, 9), complex), "complex128"),
    "strings": (np.full((9, 9), "1"), "<U1"),
    "objects": (np.full((9, 9), None), "never unpickled"),
    "dates": (np.zeros((9, 9), "datetime64[s]"), "datetime64"),
    "records": (np.zeros((9, 9), [("a", float)]), "'a'"),
    "spans of time": (np.zeros((9, 9), "m8[s]"), "timedelta64"),
    "bytes": (np.zeros((9, 9), "V8"), "V8"),
    "one number": (np.float64(3), r"shape \(\)"),
    "none": (np.zeros((0, 9, 9)), r"\(0, 9, 9\)"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_no_maps_are_refused(name, tmp_path):
    array, words = ARRAYS[name]
    np.save(tmp_path / "bare.npy", array)
    np.savez(tmp_path / "named.npz", maps=array)
    for file in ("bare.npy", "named.npz"):
        message = refusal(tmp_path / file)
        assert file in message
        assert re.search(words, message)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(tmp_path):
    (tmp_path / "a.npy").write_bytes(pickle.dumps(Bomb()))
    np.savez(tmp_path / "b.npz", maps=np.array([[Bomb()]], object))
    np.savez(
        tmp_path / "c.npz",
        positions=PATH,
        times=TIMES,
        spikes_a=np.array([[1.0], [2.0, 3.0]], object),
    )
    message = refusal(tmp_path / "*.np?")
    assert message.count("never unpickled") == 3
    assert "c.npz: spikes_a" in message


FILES = {
    "empty.npy": (b"", "empty.npy"),
    "text.npz": (b"hello", "text.npz"),
    "cut.npz": (b"PK\x03\x04" + 40 * b"\0", "cut.npz"),
    "huge.npy": (
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000, 1000), }".ljust(
            117
        )
        + b"\n",
        "huge.npy",
    ),
    "maps.mat": (b"", "cannot be read as a MATLAB file"),
    "maps.dat": (b"", "unknown file type (.dat)"),
    "maps.pkl": (b"", "never unpickled"),
    "noending": (b"", "unknown file type (no ending)"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_no_use_are_refused(name, tmp_path):
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_archives_of_anything_else_are_refused(tmp_path):
    for name, members in {"none": (), "text": ("maps",), "session": ("positions", "times")}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.npz", "w") as archive:
            for member in members:
                archive.writestr(member, "no array")
    message = refusal(tmp_path / "*.npz")
    for words in ("none.npz: holds nothing", "text.npz", "session.npz"):
        assert words in message


def test_names_that_no_terminal_can_print_are_refused(tmp_path):
    names = (b"bad\xff.npy", b"two\nlines.npy")
    for name in names:
        with (tmp_path / os.fsdecode(name)).open("wb") as file:
            np.save(file, np.zeros((9, 9)))
    # by a pattern, or by their name
    for given in ([tmp_path / "*.npy"], [tmp_path / os.fsdecode(name) for name in names]):
        message = refusal(*given)
        assert "the name is not UTF-8 text" in message
        assert "the name holds control characters" in message
        message.encode()
        assert "two\\nlines.npy" in message


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path):
    for name in ("pipe.npy", "pipe.csv"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "round.npy").symlink_to("round.npy")
    (tmp_path / "dangling.npy").symlink_to("nowhere.npy")
    (tmp_path / "folder.npz").mkdir()
    message = refusal(*sorted(tmp_path.iterdir()))
    assert message.count("is not a regular file") >= 2
    assert "folder.npz: is a folder" in message
    for name in ("pipe.npy", "pipe.csv", "round.npy", "dangling.npy"):
        assert f"{name}: " in message


def test_missing_files_folders_and_lone_spikes_are_refused_together(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.spikes.csv").write_text("t,cell\n1,2\n")
    too_long = "a/" * 3000 + "b.npy"
    message = refusal(
        tmp_path / "folder",
        tmp_path / "a.spikes.csv",
        "no.npz",
        "no*.npz",
        "\0",
        "",
        "[x",
        too_long,
    )
    assert message.count("no such file") == 6
    for words in ("is a folder", "a.csv; the cells", "no.npz: no such", "no*.npz: no such"):
        assert words in message


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    np.savez(tmp_path / "one.npz", **changed(positions=100 * PATH, times=TIMES[::-1]))
    np.savez(tmp_path / "two.npz", **changed(spikes_a=[-1.0], spikes_b=[500.0]))
    save_npz(tmp_path / "good.npz", PATH, TIMES, SPIKES)
    (tmp_path / "three.csv").write_text(GOOD_CSV.replace("\n3,", "\na,").replace("\n5,", "\nb,"))
    (tmp_path / "three.spikes.csv").write_text("t,cell\n1,A\n")
    message = refusal(*(tmp_path / name for name in ("*.npz", "three.csv")), "nowhere")
    for words in ("go back", "cell a", "1 other cell", ":5:1: t is 'a', the first of 2", "nowhere"):
        assert words in message
    assert "good.npz" not in message
