"""Activity in NWB files, written by pynwb: fluorescence, its changes, deconvolved events."""

from datetime import UTC, datetime

import numpy as np
import pytest

from gridjax.recordings.description import description
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.score import score_inputs

from .sessions import read, recording, refused, save_npz

PATH, TIMES, SPIKES = recording(seconds=120)
FRAMES = np.arange(0.02, 119, 1 / 15)
RNG = np.random.default_rng(0)


def values_at(frames):
    """Activity of a grid cell, of another one, and noise, at times of frames."""
    at = np.stack([np.interp(frames, TIMES, PATH[:, axis]) for axis in (0, 1)], axis=1)
    waves = [
        sum(
            np.cos(4 * np.pi / np.sqrt(3) / period * (at @ (np.cos(a), np.sin(a))))
            for a in np.arange(3) * np.pi / 3
        )
        for period in (0.45, 0.35)
    ]
    return np.stack([*waves, RNG.normal(size=len(frames))], axis=1)


VALUES = values_at(FRAMES)


def save(path, containers, units=False, iscell=True, position=True):
    """Write the series of containers: [(class, name of the container, {series: options})]."""
    pynwb = pytest.importorskip("pynwb")
    from pynwb import behavior, ophys

    file = pynwb.NWBFile("a session", "one", datetime(2020, 1, 1, tzinfo=UTC))
    if position:
        series = behavior.SpatialSeries(
            name="led", data=PATH, timestamps=TIMES, reference_frame="corner"
        )
        module = file.create_processing_module("behavior", "tracking")
        module.add(behavior.Position(spatial_series=series))
    device = file.create_device(name="microscope")
    channel = ophys.OpticalChannel(name="green", description="-", emission_lambda=525.0)
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=channel,
        description="-",
        device=device,
        excitation_lambda=920.0,
        indicator="GCaMP6s",
        location="MEC",
    )
    module = file.create_processing_module("ophys", "calcium")
    segmentation = ophys.ImageSegmentation()
    module.add(segmentation)
    table_of_rois = segmentation.create_plane_segmentation(
        name="rois", description="-", imaging_plane=plane
    )
    if iscell:
        table_of_rois.add_column("iscell", "whether it is a cell, and its probability")
    for at in range(4):
        more = {"iscell": [float(at != 3), 0.9]} if iscell else {}
        table_of_rois.add_roi(id=20 + at, pixel_mask=[(at, at, 1.0)], **more)
    region = table_of_rois.create_roi_table_region("the first three", region=[0, 1, 2])
    for kind, name, of in containers:
        container = getattr(ophys, kind)(name=name)
        module.add(container)
        for each, options in of.items():
            whole = {"data": VALUES, "timestamps": FRAMES, "unit": "a.u.", "rois": region} | options
            if "rate" in whole:
                del whole["timestamps"]
            container.create_roi_response_series(name=each, **whole)
    if units:
        for train in SPIKES.values():
            file.add_unit(spike_times=train)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


ONE = [("Fluorescence", "Fluorescence", {"RoiResponseSeries": {}})]
SUITE2P = [
    ("Fluorescence", name, {name: {"data": VALUES + at}})
    for at, name in enumerate(("Deconvolved", "Fluorescence", "Neuropil"))
]


def test_fluorescence_is_activity_on_its_own_clock(tmp_path):
    session = read(save(tmp_path / "a.nwb", ONE))
    assert session.cells == ("20", "21", "22")
    np.testing.assert_array_equal(session.times_s, FRAMES)
    np.testing.assert_array_equal(session.activity, VALUES)
    expected = [np.interp(FRAMES, TIMES, PATH[:, axis]) for axis in (0, 1)]
    np.testing.assert_allclose(session.positions_m, np.stack(expected, 1), atol=1e-12)
    remarks = "\n".join(session.remarks)
    assert "activity from ophys/Fluorescence/RoiResponseSeries, in place of spikes" in remarks
    assert "ROIs by iscell (counts): 1 (3); all are read" in remarks
    assert "positions are interpolated at the times of the activity" in remarks
    scored = table(score_inputs([session], ScoreOptions(n_bins=20, shuffles=19)))
    assert scored["score_60"][0] > 1
    assert scored["p_value"][0] == 1 / 20
    assert (scored["null"] == "time shifts").all()


