"""MATLAB files of both versions: usual variables, structs and cell arrays, and what is refused."""

import itertools
import sys

import numpy as np
import pytest
from scipy.io import savemat

from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.readers import read_inputs

from .sessions import ideal_map, recording, refusal

PATH, TIMES, SPIKES = recording(seconds=60)
TRAINS = [SPIKES["grid"], SPIKES["anywhere"], SPIKES["silent"]]


def save_73(path, variables):
    """Write variables as MATLAB's save -v7.3 does, with h5py: axes reversed, cells by reference."""
    h5py = pytest.importorskip("h5py")
    numbers = itertools.count()

    def put(file, group, name, value):
        if isinstance(value, dict):
            inner = group.create_group(name)
            inner.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, each in value.items():
                put(file, inner, field, each)
        elif isinstance(value, list):
            structs = isinstance(value[0], dict)
            if structs:
                inner = group.create_group(name)
                inner.attrs["MATLAB_class"] = np.bytes_("struct")
                for field in value[0]:
                    put_refs(file, inner, field, [each[field] for each in value])
            else:
                put_refs(file, group, name, value).attrs["MATLAB_class"] = np.bytes_("cell")
        elif isinstance(value, str):
            data = np.array([[ord(letter)] for letter in value], np.uint16)
            group.create_dataset(name, data=data).attrs["MATLAB_class"] = np.bytes_("char")
        else:
            array = np.asarray(value)
            kind = "logical" if array.dtype == bool else "double"
            stored = array.astype(np.uint8 if array.dtype == bool else float)
            if array.size == 0:
                item = group.create_dataset(name, data=np.array(array.shape, np.uint64))
                item.attrs["MATLAB_empty"] = np.uint8(1)
            else:
                item = group.create_dataset(name, data=stored.T)
            item.attrs["MATLAB_class"] = np.bytes_(kind)

    def put_refs(file, group, name, values):
        references = []
        for value in values:
            target = f"#refs#/{next(numbers)}"
            put(file, file, target, value)
            references.append(file[target].ref)
        data = np.array(references, h5py.ref_dtype).reshape(1, -1)
        return group.create_dataset(name, data=data, dtype=h5py.ref_dtype)

    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_group("#refs#")
        for name, value in variables.items():
            put(file, file, name, value)
    content = bytearray(path.read_bytes())
    header = b"MATLAB 7.3 MAT-file"
    content[: len(header)] = header
    path.write_bytes(content)


def save_5(path, variables):
    def plain(value):
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        if not isinstance(value, list):
            return value
        if isinstance(value[0], dict):
            structs = np.empty((1, len(value)), [(name, object) for name in value[0]])
            for at, each in enumerate(value):
                structs[0, at] = tuple(each.values())
            return structs
        cells = np.empty((1, len(value)), object)
        for at, each in enumerate(value):
            cells[0, at] = plain(each) if isinstance(each, list) else np.asarray(each)
        return cells

    savemat(path, {name: plain(value) for name, value in variables.items()})


def column(values):
    return np.asarray(values, float).reshape(-1, 1)


SAVERS = pytest.mark.parametrize("save", [save_5, save_73])
SESSIONS = {
    "columns": {
        "posx": column(PATH[:, 0]),
        "posy": column(PATH[:, 1]),
        "post": column(TIMES),
        "posx2": column(PATH[:, 0] + 1),
        "spikes": [column(train) for train in TRAINS],
    },
    "structs": {
        "tracking": {"position": {"x": column(PATH[:, 0]), "y": PATH[:, 1]}, "time": TIMES},
        "units": [
            {"id": np.array([[at + 1.0]]), "spike_times": column(train)}
            for at, train in enumerate(TRAINS)
        ],
        "lfp": {"time": np.arange(9.0) / 1000},
    },
    "cells of a struct": {
        "pos": PATH.T,
        "t": TIMES,
        "animal": "rat 12",
        "spikes": {"times": [train.reshape(1, -1) for train in TRAINS], "UID": np.arange(3.0)},
    },
    "clusters": {
        "position": PATH,
        "timestamps": column(TIMES),
        "spike_times": column(np.concatenate(TRAINS)),
        "spike_clusters": column(np.repeat([1, 2, 3], list(map(len, TRAINS)))).astype(np.int32),
    },
}


