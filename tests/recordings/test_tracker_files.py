"""Tracks of DeepLabCut and movement: body parts, likelihood, clocks, and spikes of another file."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import xarray

from gridjax.recordings.formats.pickled_text import plain_value

from .sessions import read, recording, refused

PATH, TIMES, SPIKES = recording(seconds=60)
FPS = 20.0
LIKELIHOOD = np.where(np.arange(len(PATH)) % 100 == 7, 0.3, 0.95)
PIXELS = {"units": "px", "px_per_cm": 4.0}


def table(individuals=("rat",), parts=("nose", "tail")):
    """A table of DeepLabCut: the tail follows the path, the nose is elsewhere."""
    heads, columns = [], []
    for at, individual in enumerate(individuals):
        for part in parts:
            track = 400 * PATH if part == "tail" else 400 * PATH[::-1]
            values = np.column_stack([track + at, LIKELIHOOD])
            for coordinate, column in zip(("x", "y", "likelihood"), values.T, strict=True):
                name = ("DLC_resnet50", individual, part, coordinate)
                heads.append(name if len(individuals) > 1 else (name[0], *name[2:]))
                columns.append(column)
    names = ["scorer", "individuals", "bodyparts", "coords"]
    if len(individuals) == 1:
        names.remove("individuals")
    index = pd.MultiIndex.from_tuples(heads, names=names)
    return pd.DataFrame(np.stack(columns, axis=1), columns=index)


def save_csv(path, frame):
    frame.to_csv(path)


def save_h5(path, frame):
    pytest.importorskip("tables")
    pytest.importorskip("h5py")
    frame.to_hdf(path, key="df_with_missing", format="table", mode="w")


SAVERS = pytest.mark.parametrize(
    ("save", "name"), [(save_csv, "a.csv"), (save_h5, "a.h5")], ids=["csv", "hdf5"]
)


@pytest.fixture
def spikes(tmp_path):
    path = tmp_path / "spikes.npz"
    np.savez(path, **{f"spikes_{cell}": train for cell, train in SPIKES.items()})
    return str(path)


@SAVERS
def test_a_body_part_and_the_spikes_of_another_file_are_a_session(save, name, tmp_path, spikes):
    save(tmp_path / name, table())
    options = PIXELS | {"spikes": spikes, "fps": FPS, "bodypart": "tail"}
    session = read(tmp_path / name, **options)
    lost = LIKELIHOOD < 0.6
    np.testing.assert_allclose(session.positions_m, np.where(lost[:, None], np.nan, PATH))
    np.testing.assert_allclose(session.times_s, TIMES)
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])
    assert session.remarks[:3] == (
        "positions of tail",
        "frame 0 is at 0 s (--start); 20 frames per second",
        "12 of 1,200 frames with a likelihood below 0.6 (--likelihood) count as lost",
    )
    every = read(tmp_path / name, **options, likelihood=0.2)
    np.testing.assert_allclose(every.positions_m, PATH)
    later = read(tmp_path / name, **options, start_s=0.5)
    np.testing.assert_allclose(later.times_s, TIMES + 0.5)


@SAVERS
def test_one_of_several_animals_is_named_with_its_body_part(save, name, tmp_path, spikes):
    save(tmp_path / name, table(individuals=("rat1", "rat2")))
    options = PIXELS | {"spikes": spikes, "fps": FPS}
    session = read(tmp_path / name, bodypart="rat2/tail", **options)
    np.testing.assert_allclose(session.positions_m[0], PATH[0] + 1 / 400)
    message = refused(tmp_path / name, **options)
    assert "4 body parts: rat1/nose, rat1/tail, rat2/nose, rat2/tail" in message
    assert "choose --bodypart from rat1/nose" in refused(
        tmp_path / name, bodypart="tail", **options
    )


@SAVERS
def test_what_a_tracker_does_not_know_is_asked_for(save, name, tmp_path, spikes):
    save(tmp_path / name, table(parts=("tail",)))
    message = refused(tmp_path / name)
    assert "has frames without times\n    give the frame rate, --fps N" in message
    assert "holds a track without spikes" in message
    assert "positions are in pixels" in refused(tmp_path / name, spikes=spikes, fps=FPS)
    assert read(tmp_path / name, spikes=spikes, fps=FPS, **PIXELS).n_lost == 12


TABLES = {
    "labels": ("\n0,", "\nimg001.png,", "the frame is 'img001.png'"),
    "a word": (",0.95", ",high", "a coordinate is 'high'"),
    "a field more": ("\n1,", "\n1,1,", "8 fields instead of 7"),
    "no coords": ("coords,", "columns,", "its first rows are not scorer, bodyparts, coords"),
    "no y": (",y,", ",z,", "nose has the columns x, z, likelihood"),
}


@pytest.mark.parametrize("name", TABLES)
def test_csv_files_of_another_kind_are_refused(name, tmp_path, spikes):
    old, new, words = TABLES[name]
    save_csv(tmp_path / "a.csv", table())
    text = (tmp_path / "a.csv").read_text()
    lines = text.replace(old, new) if name == "no y" else text.replace(old, new, 1)
    (tmp_path / "a.csv").write_text(lines)
    assert words in refused(tmp_path / "a.csv", spikes=spikes, fps=FPS)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_hdf5_files_are_read_without_unpickling(tmp_path, spikes):
    h5py = pytest.importorskip("h5py")
    save_h5(tmp_path / "a.h5", table())
    with h5py.File(tmp_path / "a.h5", "a") as file:
        attributes = file["df_with_missing/table"].attrs
        attributes["values_block_0_kind"] = np.bytes_(pickle.dumps([Bomb()], protocol=0))
    assert "its columns are not coordinates" in refused(tmp_path / "a.h5", spikes=spikes, fps=FPS)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["tracks"] = PATH
    assert "holds tracks, and no table df_with_missing" in refused(tmp_path / "b.h5")
    (tmp_path / "c.h5").write_bytes(b"no")
    assert "cannot be read by h5py" in refused(tmp_path / "c.h5")


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_decoded_and_nothing_else(protocol):
    names = [("DLC", "nose", "x"), ("DLC", "nose", "y"), ("DLC", "é", "x"), ()]
    assert plain_value(pickle.dumps(names, protocol)) == names
    assert plain_value(pickle.dumps([1, (2, None), 300, 70000], protocol)) == [
        1,
        (2, None),
        300,
        70000,
    ]
    for value in (Bomb(), [Bomb()], {"a": 1}, np.zeros(2), print):
        assert plain_value(pickle.dumps(value, protocol)) is None
    content = pickle.dumps(names, protocol)
    for end in range(len(content)):
        assert plain_value(content[:end]) is None


def movement_dataset(individuals=("rat",), fps=FPS, confidence=True):
    """A dataset as movement.io.load_poses.from_numpy makes it."""
    parts = ["nose", "tail"]
    each = np.stack([400 * PATH[::-1], 400 * PATH], axis=-1)
    position = np.stack([each + at for at in range(len(individuals))], axis=-1)
    shown = np.broadcast_to(LIKELIHOOD[:, None, None], (len(PATH), 2, len(individuals)))
    frames = np.arange(len(PATH))
    return xarray.Dataset(
        {
            "position": (("time", "space", "keypoints", "individuals"), position),
            "confidence": (
                ("time", "keypoints", "individuals"),
                shown if confidence else np.full(shown.shape, np.nan),
            ),
        },
        {
            "time": frames / fps if fps else frames,
            "space": ["x", "y"],
            "keypoints": parts,
            "individuals": list(individuals),
        },
        {"time_unit": "seconds" if fps else "frames", "ds_type": "poses"},
    )


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4", "scipy"])
def test_datasets_of_movement(engine, tmp_path, spikes):
    if engine != "scipy":
        pytest.importorskip("h5netcdf")
        pytest.importorskip({"netcdf4": "netCDF4"}.get(engine, engine))
    movement_dataset().to_netcdf(tmp_path / "a.nc", engine=engine)
    lost = LIKELIHOOD < 0.6
    session = read(tmp_path / "a.nc", spikes=spikes, bodypart="tail", **PIXELS)
    np.testing.assert_allclose(session.positions_m, np.where(lost[:, None], np.nan, PATH))
    np.testing.assert_allclose(session.times_s, TIMES)
    assert session.remarks[1].startswith("12 of 1,200 frames with a likelihood below 0.6")
    assert "2 body parts: nose, tail" in refused(tmp_path / "a.nc", spikes=spikes, **PIXELS)
    two = movement_dataset(("a", "b"), fps=None, confidence=False)
    two["position"] = two["position"].transpose("individuals", "time", "keypoints", "space") / 4
    two["position"].attrs["space_unit"] = "cm"
    two.to_netcdf(tmp_path / "b.nc", engine=engine)
    assert "has frames without times" in refused(tmp_path / "b.nc", spikes=spikes)
    session = read(tmp_path / "b.nc", spikes=spikes, fps=FPS, bodypart="b/tail")
    np.testing.assert_allclose(session.positions_m, PATH + 1 / 400)
    assert "positions in cm, as the file states" in session.remarks


def test_the_package_movement_itself(tmp_path, spikes):
    load_poses = pytest.importorskip("movement.io.load_poses")
    position = np.stack([400 * PATH[::-1], 400 * PATH], axis=-1)[..., None]
    dataset = load_poses.from_numpy(
        position, keypoint_names=["nose", "tail"], fps=FPS, source_software="test"
    )
    dataset.to_netcdf(tmp_path / "a.nc")
    session = read(tmp_path / "a.nc", spikes=spikes, bodypart="tail", **PIXELS)
    np.testing.assert_allclose(session.positions_m, PATH)
    np.testing.assert_allclose(session.times_s, TIMES)


def test_other_netcdf_files_and_missing_libraries_are_one_message(tmp_path, monkeypatch):
    changed = movement_dataset()
    del changed.attrs["time_unit"]
    changed.to_netcdf(tmp_path / "a.nc", engine="scipy")
    assert "its time_unit is ''" in refused(tmp_path / "a.nc")
    xarray.Dataset({"speed": ("time", TIMES)}).to_netcdf(tmp_path / "b.nc", engine="scipy")
    assert "holds speed: neither maps nor a track" in refused(tmp_path / "b.nc")
    (tmp_path / "c.nc").write_bytes(b"no")
    assert "cannot be read by xarray" in refused(tmp_path / "c.nc")
    (tmp_path / "d.nc").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "d.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    for module, file in (("h5netcdf", "d.nc"), ("h5py", "d.h5")):
        monkeypatch.setitem(sys.modules, module, None)
        message = refused(tmp_path / file)
        assert f"need the package {module}" in message
        assert "pip install 'gridjax[labs]'" in message