FORMS = {
    "changes of fluorescence": [("DfOverF", "DfOverF", {"dff": {}})],
    "a factor": [("Fluorescence", "F", {"F": {"data": (VALUES - 1) / 2, "conversion": 2.0,
                                              "offset": 1.0}})],
    "a rate": [("Fluorescence", "F", {"F": {"rate": 15.0, "starting_time": 0.02}})],
    "cells in rows": [("Fluorescence", "F", {"F": {"data": VALUES.T, "rate": 15.0,
                                                       "starting_time": 0.02}})],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_series_of_other_forms_hold_the_same_activity(name, tmp_path):
    session = read(save(tmp_path / "a.nwb", FORMS[name], iscell=False))
    np.testing.assert_allclose(session.activity, VALUES, atol=1e-12)
    np.testing.assert_allclose(session.times_s, FRAMES, atol=1e-9)
    is_told = any("read as [ROI, frame]" in remark for remark in session.remarks)
    assert is_told == (name == "cells in rows")


def test_one_of_several_series_is_chosen(tmp_path):
    path = save(tmp_path / "a.nwb", SUITE2P)
    message = refused(path)
    names = [f"ophys/{name}/{name}" for name in ("Deconvolved", "Fluorescence", "Neuropil")]
    assert f"has 3 series of activity: {', '.join(names)}" in message
    assert f"choose one, such as --activity {names[0]}" in message
    for at, name in enumerate(("Deconvolved", "Fluorescence", "Neuropil")):
        session = read(path, activity=name, cells=("21",))
        np.testing.assert_array_equal(session.activity[:, 0], VALUES[:, 1] + at)
    assert "has no series of activity econvolved" in refused(path, activity="econvolved")


def test_units_go_before_fluorescence_and_a_line_says_so(tmp_path):
    path = save(tmp_path / "a.nwb", ONE, units=True)
    session = read(path)
    assert session.activity is None
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])
    words = "ophys/Fluorescence/RoiResponseSeries not used: --activity chooses one"
    assert any(words in remark for remark in session.remarks)
    session = read(path, activity="RoiResponseSeries")
    assert session.cells == ("20", "21", "22")
    assert "3 units not used: --activity gives the cells" in session.remarks


def test_activity_and_path_of_different_files(tmp_path):
    activity = save(tmp_path / "a.nwb", SUITE2P, position=False)
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"x": SPIKES["grid"]})
    given = {"spikes": str(activity), "activity": "Deconvolved"}
    np.testing.assert_array_equal(read(tmp_path / "b.npz", **given).activity, VALUES)
    assert "has 3 series of activity" in refused(tmp_path / "b.npz", spikes=str(activity))
    path = save(tmp_path / "c.nwb", SUITE2P)  # several series, and none of them is needed
    assert read(path, spikes=str(tmp_path / "b.npz")).cells == ("x",)
    words = "NumPy file: --activity would have no effect"
    assert words in refused(tmp_path / "b.npz", activity="Deconvolved")
    assert words in refused(path, spikes=str(tmp_path / "b.npz"), activity="Deconvolved")


def test_activity_that_is_not_there_is_refused(tmp_path):
    path = save(tmp_path / "a.nwb", [])
    assert "has no units table and no responses of ROIs" in refused(path)
    assert "has no activity F: it holds no responses of ROIs" in refused(path, activity="F")


def test_the_description_names_every_series(tmp_path):
    from gridjax.io.source_location import Problems
    from gridjax.recordings.readers import read_files

    path = save(tmp_path / "a.nwb", SUITE2P)
    meaning = InputOptions()
    (found,) = read_files([path], meaning, Problems())
    lines = "\n".join(description(found, meaning, ScoreOptions()))
    assert "ophys/Neuropil/Neuropil: float64 [1785, 3], 1 x + 0 a.u., timestamps" in lines
    assert "refused" in lines
    assert "choose one, such as --activity ophys/Deconvolved/Deconvolved" in lines