@SAVERS
@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_of_matlab_are_read_to_the_bit(save, name, tmp_path):
    variables = SESSIONS[name]
    save(tmp_path / "rat.mat", variables)
    (session,) = read_inputs([tmp_path / "rat.mat"])
    assert session.cells == (("1", "2") if name == "clusters" else ("1", "2", "3"))
    np.testing.assert_array_equal(session.positions_m, PATH)
    np.testing.assert_array_equal(session.times_s, TIMES)
    for train, expected in zip(session.spikes_s, TRAINS, strict=False):
        np.testing.assert_array_equal(train, expected)
    unused = {"columns": "posx2", "structs": "lfp.time", "cells of a struct": "spikes.UID"}
    assert session.remarks == ((f"{unused[name]} not used",) if name in unused else ())


@SAVERS
def test_logical_rasters_are_counts(save, tmp_path):
    bins = np.append(TIMES, TIMES[-1] + 0.05)
    raster = np.histogram(SPIKES["grid"], bins)[0] > 0
    save(tmp_path / "a.mat", {"x": PATH[:, 0], "y": PATH[:, 1], "t": TIMES, "spikes_7": raster})
    (session,) = read_inputs([tmp_path / "a.mat"])
    assert len(session.spikes_s[0]) == raster.sum()
    assert "read as counts" in session.remarks[0]


@SAVERS
def test_maps_have_their_cells_last_or_in_a_cell_array(save, tmp_path):
    maps = np.stack([ideal_map(20, period) for period in (6, 7, 8)])
    maps[:, 3, 5] = np.nan
    forms = {"a": np.moveaxis(maps, 0, -1), "b": maps, "c": list(maps)}
    for name, value in forms.items():
        save(tmp_path / f"{name}.mat", {"rate_maps": value})
    for read in read_inputs([tmp_path / "*.mat"]):
        assert isinstance(read, MapSet)
        np.testing.assert_array_equal(read.maps, maps)
        assert "the rows of rate_maps are read as x" in read.remarks[0]
    assert read_inputs([tmp_path / "a.mat"])[0].cells == ("1", "2", "3")
    (turned,) = read_inputs([tmp_path / "a.mat"], InputOptions(axes="yx"))
    np.testing.assert_array_equal(turned.maps, np.swapaxes(maps, 1, 2))
    assert not turned.remarks
    save(tmp_path / "d.mat", {"maps": np.zeros((9, 9, 9))})
    assert "the axis of the cells is not clear" in refusal(tmp_path / "d.mat")


@SAVERS
def test_cells_within_cells(save, tmp_path):
    path = {"posx": column(PATH[:, 0]), "posy": column(PATH[:, 1]), "post": column(TIMES)}
    first, second = map(column, TRAINS[:2])
    for spikes, cells in (
        ([[first], [second]], ("1", "2")),
        ([[[first]], [[second]]], ("1", "2")),
        ([[first, second], [first]], ("1_1", "1_2", "2_1")),
        ([[first, second], second], ("1_1", "1_2", "2")),
    ):
        save(tmp_path / "a.mat", path | {"spikes": spikes})
        (session,) = read_inputs([tmp_path / "a.mat"])
        assert sorted(session.cells) == sorted(cells)
        train = session.spikes_s[session.cells.index(cells[0])]
        np.testing.assert_array_equal(train, TRAINS[0])


@SAVERS
def test_the_cells_of_rectangular_maps(save, tmp_path):
    rectangles = np.random.default_rng(0).random((12, 9, 5))
    save(tmp_path / "a.mat", {"maps": rectangles})
    (few,) = read_inputs([tmp_path / "a.mat"])
    assert (len(few.cells), few.n_x, few.n_y) == (5, 12, 9)
    np.testing.assert_array_equal(few.maps[:, :, 1:10], np.moveaxis(rectangles, -1, 0))
    save(tmp_path / "b.mat", {"maps": np.random.default_rng(0).random((12, 9, 20))})
    assert "the axis of the cells is not clear" in refusal(tmp_path / "b.mat")


