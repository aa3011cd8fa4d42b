"""Objects of xarray and pynapple: the numbers of plain arrays, under their own names."""

import jax
import numpy as np
import pytest
import xarray

import gridjax as gj
from gridjax import metrics
from gridjax.errors import GridjaxError

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(2, 3, 12, 12))
UNITS, CENTRES = [3, 5, 8], 0.1 * (np.arange(12) + 0.5)
KEY = jax.random.key(0)


def labelled(maps=MAPS, units="m", **coords):
    array = xarray.DataArray(
        maps,
        dims=("session", "unit", "x", "y"),
        coords={"unit": UNITS, "x": CENTRES, "y": CENTRES} | coords,
    )
    for side in "xy":
        array[side].attrs["units"] = units
    return array


def score(maps):
    return gj.grid_score(maps).score_60


def assert_labelled(found, expected, *dims):
    assert found.dims == dims
    assert found["unit"].values.tolist() == UNITS
    np.testing.assert_array_equal(found.values, expected)


FORMS = {
    "in order": labelled(),
    "y first": labelled().transpose("session", "unit", "y", "x"),
    "cells last": labelled().transpose("y", "x", "session", "unit"),
    "falling": labelled().isel(y=slice(None, None, -1)),
    "of other names": labelled().rename(x="a", y="b"),
}


@pytest.mark.parametrize("form", FORMS)
def test_scores_of_labelled_maps_are_those_of_arrays(form):
    maps = FORMS[form]
    expected = gj.grid_score(MAPS, correlations=True)
    found = gj.grid_score(maps, correlations=True)
    for name in ("score_60", "score_90", "ring_60"):
        assert_labelled(getattr(found, name), getattr(expected, name), "session", "unit")
    further = ("session", "unit", "ring", "rotation_deg")
    assert_labelled(found.correlations, expected.correlations, *further)
    assert found.correlations["rotation_deg"].values.tolist() == [30, 45, 60, 90, 120, 135, 150]
    assert gj.grid_score(maps).correlations is None
    expected = metrics.fit_lattice(MAPS, 1.2, significance=1.0)
    found = metrics.fit_lattice(maps, significance=1.0)  # the coordinates tell the width
    for name, values in expected._asdict().items():
        np.testing.assert_allclose(getattr(found, name).values, values, rtol=1e-12, err_msg=name)
    assert_labelled(found.p_value, expected.p_value, "session", "unit")


def test_nulls_p_values_and_thresholds_keep_the_names():
    maps, plain = labelled().transpose("y", "x", "session", "unit"), MAPS
    fields = metrics.isotropic_maps(KEY, maps, 3)
    expected = metrics.isotropic_maps(KEY, plain, 3)
    assert_labelled(fields, expected, "session", "unit", "draw", "x", "y")
    np.testing.assert_array_equal(fields["x"], CENTRES)
    null = metrics.isotropic_scores(KEY, maps, 9, score)
    plain_null = metrics.isotropic_scores(KEY, plain, 9, score)
    assert_labelled(null, plain_null, "session", "unit", "draw")
    observed = gj.grid_score(maps).score_60
    expected = metrics.p_values(observed.values, plain_null)
    for form in (null, null.transpose("draw", "unit", "session"), plain_null):
        found = metrics.p_values(observed, form)
        assert_labelled(found, expected, "session", "unit")
    limits = metrics.thresholds(null.transpose("draw", "session", "unit"), (95.0, 99.0))
    expected = metrics.thresholds(plain_null, (95.0, 99.0))
    assert_labelled(limits.per_cell, expected.per_cell, "percent", "session", "unit")
    np.testing.assert_array_equal(limits.pooled, expected.pooled)
    assert limits.pooled["percent"].values.tolist() == [95, 99]


def test_masked_null_scores_of_named_units_are_missing():
    observed = xarray.DataArray([1.0, 2.0], dims="unit")
    null = np.ma.masked_array(
        [[0.0, 0.0, 3.0], [0.0, 1.0, 1.0]], [[True, False, False], [False] * 3]
    )
    # a masked null score counts as at least as high
    np.testing.assert_allclose(metrics.p_values(observed, null), [3 / 4, 1 / 4])


