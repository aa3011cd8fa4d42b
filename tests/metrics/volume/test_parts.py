"""The parts of the score of a volume against slow and obvious counterparts."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from benchmarks.volume_maps import bumps, lattice_points
from gridjax.metrics.volume import (
    arrangement,
    orientation,
    rotations,
    spectrum,
    symmetry,
)
from gridjax.metrics.volume import templates as ideal
from gridjax.metrics.volume.volumes import standardised

N = 12
RNG = np.random.default_rng(0)


def volume(values):
    """A standardised volume [1, n, n, n] and its known bins."""
    found = standardised(values[None])
    return found.values[:1], found.known[:1]


@pytest.mark.parametrize("group", [rotations.cubic_rotations(), rotations.hexagonal_rotations()])
def test_one_rotation_of_each_set_is_kept(group):
    turns = rotations.rotations(4_000)
    np.testing.assert_allclose(
        turns @ turns.swapaxes(1, 2), np.eye(3)[None].repeat(4_000, 0), atol=1e-9
    )
    kept = rotations.distinct(turns, group)
    assert len(kept) == pytest.approx(len(turns) / len(group), rel=0.1)
    # every rotation, times some member of the group, is near a kept one
    for turn in rotations.rotations(37):
        cosines = (np.einsum("rij,gij->rg", kept, turn @ group) - 1) / 2
        assert np.rad2deg(np.arccos(cosines.max())) < 22


def test_rotations_of_a_lattice_leave_it_unchanged():
    for name, group in (
        *((name, rotations.cubic_rotations()) for name in ("sc", "fcc", "bcc")),
        ("hcp", rotations.hexagonal_rotations()),
    ):
        vectors, weights = ideal.neighbours(name)
        tree = KDTree(vectors)
        for turn in group:
            distance, index = tree.query(vectors @ turn.T)
            assert distance.max() < 1e-9
            np.testing.assert_array_equal(weights[index], weights)


@pytest.mark.parametrize("name", ["sc", "fcc", "bcc", "hcp"])
def test_ideal_neighbours_are_the_pairs_of_a_lattice(name):
    """Shells of the ideal autocorrelogram against distances counted between points."""
    points = lattice_points(name, 5)
    middle = points[np.linalg.norm(points, axis=1) < 1.2]
    distance = np.linalg.norm(middle[:, None] - points, axis=-1).round(4)
    vectors, weights = ideal.neighbours(name)
    length = np.linalg.norm(vectors, axis=1).round(4)
    for shell in np.unique(length[length < 2]):
        expected = (distance == shell).sum() / len(middle)
        assert weights[length == shell].sum() == pytest.approx(expected), shell


def test_templates_are_turned_lattices():
    turns = rotations.rotations(7)
    for name, table in zip(ideal.LATTICES, ideal.tables(), strict=True):
        exact = np.stack([ideal._ideal(name, ideal.points() @ turn) for turn in turns])
        found = np.stack([ideal.turned(table, turn) for turn in turns])
        np.testing.assert_allclose(found, exact, atol=0.03)


def test_templates_have_the_orientations_of_their_table():
    every = ideal.templates()
    for index, name in zip((3, 2_500, 7_100), ("bcc", "hcp", "lamellae"), strict=True):
        exact = ideal._ideal(name, ideal.points() @ every.orientations[index])
        np.testing.assert_allclose(every.values[index], exact, atol=0.03)


def test_orientations_around_the_best_one_find_a_lattice_between_those_of_the_search():
    """A lattice itself, turned by five degrees: its correlation is 1 where the two agree."""
    weight = np.repeat(ideal.RADII**2, ideal.N_DIRECTIONS).astype(np.float32)
    away = Rotation.from_rotvec(np.deg2rad([3.0, -3.4, 2.0])).as_matrix()
    starts = rotations.rotations(len(ideal.LATTICES))
    measured, without = [], []
    for name, start in zip(ideal.LATTICES, starts, strict=True):
        values = ideal._ideal(name, ideal.points() @ (away @ start))
        by_sphere = values.reshape(len(ideal.RADII), -1)
        measured.append((by_sphere - by_sphere.mean(1, keepdims=True)).ravel())
        unturned = ideal._ideal(name, ideal.points() @ start)
        without.append(orientation.correlation(measured[-1], weight, unturned))
    weights = np.broadcast_to(weight, (1, len(starts), weight.size))
    found, turns = orientation.refined(np.array([measured], np.float32), weights, starts[None])
    assert (np.asarray(found) > 0.99).all()
    # the axis of columns and the normal of planes are those of the turned lattice
    for index in (ideal.LATTICES.index("columns"), ideal.LATTICES.index("lamellae")):
        between = np.asarray(turns)[0, index, :, 2] @ (away @ starts[index])[:, 2]
        assert np.degrees(np.arccos(min(1.0, abs(between)))) < 1.5
    assert (np.array(without) < 0.97).all()


def test_equal_bins_around_the_centre_of_a_field_are_one_field():
    smooth = np.zeros((2, N, N, N))
    for owner, x, y, z in ((0, 3, 3, 3), (0, 7, 3, 8), (1, 4, 6, 5)):
        smooth[owner, x : x + 2, y : y + 2, z : z + 2] = 1.0
    smooth[1, 2, 2, 9] = 2.0
    owner, place, height = arrangement.places(smooth, smooth > 0)
    assert owner.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(sorted(height), [1, 1, 1, 2])
    found = {tuple(each) for each in place.tolist()}
    assert found == {(3.5, 3.5, 3.5), (7.5, 3.5, 8.5), (2.0, 2.0, 9.0), (4.5, 6.5, 5.5)}


def test_autocorrelogram_is_the_mean_over_pairs_of_known_bins():
    values = RNG.normal(size=(N, N, N))
    values[:3, :, 5:] = np.nan
    volumes, known = volume(values)
    found = np.asarray(symmetry.autocorrelogram(volumes, known))[0]
    for lag in ((0, 0, 0), (1, -2, 3), (-4, 0, 5), (6, 6, -1)):
        here = tuple(slice(max(0, -step), N - max(0, step)) for step in lag)
        there = tuple(slice(max(0, step), N + min(0, step)) for step in lag)
        both = known[0][here] & known[0][there]
        mean = (volumes[0][here] * volumes[0][there])[both].mean()
        assert found[lag] == pytest.approx(mean, abs=1e-5)


def test_correlations_are_those_of_one_template_at_a_time():
    """Over a few templates and one period, with loops."""
    from scipy.interpolate import RegularGridInterpolator

    volumes, known = volume(bumps("fcc", N, 2.5, 0.1, 0.18, np.random.default_rng(1)))
    tables = symmetry.search(N)
    scores = symmetry.correlations(volumes, known, tables)
    found = np.asarray(scores.by_period)[0]
    whole = np.fft.fftshift(np.asarray(symmetry.autocorrelogram(volumes, known))[0])
    read = RegularGridInterpolator([np.arange(-N, N)] * 3, whole)
    index = int(np.abs(tables.period - N / 2.5).argmin())
    lags = np.clip(tables.period[index] * ideal.points(), 1 - N, N - 1)
    shape = (len(ideal.RADII), ideal.N_DIRECTIONS)
    weight = np.asarray(tables.weight, float)[index].reshape(shape)

    def centred(values):
        values = np.asarray(values, float).reshape(shape)
        mean = (values * weight).sum(1, keepdims=True) / np.maximum(
            weight.sum(1, keepdims=True), 1e-9
        )
        return values - mean

    def correlation(a, b):
        return (weight * a * b).sum() / np.sqrt((weight * a**2).sum() * (weight * b**2).sum())

    measured, best = centred(read(lags)), []
    starts = (0, *ideal.templates().ends)
    for start, end in pairwise(starts):
        some = ideal.templates().values[start:end]
        best.append(max(correlation(measured, centred(one)) for one in some))
    np.testing.assert_allclose(found[index], best, atol=2e-3)
    assert (np.asarray(scores.refined)[0] >= found.max(axis=0)).all()


def test_power_around_a_shell_is_the_fourier_transform():
    values = RNG.normal(size=(1, N, N, N)).astype(np.float32)
    most = 9
    power = np.asarray(spectrum.power_around(values, spectrum.waves(N, most)))[0]
    places = np.arange(N) + 0.5
    for x, y, z in ((0, 0, 3), (-4, 2, 5), (9, -9, 0)):
        waves = [np.exp(-1j * np.pi / N * step * places) for step in (x, y, z)]
        exact = np.abs(np.einsum("xyz,x,y,z->", values[0], *waves)) ** 2
        assert power[x + most, y + most, z] == pytest.approx(exact, rel=1e-3, abs=1e-2)


def test_order_is_the_share_of_the_strongest_tenth():
    shell = RNG.exponential(size=(spectrum.N_SHELL_DIRECTIONS, 3))
    ranked = np.sort(shell, axis=0)[::-1]
    tenth = ranked[: round(len(shell) / 10)].sum(0) / shell.sum(0)
    np.testing.assert_allclose(spectrum.order(shell), tenth, rtol=1e-5)


def test_spacing_is_that_of_the_two_nearest_fields():
    places = RNG.uniform(0, 10, (40, 3))
    owner = np.sort(RNG.integers(0, 3, 40))
    found = arrangement.spacing(owner, places, 4)
    for index in range(3):
        ours = places[owner == index]
        distance = np.sort(np.linalg.norm(ours[:, None] - ours, axis=-1), axis=1)[:, 1:3]
        assert found.variation[index] == pytest.approx(distance.std() / distance.mean())
        assert found.nearest[index] == pytest.approx(distance[:, 0].mean())
        assert found.unevenness[index] == found.variation[index] / found.nearest[index] ** 3
    assert np.isnan(found.variation[3])


def test_fields_are_found_where_they_are():
    points = np.array([[3.2, 4.0, 7.7], [9.0, 8.6, 3.1], [7.9, 3.0, 9.2]])
    step = np.arange(14)
    x, y, z = np.exp(-((step[:, None, None] - points) ** 2) / 4).transpose(2, 0, 1)
    volumes, known = volume(np.einsum("ap,bp,cp->abc", x, y, z))
    smooth = arrangement.smooth(volumes, known[0], arrangement.kernel(14, 0.5))
    found = arrangement.is_field(smooth, known[0])
    _, places, heights = arrangement.places(np.asarray(smooth), np.asarray(found))
    distance, index = KDTree(places).query(points)
    assert len(places) == 3
    assert sorted(index) == [0, 1, 2]
    assert distance.max() < 0.1
    np.testing.assert_array_equal(heights, np.asarray(smooth)[np.asarray(found)])


def test_heights_vary_by_their_deviation_over_their_mean():
    owner = np.repeat([0, 1, 3], [9, 6, 5])
    heights = RNG.uniform(1, 2, 20)
    found = arrangement.height_variation(owner, heights, 4)
    for index in (0, 1):
        ours = heights[owner == index]
        assert found[index] == pytest.approx(ours.std() / ours.mean())
    assert np.isnan(found[2:]).all()


def test_hard_spheres_keep_their_distance():
    known = np.zeros((14, 14, 14), bool)
    known[2:, 2:12, :8] = True
    found = arrangement.hard_spheres(known, 12, 3.0, seed=1)
    assert found.shape == (arrangement.N_SPHERES,)
    # points without a diameter are more uneven
    points = arrangement.hard_spheres(known, 12, 0.0, seed=1)
    assert 0 < np.nanmedian(found) < np.nanmedian(points)