@SAVERS
def test_a_struct_of_one_unit_is_one_cell(save, tmp_path):
    path = {"x": PATH[:, 0], "y": PATH[:, 1], "t": TIMES}
    unit = {"id": np.array([[7.0]]), "spike_times": column(TRAINS[0])}
    save(tmp_path / "a.mat", path | {"units": unit})
    (session,) = read_inputs([tmp_path / "a.mat"])
    assert session.cells == ("7",)
    np.testing.assert_array_equal(session.spikes_s[0], TRAINS[0])
    # clusters under an unknown name: the spikes of several cells are no single cell
    save(tmp_path / "b.mat", path | {"units": unit | {"clu": column(TRAINS[0] > 30)}})
    assert "has no spike_cells" in refusal(tmp_path / "b.mat")


def test_complex_numbers_are_refused_and_not_made_real(tmp_path):
    save_5(tmp_path / "a.mat", {"maps": np.full((9, 9), 1 + 2j)})
    assert "complex128" in refusal(tmp_path / "a.mat")
    path = {"x": PATH[:, 0], "y": PATH[:, 1], "t": TIMES, "spikes": TRAINS}
    save_5(tmp_path / "b.mat", path | {"spectrum": {"values": np.full(5, 1j)}})
    (session,) = read_inputs([tmp_path / "b.mat"])
    assert len(session.cells) == 3


REFUSED = {
    "nothing": ({"note": "empty"}, "holds note, and neither maps nor a path"),
    "no spikes": ({"x": PATH[:, 0], "y": PATH[:, 1], "t": TIMES}, "has no spikes"),
    "two paths": (
        {"a": {"x": TIMES}, "b": {"x": TIMES}, "t": TIMES},
        "several variables of x: a.x, b.x",
    ),
    "two sets of spikes": (
        {"pos": PATH, "t": TIMES, "spikes": TRAINS[:2], "units": TRAINS[:2]},
        "several variables of spikes: spikes, units",
    ),
    "ragged maps": ({"maps": [np.zeros((9, 9)), np.zeros((9, 8))]}, "cells of different shapes"),
    "both": ({"maps": np.zeros((9, 9)), "pos": PATH, "t": TIMES}, "and also a session"),
}


@SAVERS
@pytest.mark.parametrize("name", REFUSED)
def test_files_without_one_meaning_are_refused(save, name, tmp_path):
    variables, words = REFUSED[name]
    save(tmp_path / "rat.mat", variables)
    message = refusal(tmp_path / "rat.mat")
    assert words in message
    assert message.startswith(str(tmp_path / "rat.mat"))


def test_damaged_files_and_a_missing_library_are_one_message(tmp_path, monkeypatch):
    (tmp_path / "a.mat").write_bytes(b"")
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    (tmp_path / "c.mat").write_bytes(bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(99))
    for name in ("a", "b"):
        assert "cannot be read as a MATLAB file" in refusal(tmp_path / f"{name}.mat")
    monkeypatch.setitem(sys.modules, "h5py", None)
    message = refusal(tmp_path / "c.mat")
    assert "MATLAB files of version 7.3 need the package h5py" in message
    assert "pip install 'gridjax[labs]'" in message


@SAVERS
def test_a_train_of_counts_is_the_second_choice(save, tmp_path):
    counts = np.histogram(SPIKES["grid"], np.append(TIMES, TIMES[-1] + 0.05))[0]
    path = {"posx": PATH[:, 0], "posy": PATH[:, 1], "post": TIMES, "spiketrain": counts}
    save(tmp_path / "a.mat", path)
    (session,) = read_inputs([tmp_path / "a.mat"])
    assert len(session.spikes_s[0]) == counts.sum()
    save(tmp_path / "a.mat", path | {"cellTS": SPIKES["grid"]})
    (session,) = read_inputs([tmp_path / "a.mat"])
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])
    assert session.remarks == ("spiketrain not used",)
