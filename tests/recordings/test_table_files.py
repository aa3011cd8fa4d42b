"""Parquet tables, and rate maps in NetCDF files of xarray."""

import numpy as np
import pandas as pd
import pytest
import xarray

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import ideal_map, recording

PATH, TIMES, SPIKES = recording(seconds=60)
MAPS = np.stack([ideal_map(20, period, noise=0.1) for period in (6, 7, 8)])


def read(path, **options):
    (found,) = read_inputs([path], InputOptions(**options))
    return found


def refused(path, **options):
    with pytest.raises(GridjaxError) as caught:
        read(path, **options)
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)


def tables(folder, **changes):
    """Write a path and spikes as Parquet; ``changes`` replace columns of the path."""
    columns = {"time": TIMES, "x": PATH[:, 0], "pos_y": PATH[:, 1], "speed": 0.1} | changes
    pd.DataFrame(columns).to_parquet(folder / "rat.parquet")
    trains = [pd.DataFrame({"t": train, "unit": cell}) for cell, train in SPIKES.items()]
    pd.concat(trains).to_parquet(folder / "rat.spikes.parquet")
    return folder / "rat.parquet"


def test_parquet_tables_are_read_like_csv(tmp_path):
    path = tables(tmp_path, x=np.where(TIMES == 1, np.nan, PATH[:, 0]))
    (session,) = read_inputs([tmp_path / "*.parquet"])  # the spikes are no input of their own
    assert session.name == str(path)
    np.testing.assert_array_equal(session.positions_m[21:], PATH[21:])
    np.testing.assert_array_equal(session.times_s, TIMES)
    assert session.n_lost == 1
    assert session.cells == ("grid", "anywhere")
    np.testing.assert_array_equal(session.spikes_s[0], SPIKES["grid"])
    numbers = pd.DataFrame({"t": SPIKES["grid"], "cluster": 7})
    numbers.to_parquet(tmp_path / "others.parquet")
    assert read(path, spikes=str(tmp_path / "others.parquet")).cells == ("7",)
    named = pd.DataFrame({"t": SPIKES["grid"], "cell": pd.Categorical(["A"] * len(SPIKES["grid"]))})
    named.to_parquet(tmp_path / "named.parquet")
    assert read(path, spikes=str(tmp_path / "named.parquet")).cells == ("A",)


TABLES = {
    "dates": (
        {"time": pd.to_datetime(TIMES, unit="s")},
        "times of positions are dates, times of cells are numbers",
    ),
    "texts": ({"x": "1.0"}, "the column x is"),
    "back": ({"time": TIMES[::-1]}, "rat.parquet:2: times go back by 0.05 s"),
}


@pytest.mark.parametrize("name", TABLES)
def test_parquet_tables_of_another_kind_are_refused(name, tmp_path):
    changes, words = TABLES[name]
    assert words in refused(tables(tmp_path, **changes))


def test_parquet_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert "cannot be read by pyarrow" in refused(tmp_path / "a.parquet")
    path = tables(tmp_path)
    message = refused(tmp_path / "rat.spikes.parquet")
    assert f"give {path}" in message
    (tmp_path / "rat.spikes.parquet").unlink()
    assert "rat.spikes.parquet does not exist" in refused(path)
    pd.DataFrame({"score_60": [1.0]}).to_parquet(tmp_path / "scores.parquet")
    assert "has the columns score_60" in refused(tmp_path / "scores.parquet")
    pd.DataFrame({"t": [1.0, 2.0], "cell": ["a", None]}).to_parquet(tmp_path / "b.parquet")
    assert "with 1 missing values" in refused(path, spikes=str(tmp_path / "b.parquet"))


def curves(values=MAPS, dims=("unit", "x", "y"), side=0.05, units="m", **more):
    """Tuning curves as pynapple's compute_tuning_curves returns them, with units of axes."""
    sizes = dict(zip(dims, values.shape, strict=True))
    coordinates = {dim: side * (np.arange(sizes[dim]) + 0.5) for dim in dims[-2:]} | more
    array = xarray.DataArray(values, dims=dims, coords={"unit": [3, 5, 8]} | coordinates)
    for dim in dims[-2:]:
        array[dim].attrs["units"] = units
    return array