def test_other_units_and_bins_that_are_not_square_are_refused():
    maps = labelled()
    observed = gj.grid_score(maps).score_60
    null = xarray.DataArray(
        RNG.normal(size=(2, 3, 9)), dims=("session", "unit", "draw"), coords={"unit": [3, 8, 5]}
    )
    with pytest.raises(GridjaxError, match="other coordinates along unit"):
        metrics.p_values(observed, null)
    with pytest.raises(GridjaxError, match="have the axes"):
        metrics.p_values(observed, null.rename(session="day"))
    for given, words in (
        (labelled(x=2 * CENTRES), "the sides of bins are 0.2 m along x and 0.1 m along y"),
        (labelled(y=CENTRES**2), "bins along y are not evenly spaced"),
        (labelled().isel(y=slice(9)), "maps have shape"),
        (labelled()[0, 0, 0], "maps have the axes y"),
    ):
        for function in (gj.grid_score, lambda maps: metrics.isotropic_maps(KEY, maps, 1)):
            with pytest.raises(GridjaxError, match=words):
                function(given)
    with pytest.raises(GridjaxError, match="box_width_m is None"):
        metrics.fit_lattice(labelled(units="bins"))
    in_cm = metrics.fit_lattice(labelled(units="cm"), significance=1.0).period_cm
    in_m = metrics.fit_lattice(labelled(), significance=1.0).period_cm
    np.testing.assert_allclose(100 * in_cm, in_m)


def session(n=4000):
    steps = 0.02 * RNG.normal(size=(n, 2))
    folded = np.mod(np.cumsum(steps, axis=0), 2)
    path = np.minimum(folded, 2 - folded)
    times = np.arange(n) / 20
    return path, times, [np.sort(RNG.uniform(0, times[-1], size)) for size in (500, 300)]


PATH, TIMES, TRAINS = session()
ACTIVITY = RNG.normal(size=(len(PATH), 2))


def assert_maps(found, expected, units):
    assert found.maps.dims == ("unit", "x", "y")
    assert found.maps["unit"].values.tolist() == units
    np.testing.assert_array_equal(found.maps.values, expected.maps)
    np.testing.assert_array_equal(found.occupancy.values, expected.occupancy)
    arena = expected.arena
    np.testing.assert_allclose(
        found.maps["x"], arena.low_m[0] + arena.bin_m * (np.arange(arena.n_bins) + 0.5)
    )
    np.testing.assert_allclose(
        found.maps["y"], arena.low_m[1] + arena.bin_m * (np.arange(arena.n_bins) + 0.5)
    )


def test_paths_and_activity_of_xarray():
    array = xarray.DataArray(
        np.stack([PATH[:, 1], TIMES, PATH[:, 0]]),
        dims=("space", "time"),
        coords={"space": ["y", "z", "x"], "time": TIMES},
    )
    expected = gj.rate_map(PATH, times_s=TIMES, spikes=TRAINS, n_bins=20)
    found = gj.rate_map(array, spikes=TRAINS, n_bins=20)
    assert_maps(found, expected, [0, 1])
    np.testing.assert_array_equal(found.n_left_out, expected.n_left_out)
    activity = xarray.DataArray(
        ACTIVITY, dims=("time", "unit"), coords={"time": TIMES, "unit": ["a", "b"]}
    )
    expected = gj.rate_map(PATH, times_s=TIMES, activity=ACTIVITY, n_bins=20)
    for given in (activity, activity.transpose("unit", "time")):
        assert_maps(gj.rate_map(array, activity=given, n_bins=20), expected, ["a", "b"])
    width = metrics.fit_lattice(found.maps, significance=1.0).period_cm
    assert width.dims == ("unit",)
    # frames are no seconds, and other times are no positions
    frames = array.assign_coords(time=np.arange(len(TIMES)))
    for positions, more, words in (
        (frames, {"spikes": TRAINS}, "the coordinate time is int64"),
        (array.expand_dims("point"), {"spikes": TRAINS}, "positions have the axes"),
        (array.rename(space="a", time="b"), {"spikes": TRAINS}, "positions have the axes a, b"),
        (array, {"activity": activity[5:]}, "activity has other times than positions"),
        (array.assign_coords(space=list("abc")), {"spikes": TRAINS}, "the columns a, b, c"),
    ):
        with pytest.raises(GridjaxError, match=words):
            gj.rate_map(positions, **more)
    assert_maps(
        gj.rate_map(frames, times_s=TIMES, spikes=TRAINS, n_bins=20),
        gj.rate_map(PATH, times_s=TIMES, spikes=TRAINS, n_bins=20),
        [0, 1],
    )


