"""Units that headers name: read without options, and never contradicted in silence."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.readers import read_inputs

from .sessions import recording, save_npz

PATH, TIMES, SPIKES = recording(seconds=60)
TRAIN = SPIKES["grid"]


def save(folder, path_head, spike_head, length=1.0, time=1.0, spike_time=None, separator=","):
    """Write a session in CSV files, with numbers of other units."""
    spike_time = time if spike_time is None else spike_time
    rows = np.column_stack([time * TIMES, length * PATH]).tolist()
    body = "\n".join(separator.join(map(repr, row)) for row in rows)
    (folder / "a.csv").write_text(f"{path_head}\n{body}")
    body = "\n".join(f"{t!r}{separator}g" for t in (spike_time * TRAIN).tolist())
    (folder / "a.spikes.csv").write_text(f"{spike_head}\n{body}")
    return folder / "a.csv"


def read(path, **options):
    (session,) = read_inputs([path], InputOptions(**options))
    np.testing.assert_allclose(session.positions_m, PATH, atol=1e-12)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-9)
    np.testing.assert_allclose(session.spikes_s[0], TRAIN, atol=1e-9)
    return session


def refused(path, **options):
    with pytest.raises(GridjaxError) as caught:
        read_inputs([path], InputOptions(**options))
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)


HEADERS = {
    "t (s),x (cm),y (cm)": {"length": 100},
    "t,x (mm),y": {"length": 1000},
    "time_ms,x_cm,y_cm": {"length": 100, "time": 1000},
    "Timestamps [us],X position,Y position": {"time": 1e6},
    "Time (milliseconds),x (metres),y (metres)": {"time": 1000},
}


@pytest.mark.parametrize("head", HEADERS)
def test_headers_give_the_unit_without_options(head, tmp_path):
    session = read(save(tmp_path, head, "t,cell", **HEADERS[head]))
    given = HEADERS[head]
    told = "\n".join(session.remarks)
    assert ("as the file states" in told) == (
        "(" in head or "_" in head or "[" in head
    ) or not given


def test_path_and_spikes_may_have_different_units(tmp_path):
    mixed = save(tmp_path, "t (s),x,y", "t (ms),cell", spike_time=1000)
    session = read(mixed)
    assert "spike times are in ms, times of positions in s" in session.remarks
    read(save(tmp_path, "t (ms),x,y", "t (s),cell", time=1000, spike_time=1))
    samples = {"time_units": "samples", "rate_hz": 30e3}
    read(save(tmp_path, "t (s),x,y", "t,cell", spike_time=30e3), **samples)
    read(save(tmp_path, "t (s),x,y", "t (samples),cell", spike_time=30e3), **samples)
    read(save(tmp_path, "t (ms),x,y", "t,cell", time=1000, spike_time=30e3), **samples)


def test_pixels_and_samples_need_their_size(tmp_path):
    path = save(tmp_path, "t,x (px),y (px)", "t,cell", length=420)
    assert "positions are in pixels" in refused(path)
    read(path, units="px", px_per_cm=4.2)
    path = save(tmp_path, "t,x,y", "t (samples),cell", spike_time=30e3)
    message = refused(path)
    assert "the header of t names samples" in message
    assert "give --time-units samples --rate N" in message


def test_contradictions_name_both(tmp_path):
    path = save(tmp_path, "t,x (cm),y (cm)", "t (s),cell", length=100)
    message = refused(path, units="mm")
    assert "a.csv:1: the header of x names cm, and --units is mm" in message
    message = refused(path, time_units="samples", rate_hz=30e3)
    assert "a.spikes.csv:1: the header of t names s, and --time-units is samples" in message
    read(path, units="cm", time_units="s")
    path = save(tmp_path, "t,x (cm),y (m)", "t,cell")
    assert "the headers name cm for x and m for y" in refused(path)


def test_unknown_units_are_questioned(tmp_path):
    path = save(tmp_path, "t (h),x (inch),y (inch)", "t,cell")
    message = refused(path)
    assert "the header of x names inch, which is no known unit" in message
    assert "the header of t names h, which is no known unit" in message
    path = save(tmp_path, "t,x (a.u.),y (a.u.)", "t (camera),cell", length=100)
    read(path, units="cm", time_units="s")


def test_the_clock_of_other_files_with_units_of_their_own(tmp_path):
    path = save(tmp_path, "t (ms),x,y", "t,cell", time=1000)
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"g": TRAIN})
    spikes = {"spikes": str(tmp_path / "b.npz")}
    for options in ({}, {"time_units": "s"}):
        session = read(path, **spikes, **options)
        assert "spike times are in s, times of positions in ms" in session.remarks
    save_npz(tmp_path / "b.npz", PATH, TIMES, {"g": 1000 * TRAIN})
    read(path, **spikes)


def test_semicolons_and_tabs_separate_too(tmp_path):
    read(save(tmp_path, "t;x;y", "t;cell", separator=";"))
    read(save(tmp_path, "t\tx\ty", "t\tcell", separator="\t"))
    path = save(tmp_path, "t;x;y", "t;cell", separator=";")
    path.write_text(path.read_text().replace(".", ","))
    read(path)


def test_decimal_commas_between_tabs(tmp_path):
    path = save(tmp_path, "t\tx\ty", "t\tcell", separator="\t")
    expected = read(path)
    text = path.read_text()
    path.write_text(text.replace(".", ","))
    np.testing.assert_array_equal(read(path).positions_m, expected.positions_m)
    path.write_text(text.replace(".", ",", 9))
    assert "numbers with commas and numbers with points" in refused(path)


def test_a_header_may_begin_with_a_hash_as_numpy_writes_it(tmp_path):
    path = tmp_path / "a.csv"
    np.savetxt(path, np.column_stack([TIMES, 100 * PATH]), delimiter=",", header="t,x (cm),y (cm)")
    spikes = np.column_stack([TRAIN, np.full(len(TRAIN), 3)])
    np.savetxt(
        tmp_path / "a.spikes.csv", spikes, delimiter=",", header="t,cell", fmt=["%.18e", "%d"]
    )
    session = read(path)
    assert session.cells == ("3",)
    np.testing.assert_allclose(session.positions_m, PATH, rtol=0, atol=1e-12)
