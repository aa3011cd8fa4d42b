"""Columns and planes are continuous, there are two planes, and cubic lattices are not columns."""

import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from benchmarks.volume_look_alikes import one_plane, rows_of_fields, square_columns
from benchmarks.volume_maps import bumps, plane_waves
from gridjax.metrics.volume import columns_and_planes, symmetry
from gridjax.metrics.volume.templates import LATTICES
from gridjax.metrics.volume.volumes import standardised

N = 16


def measured(maps):
    volumes = standardised(maps)
    found = symmetry.correlations(volumes.values, volumes.known, symmetry.search(maps.shape[-1]))
    continuity = (np.asarray(values)[: len(maps)] for values in found.continuity)
    return np.asarray(found.refined)[: len(maps)], columns_and_planes.Continuity(*continuity)


def slow_valley(volume, known, normal):
    """Slab by slab and bin by bin; then over all triples of slabs."""
    n = len(volume)
    sums, counts = np.zeros(2 * n), np.zeros(2 * n)
    for place in np.argwhere(known):
        offset = (place - (n - 1) / 2) @ normal + n
        for slab in range(2 * n):
            weight = max(0.0, 1 - abs(offset - slab))
            sums[slab] += weight * volume[tuple(place)]
            counts[slab] += weight
    used = counts >= 0.25 * counts.max()
    rates = (sums[used] / counts[used]).tolist()
    depths = [min(max(rates[: at + 1]), max(rates[at:])) - rate for at, rate in enumerate(rates)]
    return max(depths) / (max(rates) - min(rates))


@pytest.mark.parametrize("seed", range(4))
def test_the_valley_is_that_of_the_mean_rates_of_slabs(seed):
    rng = np.random.default_rng(seed)
    normal = np.eye(3)[1] if seed == 0 else rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    known = rng.random((12, 12, 12)) < 0.8
    known[:, 3] = False
    volume = np.where(known, rng.normal(size=known.shape), 0.0)
    found = columns_and_planes.valley(jnp.asarray(volume), known, jnp.asarray(normal))
    np.testing.assert_allclose(found, slow_valley(volume, known, normal), rtol=1e-4)


