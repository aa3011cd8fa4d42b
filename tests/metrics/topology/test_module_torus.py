"""Torus of a module: distances against an oracle, known shapes, nulls, and units of a module."""

import sys

import jax
import numpy as np
import pytest
from oracles import fuzzy_distances as oracle

import gridjax as gj
from gridjax.metrics import fit_lattice, module_torus, torus_units
from gridjax.metrics.topology import persistence
from gridjax.metrics.topology.fuzzy_distances import (
    distances,
    membership,
    principal_components,
    spread_points,
)
from gridjax.metrics.topology.module_torus import disc, rotated_maps


def cloud(n=40, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 6))


@pytest.mark.parametrize("k", [9, 25, 100])
def test_memberships_and_chosen_points_are_those_of_the_oracle(k):
    points = cloud()
    ours = membership(points, k)
    np.testing.assert_allclose(ours, oracle.membership(points, min(k, 40)), atol=1e-7)
    np.testing.assert_array_equal(spread_points(ours, 15), oracle.spread_points(ours, 15))
    assert sorted(spread_points(ours, 99)) == list(range(40))
    apart = distances(ours)
    assert (apart == apart.T).all()
    assert not np.diag(apart).any()
    np.testing.assert_allclose(np.exp(-apart)[ours > 0], (ours + np.eye(40) * 1)[ours > 0])
    assert np.isinf(apart).any() == (k < 40)


def test_principal_components_are_those_of_scaled_units():
    activity = cloud(50) @ np.random.default_rng(1).normal(size=(6, 9)) * np.arange(1, 10)
    # units that are constant but for rounding; the deviation of 0.1 is not 0
    constant = np.full((50, 1), 0.1), 1 + 1e-8 * np.random.default_rng(2).normal(size=(50, 1))
    activity = np.concatenate([activity, *constant], axis=1)
    found = principal_components(activity, 4)
    np.testing.assert_allclose(found, principal_components(activity * 7 + 3, 4), atol=1e-9)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(found, principal_components(activity * scale, 4), atol=1e-9)
    values = np.linalg.eigvalsh(np.corrcoef(activity[:, :9].T))[::-1]
    np.testing.assert_allclose(np.square(found).mean(axis=0), values[:4])
    np.testing.assert_allclose(found.T @ found, np.diag(50 * values[:4]), atol=1e-9)


SIDE = 25


def lattice_maps(n_units=36, period=9.0, noise=0.0, seed=0, turn=0.2):
    """Maps of hexagonal lattices with one period (bins) and orientation, and phases that tile."""
    rng = np.random.default_rng(seed)
    angles = turn + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / np.sqrt(3) / period * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    phases = rng.uniform(-2 * period, 2 * period, (n_units, 2))
    places = np.moveaxis(np.indices((SIDE, SIDE)), 0, -1)
    away = (places[None] - phases[:, None, None]) @ waves.T
    maps = np.maximum(np.cos(away).sum(axis=-1), 0)
    return np.maximum(maps + noise * rng.normal(size=maps.shape), 0)


def test_rotated_maps_are_rotated_and_draws_differ():
    places = (np.indices((SIDE, SIDE)) - (SIDE - 1) / 2).astype(float)
    maps = np.stack([places[0], places[1], np.hypot(*places)])
    first, second = rotated_maps(jax.random.key(0), maps, 2)
    inside = disc(SIDE)
    assert inside.sum() == pytest.approx(np.pi / 4 * SIDE**2, rel=0.03)
    # a plane stays a plane of the same slope, in another direction; a cone does not change
    for drawn in (first, second):
        slopes = np.linalg.lstsq(
            np.stack([places[0][inside], places[1][inside]], axis=1),
            drawn[:2, inside].T,
            rcond=None,
        )[0]
        np.testing.assert_allclose(np.linalg.norm(slopes, axis=0), 1, atol=0.02)
        np.testing.assert_allclose(drawn[2, inside], maps[2, inside], atol=0.5)
    assert np.abs(first[0] - second[0])[inside].max() > 1
    assert np.abs(np.corrcoef(first[0][inside], first[1][inside])[0, 1]) > 0.05


def test_units_near_the_middle_of_the_largest_module_are_selected():
    period = np.array([50.0] * 12 + [54.0, 56.0, np.nan, 80.0])
    turn = np.array([0.01] * 6 + [np.pi / 3 - 0.01] * 6 + [0.0, 0.0, np.nan, 0.0])
    turn[0] = np.deg2rad(6)
    chosen = torus_units(period, turn)
    np.testing.assert_array_equal(np.flatnonzero(chosen), [*range(1, 13)])
    assert not torus_units(period[:5], turn[:5]).any()
    maps = lattice_maps(14)
    found = fit_lattice(maps, box_width_m=1.0)
    assert torus_units(np.asarray(found.period_cm), np.asarray(found.orientation_rad)).sum() >= 12


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ripser", None)
    with pytest.raises(gj.GridjaxError, match="ripser is missing") as caught:
        module_torus(jax.random.key(0), lattice_maps())
    assert "pip install 'gridjax[torus]'" in str(caught.value)


