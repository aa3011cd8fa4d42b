"""NWB files, written by pynwb: units, conversion, offset, clocks, and choices among series."""

import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from .sessions import read, recording, refused, save_npz

PATH, TIMES, SPIKES = recording(seconds=60)
ROUNDED = np.round(PATH * 1000)  # millimetres, as whole numbers


def save(path, *series, units=True, quality=None, compass=False):
    """Write spatial series (name, options) and the cells of the recording."""
    pynwb = pytest.importorskip("pynwb")
    from pynwb.behavior import CompassDirection, Position, SpatialSeries

    start = datetime(2020, 1, 1, tzinfo=UTC)
    file = pynwb.NWBFile("a session", "one", start)
    module = file.create_processing_module("behavior", "tracking")
    position = Position()
    module.add(position)
    for name, options in series:
        whole = {"reference_frame": "corner", "timestamps": TIMES, "data": PATH} | options
        if "rate" in whole:
            del whole["timestamps"]
        position.add_spatial_series(SpatialSeries(name=name, **whole))
    if compass:
        heading = SpatialSeries(
            name="heading", data=np.stack([TIMES, TIMES], 1), timestamps=TIMES, unit="radians",
            reference_frame="north",
        )  # fmt: skip
        module.add(CompassDirection(spatial_series=heading))
    if units:
        if quality:
            file.add_unit_column("quality", "of the cluster")
        for at, train in enumerate(SPIKES.values()):
            more = {"quality": quality[at]} if quality else {}
            file.add_unit(id=10 + at, spike_times=train, **more)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


SERIES = {
    "metres": {},
    "millimetres by a factor": {"data": ROUNDED.astype(np.int16), "conversion": 0.001},
    "centimetres": {"data": 100 * PATH, "unit": "centimeters"},
    "an offset": {"data": 200 * (PATH - 0.25), "conversion": 0.005, "offset": 0.25},
    "a rate": {"rate": 20.0, "starting_time": 0.0},
    "three columns": {"data": np.column_stack([PATH, TIMES])},
}


@pytest.mark.parametrize("name", SERIES)
def test_positions_are_in_metres_whatever_the_series_stores(name, tmp_path):
    session = read(save(tmp_path / "a.nwb", ("SpatialSeries", SERIES[name]), compass=True))
    tolerance = 0.5e-3 if "milli" in name else 1e-12
    np.testing.assert_allclose(session.positions_m, PATH, atol=tolerance)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-9)
    assert session.cells == ("10", "11", "12")
    for train, expected in zip(session.spikes_s, SPIKES.values(), strict=True):
        np.testing.assert_array_equal(train, expected)
    assert session.remarks[0] == "positions from behavior/Position/SpatialSeries"


@pytest.mark.filterwarnings("ignore")  # pynwb warns about the shape
def test_positions_with_their_axes_first(tmp_path):
    turned = {"data": PATH.T, "rate": 20.0, "starting_time": 0.0}
    session = read(save(tmp_path / "a.nwb", ("led", turned)))
    np.testing.assert_array_equal(session.positions_m, PATH)
    assert any("is read as [axis, sample], the reverse" in line for line in session.remarks)


def test_a_session_that_starts_late_keeps_its_clock(tmp_path):
    late = {"rate": 20.0, "starting_time": 1.5}
    session = read(save(tmp_path / "a.nwb", ("SpatialSeries", late)))
    np.testing.assert_allclose(session.times_s, TIMES + 1.5)
    assert any("before 1.5 s" in remark for remark in session.remarks)


def test_the_unit_of_the_options_goes_before_that_of_the_file(tmp_path):
    path = save(tmp_path / "a.nwb", ("SpatialSeries", {"data": 100 * PATH}))
    assert "not an arena" in refused(path)  # the file says metres, and stores centimetres
    session = read(path, units="cm")
    np.testing.assert_allclose(session.positions_m, PATH)
    assert "the file states positions in m; read in cm" in session.remarks
    path = save(tmp_path / "b.nwb", ("SpatialSeries", {"data": 420 * PATH, "unit": "pixels"}))
    assert "positions are in pixels" in refused(path)
    np.testing.assert_allclose(read(path, units="px", px_per_cm=4.2).positions_m, PATH)
    path = save(tmp_path / "c.nwb", ("SpatialSeries", {"data": PATH, "unit": "a.u."}))
    assert "positions in a.u., which is not a known unit" in refused(path)
    np.testing.assert_allclose(read(path, units="m").positions_m, PATH)


def test_one_of_several_series_is_chosen(tmp_path):
    path = save(tmp_path / "a.nwb", ("left", {}), ("right", {"data": 1 - PATH}))
    message = refused(path)
    assert "2 spatial series: behavior/Position/left, behavior/Position/right" in message
    assert "--series behavior/Position/left" in message
    for name in ("right", "Position/right", "behavior/Position/right"):
        np.testing.assert_array_equal(read(path, series=name).positions_m, 1 - PATH)
    assert "has no spatial series ight" in refused(path, series="ight")


def test_units_are_chosen_and_their_quality_is_told(tmp_path):
    path = save(tmp_path / "a.nwb", ("one", {}), quality=["good", "good", "mua"])
    session = read(path, cells=("11",))
    assert session.cells == ("11",)
    assert "units by quality: 2 good, 1 mua; --cells chooses units" in session.remarks


def test_spikes_and_paths_of_other_files(tmp_path):
    path = save(tmp_path / "a.nwb", ("one", {}), units=False)
    assert "has no units table" in refused(path)
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"x": SPIKES["grid"]})
    assert read(path, spikes=str(tmp_path / "b.npz")).cells == ("x",)
    spikes = save(tmp_path / "c.nwb")
    assert "no spatial series with x and y" in refused(spikes)
    assert read(tmp_path / "b.npz", spikes=str(spikes)).cells == ("10", "11", "12")


def test_damaged_files_and_a_missing_library_are_one_message(tmp_path, monkeypatch):
    (tmp_path / "a.nwb").write_bytes(b"")
    if "pynwb" in sys.modules:
        assert "cannot be read by pynwb" in refused(tmp_path / "a.nwb")
    monkeypatch.setitem(sys.modules, "pynwb", None)
    message = refused(tmp_path / "a.nwb")
    assert "NWB files need the package pynwb" in message
    assert "pip install 'gridjax[labs]'" in message


def test_epochs_that_are_not_used_are_told(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    path = save(tmp_path / "a.nwb", ("one", {}))
    assert not any("epochs" in remark for remark in read(path).remarks)
    with pynwb.NWBHDF5IO(path, "a") as io:
        file = io.read()
        file.add_epoch(0.0, 30.0, ["track"])
        file.add_epoch(30.0, 60.0, ["box"])
        io.write(file)
    assert any(remark.startswith("2 epochs not used") for remark in read(path).remarks)