def test_directions_within_a_plane_are_at_right_angles_to_its_normal():
    for normal in np.random.default_rng(0).normal(size=(5, 3)):
        normal = jnp.asarray(normal / np.linalg.norm(normal), jnp.float32)
        found = np.asarray(columns_and_planes.in_plane(normal))
        np.testing.assert_allclose(found @ np.asarray(normal), 0, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
        angles = np.degrees(np.arccos(np.clip(found[:-1] * found[1:], -1, 1).sum(-1)))
        np.testing.assert_allclose(angles, 15, atol=0.1)


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_the_share_of_the_signal_is_that_without_white_noise(noise):
    rng = np.random.default_rng(3)
    clean = np.stack([bumps(name, N, 2.5, 0.0, 0.18, rng) for name in ("columns", "fcc")])
    sd = clean.std(axis=(1, 2, 3), keepdims=True)
    volumes = standardised(clean + noise * sd * rng.normal(size=clean.shape))
    found = columns_and_planes.signal(jnp.asarray(volumes.values), volumes.known)[:2]
    np.testing.assert_allclose(found, 1 / (1 + noise**2), atol=0.08)


def test_columns_and_planes_are_continuous_and_fields_are_not():
    rng = np.random.default_rng(5)
    names = ("columns", "lamellae", "bcc", "fcc")
    maps = np.stack([bumps(name, N, 2.5, 0.0, 0.18, rng) for name in names])
    maps += 0.5 * maps.std((1, 2, 3), keepdims=True) * rng.normal(size=maps.shape)
    _, found = measured(maps)
    assert found.along_columns[0] > 0.8
    assert found.within_planes[1] > 0.8
    assert found.between_planes[1] > 0.7
    assert (found.along_columns[2:] < 0.5).all()
    assert (found.within_planes[[0, 2, 3]] < 0.5).all()


def test_one_flat_field_is_no_lamellae():
    rng = np.random.default_rng(7)
    maps = [one_plane(N, 0.08, extent, rng, 0.3) for extent in (0.3, 0.5, 1e3) for _ in range(8)]
    correlation, found = [np.concatenate(parts) for parts in zip(
        *[(c, f.between_planes) for c, f in map(measured, np.split(np.stack(maps), 3))],
        strict=True,
    )]  # fmt: skip
    # their directions are those of planes: the correlation alone would call half of them lamellae
    assert (correlation[:, LATTICES.index("lamellae")] > 0.62).mean() > 0.3
    assert (found < 0.1).all()
    assert not np.isin(gj.grid_score_3d(np.stack(maps)).lattice, LATTICES).any()


def test_rows_of_separate_fields_are_no_columns():
    rng = np.random.default_rng(8)
    maps = np.stack([rows_of_fields(N, 3.0, rng) for _ in range(8)])
    correlation, found = measured(maps)
    assert (correlation[:, LATTICES.index("columns")] > 0.6).mean() > 0.5
    assert (found.along_columns < 0.6).all()
    assert not np.isin(gj.grid_score_3d(maps).lattice, ["columns", "lamellae"]).any()


def test_columns_in_a_square_array_are_no_simple_cubic_lattice():
    rng = np.random.default_rng(9)
    maps = np.stack([square_columns(N, 3.0, rng, jitter=j) for j in (0.0, 0.05) for _ in range(4)])
    assert not np.isin(gj.grid_score_3d(maps).lattice, LATTICES).any()
    correlation, found = measured(maps)
    # their directions are those of a simple cubic lattice
    assert (correlation[:, LATTICES.index("sc")] > 0.57).all()
    assert (found.along_rows > 0.8).all()


def test_simple_cubic_lattices_are_less_continuous_than_columns():
    rng = np.random.default_rng(10)
    waves = np.stack([plane_waves("sc", N, 2.8, rng) for _ in range(8)])
    fields = np.stack([bumps("sc", N, 2.8, 0.1, 0.18, rng) for _ in range(8)])
    # two of three waves are constant along an axis
    np.testing.assert_allclose(measured(waves)[1].along_rows, 2 / 3, atol=0.1)
    assert (measured(fields)[1].along_rows < 0.55).all()
    assert (gj.grid_score_3d(np.concatenate([waves[:4], fields[:4]])).lattice == "sc").all()


def share_across(pattern, axes):
    """Largest share, over axes, of the power of waves that are constant along an axis."""
    power = np.abs(np.fft.fftn(pattern - pattern.mean())) ** 2
    cycles = np.fft.fftfreq(len(pattern)) * len(pattern)
    waves = np.stack(np.meshgrid(cycles, cycles, cycles, indexing="ij"), -1).reshape(-1, 3)
    strong = np.argsort(-power.ravel())[:400]
    along = np.abs(waves[strong] @ axes.T)
    return ((along < 0.4) * power.ravel()[strong, None]).sum(0).max() / power.sum()


@pytest.mark.slow
def test_grown_patterns_called_columns_are_constant_along_an_axis():
    """By the waves of a periodic box, which have nothing in common with the score."""
    from benchmarks.volume_patterns import IDEAL, patterns

    axes = np.random.default_rng(0).normal(size=(20_000, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    setting = {"code": "difference_of_gaussians", "cycles": 2.83, "place": IDEAL}
    grown = [patterns(setting | {"saturation": limit}, 77, 24) for limit in (np.inf, 2.5, 1.75)]
    maps = np.concatenate([each[name] for each in grown for name in ("linear", "nonnegative")])
    called = gj.grid_score_3d(maps).lattice == "columns"
    shares = np.array([share_across(one, axes) for one in maps])
    assert called.sum() >= 6
    assert (shares[called] >= 0.55).all()
    # many others resemble columns by the directions of their autocorrelograms alone
    correlation, _ = [
        np.concatenate(parts) for parts in zip(
            *[(c, f.along_columns) for c, f in map(measured, np.split(maps, 18))], strict=True
        )
    ]  # fmt: skip
    resemble = (correlation.argmax(1) == LATTICES.index("columns")) & ~called
    assert resemble.sum() >= 10
    assert np.median(shares[resemble]) < 0.55
