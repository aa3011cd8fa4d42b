"""Times that are dates or durations, in every format that has them."""

import numpy as np
import pandas as pd
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.readers import read_inputs

from .sessions import recording

PATH, TIMES, SPIKES = recording(seconds=60)
TRAIN = SPIKES["grid"]
START = np.datetime64("2026-03-01T10:00:00.4", "ns")
SAID = "times are dates: 0 s is 2026-03-01 10:00:00 UTC"


def dates(seconds):
    return START + np.round(1e9 * seconds).astype("timedelta64[ns]")


def read(path, **options):
    (session,) = read_inputs([path], InputOptions(**options))
    return session


def refused(path, **options):
    with pytest.raises(GridjaxError) as caught:
        read(path, **options)
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)


def npz(folder, **arrays):
    np.savez(folder / "rat.npz", **{"positions": PATH} | arrays)
    return folder / "rat.npz"


def tables(folder, ending, path_times, spike_times):
    path = pd.DataFrame({"t": path_times, "x": PATH[:, 0], "y": PATH[:, 1]})
    spikes = pd.DataFrame({"timestamp": spike_times, "cell": "grid"})
    for name, frame in {"rat": path, "rat.spikes": spikes}.items():
        file = folder / f"{name}.{ending}"
        if ending == "parquet":
            frame.to_parquet(file)
        else:
            frame.to_csv(file, index=False, sep=";" if ending == "csv" else "\t")
    return folder / f"rat.{ending}"


def check(session, offset=0.4):
    """The times are those of the recording, from the whole second before the first position on."""
    np.testing.assert_allclose(session.times_s, TIMES + offset, rtol=0, atol=2e-6)
    np.testing.assert_allclose(session.spikes_s[0], TRAIN + offset, rtol=0, atol=2e-6)


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_dates_in_numpy_files(unit, tmp_path):
    kind = f"datetime64[{unit}]"
    spikes = np.append(dates(TRAIN), np.datetime64("NaT")).astype(kind)  # padding
    session = read(npz(tmp_path, times=dates(TIMES).astype(kind), spikes_grid=spikes))
    check(session)
    assert SAID in session.remarks
    of = np.zeros(len(TRAIN), int)
    flat = npz(tmp_path, t=dates(TIMES), spike_times=dates(TRAIN), spike_clusters=of)
    check(read(flat))


def test_durations_are_seconds(tmp_path):
    durations = {"times": dates(TIMES) - START, "spikes_grid": dates(TRAIN) - START}
    session = read(npz(tmp_path, **durations))
    check(session, offset=0.0)
    assert not any("dates" in remark for remark in session.remarks)
    check(read(npz(tmp_path, **durations | {"spikes_grid": TRAIN})), offset=0.0)


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv"])
def test_dates_in_tables(ending, tmp_path):
    session = read(tables(tmp_path, ending, dates(TIMES), dates(TRAIN)))
    check(session)
    assert SAID in session.remarks


def test_dates_of_time_zones_are_one_clock(tmp_path):
    zoned = pd.DatetimeIndex(dates(TIMES)).tz_localize("UTC").tz_convert("Europe/Oslo")
    for ending in ("parquet", "csv"):
        check(read(tables(tmp_path, ending, zoned, dates(TRAIN))))


def test_a_sample_without_date_is_left_out_like_one_without_number(tmp_path):
    times = dates(TIMES)
    times[3] = np.datetime64("NaT")
    session = read(npz(tmp_path, times=times, spikes_grid=dates(TRAIN)))
    assert "1 sample without time left out, the first is sample 3" in session.remarks
    np.testing.assert_allclose(np.ptp(session.times_s), np.ptp(TIMES), atol=1e-6)
    assert len(session.times_s) == len(TIMES) - 1


def test_counts_need_no_dates(tmp_path):
    counts = np.histogram(TRAIN, np.append(TIMES, TIMES[-1] + 0.05))[0]
    session = read(npz(tmp_path, times=dates(TIMES), spikes_grid=counts))
    assert len(session.spikes_s[0]) == len(TRAIN)


def test_dates_and_numbers_are_not_one_clock(tmp_path):
    of_path = "times of positions are dates, times of cells are numbers"
    of_cells = "times of positions are numbers, times of cells are dates"
    assert of_path in refused(npz(tmp_path, times=dates(TIMES), spikes_grid=TRAIN))
    assert of_cells in refused(npz(tmp_path, times=TIMES, spikes_grid=dates(TRAIN)))
    assert of_path in refused(tables(tmp_path, "csv", dates(TIMES), TRAIN))
    mixed = npz(tmp_path, times=TIMES, spikes_a=dates(TRAIN), spikes_b=TRAIN)
    assert "spikes_a are of type datetime64[ns]" in refused(mixed)


def test_a_column_of_dates_and_numbers_is_refused_with_its_line(tmp_path):
    path = tables(tmp_path, "tsv", dates(TIMES), dates(TRAIN))
    lines = path.read_text().splitlines()
    lines[4] = "\t".join(["0.2", *lines[4].split("\t")[1:]])
    path.write_text("\n".join(lines) + "\n")
    assert f"{path}:5: t holds dates and numbers" in refused(path)


def test_dates_have_no_unit(tmp_path):
    path = tables(tmp_path, "csv", dates(TIMES), dates(TRAIN))
    assert "t holds dates, and --time-units is ms" in refused(path, time_units="ms")


def test_dates_are_no_positions(tmp_path):
    path = tables(tmp_path, "csv", dates(TIMES), dates(TRAIN))
    path.write_text(path.read_text().replace(";x;y", ";y;x", 1).replace("t;", "x;t;", 1))
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(f"2026-03-01;{row}" for row in rows)]) + "\n")
    header = header.replace("x;t;y;x", "x;t;y;z")
    path.write_text("\n".join([header, *path.read_text().splitlines()[1:]]) + "\n")
    assert "x is '2026-03-01'" in refused(path)


def test_python_names_the_conversion_of_dates():
    with pytest.raises(
        GridjaxError, match=r"give seconds: \(times_s - times_s\[0\]\) / np.timedelta64"
    ):
        gj.rate_map(PATH, times_s=dates(TIMES), spikes=[TRAIN])


@pytest.mark.parametrize("low", [0, -1])
def test_normalised_positions_are_questioned(low, tmp_path):
    span = np.ptp(PATH, axis=0)
    positions = (PATH - PATH.min(axis=0)) / span
    positions = positions if low == 0 else 2 * positions - 1
    path = npz(tmp_path, positions=positions, times=TIMES, spikes_grid=TRAIN)
    words = f"x and y both span exactly {low} to 1"
    assert any(words in remark for remark in read(path).remarks)
    assert not any(words in remark for remark in read(path, units="m").remarks)
    path = npz(tmp_path, positions=positions * (1, 0.99), times=TIMES, spikes_grid=TRAIN)
    assert not any(words in remark for remark in read(path).remarks)