def test_maps_of_xarray_have_names_and_sides(tmp_path):
    curves().to_netcdf(tmp_path / "a.nc", engine="scipy")
    turned = curves().transpose("y", "unit", "x")
    turned.name = "rate"
    turned.to_netcdf(tmp_path / "b.nc", engine="scipy")
    curves(units="a.u.").to_netcdf(tmp_path / "c.nc", engine="scipy")
    falling = curves().isel(x=slice(None, None, -1))
    falling.to_netcdf(tmp_path / "d.nc", engine="scipy")
    for name in "abcd":
        found = read(tmp_path / f"{name}.nc")
        assert isinstance(found, MapSet)
        np.testing.assert_array_equal(found.maps, MAPS)
        assert found.cells == ("3", "5", "8")
        assert found.bin_cm == (None if name == "c" else pytest.approx(5.0))
    scored = table(score_inputs([read(tmp_path / "a.nc")], ScoreOptions()))
    np.testing.assert_allclose(scored["period_cm"], 5 * scored["period_bins"])
    assert scored["cell"].tolist() == ["3", "5", "8"]
    other = table(score_inputs([read(tmp_path / "a.nc")], ScoreOptions(width_cm=50.0)))
    np.testing.assert_allclose(other["period_cm"], 2.5 * scored["period_bins"])


def test_axes_without_names_are_told(tmp_path):
    curves(dims=("unit", "first", "second")).to_netcdf(tmp_path / "a.nc", engine="scipy")
    found = read(tmp_path / "a.nc")
    np.testing.assert_array_equal(found.maps, MAPS)
    assert found.remarks == ("axes first and second read as x and y",)
    found = read(tmp_path / "a.nc", axes="yx")
    np.testing.assert_array_equal(found.maps, np.swapaxes(MAPS, 1, 2))
    assert found.remarks == ("axes second and first read as x and y",)
    curves().to_netcdf(tmp_path / "b.nc", engine="scipy")
    found = read(tmp_path / "b.nc", axes="yx")
    np.testing.assert_array_equal(found.maps, MAPS)
    assert found.remarks == ("--axes not used: the file names the axes x and y",)


def test_maps_of_bins_that_are_not_square_and_several_maps_are_refused(tmp_path):
    curves(x=0.07 * np.arange(20)).to_netcdf(tmp_path / "a.nc", engine="scipy")
    assert "the sides of bins are 0.07 m along x and 0.05 m along y" in refused(tmp_path / "a.nc")
    curves(y=np.arange(20.0) ** 2).to_netcdf(tmp_path / "b.nc", engine="scipy")
    assert "bins along y are not evenly spaced" in refused(tmp_path / "b.nc")
    two = xarray.Dataset({"run": curves(), "rest": curves() + 1})
    two.to_netcdf(tmp_path / "c.nc", engine="scipy")
    assert "holds run, rest" in refused(tmp_path / "c.nc")
    np.testing.assert_array_equal(read(tmp_path / "c.nc", series="rest").maps, MAPS + 1)
    assert "neither maps named walk nor" in refused(tmp_path / "c.nc", series="walk")


def test_tuning_curves_of_pynapple(tmp_path):
    nap = pytest.importorskip("pynapple")
    pytest.importorskip("h5netcdf")
    position = nap.TsdFrame(TIMES, PATH, columns=["x", "y"])
    group = nap.TsGroup({at: nap.Ts(train) for at, train in enumerate(SPIKES.values())})
    found = nap.compute_tuning_curves(group, position, bins=20, range=[(0, 1), (0, 1)])
    found.drop_attrs().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    maps = read(tmp_path / "a.nc")
    np.testing.assert_array_equal(maps.maps, found.values)
    assert maps.cells == tuple(map(str, found["unit"].values))
