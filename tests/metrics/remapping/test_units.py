"""Kinds of units, their partners, and the coherence of phase shifts of a known module."""

import numpy as np
import pytest

from gridjax.metrics.remapping.phase_coherence import phase_coherence
from gridjax.metrics.remapping.unit_kinds import (
    GRID,
    N_PARTNERS,
    OTHER,
    PLACE,
    SILENT,
    orientation_difference,
    partners,
    unit_kinds,
)


def test_kinds_of_units():
    is_grid = np.array([[1, 1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 1]], bool)
    is_active = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 1]], bool)
    is_compact = np.array([1, 1, 1, 0, 1, 0], bool)
    kinds = unit_kinds(is_grid, is_active, is_compact)
    assert kinds.tolist() == [GRID, OTHER, PLACE, OTHER, SILENT, GRID]


def test_partners_are_other_units_of_the_same_kind():
    kinds = np.array([GRID, PLACE, OTHER, SILENT] + [GRID, PLACE, PLACE] * 7)
    found = partners(kinds)
    assert found.shape == (N_PARTNERS, len(kinds))
    for unit, kind in enumerate(kinds):
        mine = found[:, unit]
        if kind in (OTHER, SILENT):  # one unit of its kind, and none that is active
            assert (mine == -1).all()
            continue
        assert unit not in mine
        assert (kinds[mine] == kind).all()
        n = (kinds == kind).sum()
        assert len(set(mine)) == min(N_PARTNERS, n - 1)
    for of_all in found:  # a shuffle: every unit is the partner of one unit
        known = of_all[of_all >= 0]
        assert len(set(known)) == len(known)


def test_orientations_repeat_every_60_degrees():
    first = np.radians([1.0, 59.0, 10.0])
    second = np.radians([59.0, 1.0, 40.0])
    np.testing.assert_allclose(np.degrees(orientation_difference(first, second)), [2, 2, 30])


PERIOD, TURN, UNITS = 60.0, 0.2, 40
SHIFT = np.array([13.0, -8.0])


def module(seed):
    """A module in environment 0: period, orientation, and phases that fill the unit cell."""
    random = np.random.default_rng(seed)
    axes = PERIOD * np.array([[np.cos(TURN + a), np.sin(TURN + a)] for a in (0, np.pi / 3)])
    return random, random.random((UNITS, 2)) @ axes, axes


def coherence(first, second, is_grid=None):
    known = np.ones(UNITS, bool) if is_grid is None else is_grid
    full = (np.full(UNITS, PERIOD), np.full(UNITS, TURN))
    return phase_coherence(*full, np.stack([first, second]), known)


def test_units_that_shift_together_are_coherent_and_shuffled_units_are_not():
    random, first, axes = module(0)
    lattice_vectors = random.integers(-2, 3, (UNITS, 2)) @ axes
    own, shuffled = coherence(first, first + SHIFT + lattice_vectors)
    assert own == pytest.approx(1, abs=1e-9)
    assert shuffled < 3 / np.sqrt(UNITS)


def test_units_that_shift_apart_are_no_more_coherent_than_shuffled_units():
    found = [coherence(module(seed)[1], module(seed + 100)[1]) for seed in range(20)]
    own, shuffled = np.mean(found, axis=0)
    assert own == pytest.approx(1 / np.sqrt(UNITS), rel=0.25)
    assert shuffled == pytest.approx(1 / np.sqrt(UNITS), rel=0.25)


def test_units_that_are_not_grid_like_do_not_count():
    _, first, _ = module(0)
    second = first + SHIFT
    second[20:] = module(5)[1][20:]
    is_grid = np.arange(UNITS) < 20
    assert coherence(first, second)[0] < 0.9
    assert coherence(first, second, is_grid)[0] == pytest.approx(1, abs=1e-9)
    assert np.isnan(coherence(first, second, np.arange(UNITS) < 5)).all()