def test_objects_of_pynapple():
    nap = pytest.importorskip("pynapple")
    frame = nap.TsdFrame(TIMES, np.column_stack([PATH[:, 1], PATH]), columns=["z", "x", "y"])
    group = nap.TsGroup({7: nap.Ts(TRAINS[0]), 9: nap.Ts(TRAINS[1])})
    trains = [group[unit].t for unit in (7, 9)]  # pynapple rounds times to nanoseconds
    expected = gj.rate_map(PATH, times_s=frame.t, spikes=trains, n_bins=20)
    assert_maps(gj.rate_map(frame, spikes=group, n_bins=20), expected, [7, 9])
    assert_maps(gj.rate_map(PATH, times_s=frame.t, spikes=group, n_bins=20), expected, [7, 9])
    assert_maps(gj.rate_map(frame, spikes=[group[7], group[9]], n_bins=20), expected, [0, 1])
    activity = nap.TsdFrame(TIMES, ACTIVITY, columns=[4, 6])
    expected = gj.rate_map(PATH, times_s=frame.t, activity=ACTIVITY, n_bins=20)
    assert_maps(gj.rate_map(frame, activity=activity, n_bins=20), expected, [4, 6])
    seen = metrics.visits(frame, None, n_bins=20)
    plain = metrics.visits(PATH, frame.t, n_bins=20)
    np.testing.assert_array_equal(seen.bins, plain.bins)
    null = metrics.shift_scores(KEY, seen, group, 5, score)
    assert null.dims == ("unit", "draw")
    assert null["unit"].values.tolist() == [7, 9]
    for at, train in enumerate(trains):
        own = metrics.shift_scores(jax.random.fold_in(KEY, at), plain, train, 5, score)
        np.testing.assert_array_equal(null[at], own)
    one = metrics.shift_scores(KEY, seen, group[7], 5, score)
    np.testing.assert_array_equal(one, metrics.shift_scores(KEY, plain, trains[0], 5, score))
    own = metrics.activity_shift_scores(KEY, plain, ACTIVITY[:, 0], 5, score)
    for given in (activity[:, 0], activity.loc[4]):
        found = metrics.activity_shift_scores(KEY, seen, given, 5, score)
        np.testing.assert_array_equal(found, own)
    p = metrics.p_values(gj.grid_score(gj.rate_map(frame, spikes=group, n_bins=20).maps)[0], null)
    assert p["unit"].values.tolist() == [7, 9]
    for function, words in (
        (lambda: gj.rate_map(frame, times_s=TIMES, spikes=group), "times of their own"),
        (lambda: gj.rate_map(group, spikes=group), "positions are a TsGroup"),
        (lambda: gj.rate_map(frame, spikes=frame), "spikes are a TsdFrame"),
        (lambda: gj.rate_map(frame, activity=group), "activity is a TsGroup"),
        (lambda: gj.rate_map(frame, activity=activity[5:]), "activity has other times"),
        (lambda: metrics.shift_scores(KEY, seen, frame, 5, score), "spikes are a TsdFrame"),
        (
            lambda: metrics.activity_shift_scores(KEY, seen, activity[5:, 0], 5, score),
            "activity has other times",
        ),
    ):
        with pytest.raises(GridjaxError, match=words):
            function()
