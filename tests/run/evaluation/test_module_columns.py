"""Columns of modules, from maps of synthetic modules whose phases and periods are known."""

import numpy as np
import pytest

from gridjax.metrics.lattice.lattice import lattice
from gridjax.run.evaluation.module_columns import COLUMNS, module_columns

BOX_M, N = 1.6, 44


def module_maps(period_m, turn, phases_m, noise=0.2, seed=0, n=N):
    """Maps of lattices with these phases (m, from the middle of the box), with some noise."""
    rng = np.random.default_rng(seed)
    x = ((np.arange(n) + 0.5) / n - 0.5) * BOX_M
    places = np.stack(np.meshgrid(x, x, indexing="ij"))
    angles = turn + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / (np.sqrt(3) * period_m) * np.c_[np.cos(angles), np.sin(angles)]
    maps = [
        sum(np.cos(np.tensordot(wave, places - np.reshape(phase, (2, 1, 1)), 1)) for wave in waves)
        for phase in phases_m
    ]
    maps = np.maximum(np.array(maps) + noise * rng.normal(size=(len(maps), n, n)), 0)
    return maps.astype(np.float32)


def cell_phases(period_m, turn, n_side):
    """Phases that tile the unit cell: n_side x n_side points of it."""
    v1, v2 = (period_m * np.array([np.cos(turn + a), np.sin(turn + a)]) for a in (0, np.pi / 3))
    shares = [
        ((i + 0.2) / n_side, (j + 0.4) / n_side) for i in range(n_side) for j in range(n_side)
    ]
    return np.array([a * v1 + b * v2 for a, b in shares])


def columns_of(maps):
    found = lattice(maps, BOX_M)
    units = {name: np.asarray(value) for name, value in found._asdict().items()}
    units["nbins"] = np.full(len(maps), N)
    return module_columns(units, N)


@pytest.mark.parametrize(("period_m", "turn"), [(0.5, 0.3), (0.64, 1.0), (0.41, 0.02)])
def test_phases_of_units_are_those_of_their_maps(period_m, turn):
    phases = cell_phases(period_m, turn, 4)
    found = lattice(module_maps(period_m, turn, phases), BOX_M)
    nearest = np.stack([found.phase_x_cm, found.phase_y_cm], axis=1) / 100
    axes = [period_m * np.array([np.cos(turn + a), np.sin(turn + a)]) for a in (0, np.pi / 3)]
    around = [i * axes[0] + j * axes[1] for i in range(-2, 3) for j in range(-2, 3)]
    for one, phase in zip(nearest, phases, strict=True):
        copies = [phase + move for move in around]
        expected = min(copies, key=np.linalg.norm)
        # two copies may be equally near
        assert min(np.linalg.norm(one - copy) for copy in copies) < 0.02 * period_m
        assert np.linalg.norm(one) < np.linalg.norm(expected) + 0.02 * period_m


@pytest.mark.slow
def test_phases_of_pooled_maps_of_odd_sides_have_the_same_middle():
    phases = cell_phases(0.5, 0.3, 3)
    coarse = lattice(module_maps(0.5, 0.3, phases), BOX_M)
    found = lattice(module_maps(0.5, 0.3, phases, n=89), BOX_M)
    apart = np.stack(
        [found.phase_x_cm - coarse.phase_x_cm, found.phase_y_cm - coarse.phase_y_cm], axis=1
    )
    v1, v2 = (50 * np.array([np.cos(0.3 + a), np.sin(0.3 + a)]) for a in (0, np.pi / 3))
    copies = np.array([i * v1 + j * v2 for i in (-1, 0, 1) for j in (-1, 0, 1)])
    assert np.linalg.norm(apart[:, None] + copies, axis=2).min(axis=1).max() < 0.5


def test_a_module_whose_phases_tile_does_not_cluster():
    row = columns_of(module_maps(0.5, 0.3, cell_phases(0.5, 0.3, 5)))
    assert set(row) == set(COLUMNS)
    assert row["share_with_lattice"] == 1
    assert (row["n_modules"], row["share_in_modules"]) == (1, 1)
    assert row["module_period_cm"] == pytest.approx(50, rel=0.02)
    assert row["module_phase_clustering"] < 0.05
    assert np.isnan(row["module_ratio"])


def test_a_module_of_one_phase_clusters_and_a_random_one_as_chance():
    rng = np.random.default_rng(2)
    one = np.repeat([[0.1, -0.2]], 20, axis=0)
    assert columns_of(module_maps(0.5, 0.3, one))["module_phase_clustering"] > 0.97
    random = columns_of(module_maps(0.5, 0.3, rng.uniform(-1, 1, (36, 2))))
    assert 0.03 < random["module_phase_clustering"] < 0.4  # 1 / sqrt(36) = .17


def test_two_modules_have_their_ratio_and_units_without_a_lattice_belong_to_none():
    rng = np.random.default_rng(3)
    small = module_maps(0.4, 0.3, rng.uniform(-1, 1, (24, 2)))
    large = module_maps(0.4 * 1.42, 0.5, rng.uniform(-1, 1, (16, 2)), seed=1)
    noise = rng.random((40, N, N)).astype(np.float32)
    row = columns_of(np.concatenate([small, noise, large]))
    assert row["n_modules"] == 2
    assert row["module_ratio"] == pytest.approx(1.42, rel=0.02)
    assert row["module_period_cm"] == pytest.approx(40, rel=0.02)
    assert row["share_in_modules"] == pytest.approx(0.5, abs=0.03)
    assert row["share_with_lattice"] == pytest.approx(0.5, abs=0.08)


def test_units_without_any_lattice_have_no_module():
    noise = np.random.default_rng(4).random((30, N, N)).astype(np.float32)
    row = columns_of(noise)
    assert row["n_modules"] == row["share_in_modules"] == 0
    assert np.isnan(row["module_period_cm"])
    assert np.isnan(row["module_phase_clustering"])