@pytest.fixture
def without_ripser(monkeypatch):
    """Checks of arguments come before the homology."""
    for name in ("persistence", "module_torus"):
        module = f"gridjax.metrics.topology.{name}.load_ripser"
        monkeypatch.setattr(module, lambda: pytest.fail("computed"))
    monkeypatch.setattr("gridjax.metrics.topology.module_torus.load_ripser", lambda: None)


@pytest.mark.usefixtures("without_ripser")
@pytest.mark.parametrize(
    ("maps", "more", "said"),
    [
        (np.zeros((9, 20, 21)), {}, r"maps have shape \(9, 20, 21\)"),
        (np.zeros((9, 20, 20)), {}, "maps of 0 units vary"),
        (lattice_maps(5), {}, "maps of 5 units vary"),
        (np.full((9, 20, 20), 0.1), {}, "maps of 0 units vary"),
        (np.full((9, 20, 20), np.nan), {}, "NaN"),
        (np.ma.masked_greater(lattice_maps(), 2), {}, "NaN"),
        ("maps", {}, "maps are <U4"),
        (lattice_maps(), {"n_draws": 0}, "n_draws is 0"),
        (lattice_maps(), {"n_points": 3}, "n_points is 3"),
        (lattice_maps(), {"code": np.zeros((7, 3))}, r"code has shape \(7, 3\)"),
    ],
)
def test_invalid_arguments_are_named(maps, more, said):
    with pytest.raises(gj.GridjaxError, match=said):
        module_torus(jax.random.key(0), maps, **more)


def angles(n):
    return 2 * np.pi * (np.arange(n) + 0.5) / n


def ring():
    return np.exp(3 * np.cos(angles(400)[:, None] - angles(30)))


def torus():
    """Population vectors of hexagonal cells at all phases."""
    first, second = (each.ravel() for each in np.meshgrid(angles(24), angles(24)))
    units = [each.ravel() for each in np.meshgrid(angles(6), angles(6))]
    a, b = first[:, None] - units[0], second[:, None] - units[1]
    return np.maximum(np.cos(a) + np.cos(b) + np.cos(a + b), 0)


def on_sphere(n):
    z = 1 - 2 * (np.arange(n) + 0.5) / n  # Fibonacci's points, evenly spread
    turn = np.arange(n) * np.pi * (3 - 5**0.5)
    r = np.sqrt(1 - z**2)
    return np.stack([r * np.cos(turn), r * np.sin(turn), z], axis=1)


def sphere():
    return np.exp(3 * on_sphere(400) @ on_sphere(30).T)


def plane():
    x = np.linspace(-1, 1, 22)
    places = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    centres = np.stack(np.meshgrid(x[::4], x[::4]), axis=-1).reshape(-1, 2)
    return np.exp(-np.square(places[:, None] - centres).sum(axis=-1) / (2 * 0.4**2))


def long_and_other(shape, n_circles, n_cavities):
    """The shortest of the bars that a shape has, and the longest of all other bars."""
    found = persistence.bars(shape(), 250, has_cavities=True)
    long = [*found.circles[:n_circles], *found.cavities[:n_cavities]]
    other = [*found.circles[n_circles:], *found.cavities[n_cavities:], 0.0]
    assert len(long) == n_circles + n_cavities
    return min(long, default=0.0), max(other)


@pytest.mark.parametrize(
    ("shape", "n_circles", "n_cavities"), [(torus, 2, 1), (ring, 1, 0), (sphere, 0, 1)]
)
def test_long_bars_are_those_of_the_shape(shape, n_circles, n_cavities):
    pytest.importorskip("ripser")
    long, other = long_and_other(shape, n_circles, n_cavities)
    assert long > 4 * other


def test_a_plane_has_no_long_bar_and_cavities_are_left_out_unless_asked_for():
    pytest.importorskip("ripser")
    without = persistence.bars(plane(), 250)
    assert without.circles[0] < 2 * without.circles[1]
    assert without.circles[0] < long_and_other(torus, 2, 1)[0] / 4
    assert not len(without.cavities)
    of_both = persistence.bars(plane(), 250, has_cavities=True)
    np.testing.assert_allclose(without.circles, of_both.circles)


def test_a_module_is_a_torus_and_its_nulls_are_none():
    pytest.importorskip("ripser")
    rng = np.random.default_rng(0)
    code = rng.random((SIDE**2, 40))
    found = module_torus(jax.random.key(1), lattice_maps(), code, n_draws=5, n_points=300)
    assert found.null_circle_ratios.keys() == {"rotated", "isotropic", "random_readouts"}
    for name, p in found.p_circles.items():
        assert p == pytest.approx(1 / 6), (name, found)
    assert np.isnan(found.cavity_ratio)
    assert all(np.isnan(each).all() for each in found.null_cavity_ratios.values())
    again = module_torus(jax.random.key(1), lattice_maps(), n_draws=2, n_points=300)
    assert again.circle_ratio == found.circle_ratio
    for name, ratios in again.null_circle_ratios.items():
        np.testing.assert_array_equal(ratios, found.null_circle_ratios[name][:2])
    assert "random_readouts" not in again.p_circles
