"""Modes and triads of a box against enumeration by loops."""

import math

import numpy as np
import pytest
from oracles import turing as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.spectral.box_modes import box_modes, hexagonal_triads, nearest_modes


@pytest.mark.parametrize(("most", "dimensions"), [(7, 1), (6.5, 2), (5, 2), (3.7, 3)])
def test_every_mode_is_there_with_its_equivalents(most, dimensions):
    found = box_modes(most, dimensions)
    counts: dict[int, int] = {}
    for mode in found:
        squared = round(mode.length**2)
        assert squared == sum(n**2 for n in mode.n)
        counts[squared] = counts.get(squared, 0) + mode.n_equivalent
    assert counts == oracle.lengths_by_enumeration(most, dimensions)
    assert [mode.length for mode in found] == sorted(mode.length for mode in found)


def test_half_steps_are_the_whole_ones_of_a_box_twice_as_wide():
    halves, wholes = box_modes(3.0, step=0.5), box_modes(6.0)
    assert [mode.length for mode in halves] == [mode.length / 2 for mode in wholes]
    assert [mode.n_equivalent for mode in halves] == [mode.n_equivalent for mode in wholes]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("cycles", [0.2, 2.81, 5.5])
def test_the_nearest_modes_are_nearest(cycles, dimensions):
    found = nearest_modes(cycles, 3, dimensions)
    distances = sorted(abs(mode.length - cycles) for mode in box_modes(12, dimensions))
    assert [abs(mode.length - cycles) for mode in found] == pytest.approx(distances[:3])


def test_the_triads_of_the_paper_widths_are_those_named():
    found = hexagonal_triads(4.0)
    assert [round(triad.length, 2) for triad in found] == [2.16, 3.05, 3.74]
    assert found[0].modes == ((2.0, 1.0), (0.0, -2.0), (-2.0, 1.0))


def test_triads_are_all_that_loops_find():
    for spread in (0.05, 0.2):
        lengths = sorted({round(t.length, 9) for t in hexagonal_triads(4.5, spread)})
        assert lengths == pytest.approx(oracle.triad_lengths(4.5, spread))


def test_triads_sum_to_zero_near_60_degrees():
    triads = hexagonal_triads(9.0, 0.15)
    assert len({triad.modes for triad in triads}) == len(triads) > 20
    for triad in triads:
        modes = np.array(triad.modes)
        lengths = np.hypot(*modes.T)
        assert np.all(modes.sum(axis=0) == 0)
        assert triad.length == pytest.approx(lengths.mean())
        assert triad.spread == pytest.approx(lengths.max() / lengths.min() - 1)
        assert triad.spread <= 0.15
        cosines = [
            modes[i] @ modes[j] / lengths[i] / lengths[j] for i, j in ((0, 1), (0, 2), (1, 2))
        ]
        off = max(abs(math.degrees(math.acos(-c)) - 60) for c in cosines)
        assert triad.off_60_deg == pytest.approx(off)
    # The nearest to a regular hexagon that whole numbers of up to 4 give
    best = min(hexagonal_triads(4.5), key=lambda triad: triad.off_60_deg)
    assert best.off_60_deg == pytest.approx(1.93, abs=0.01)


def test_legions_of_modes_are_refused():
    for call in (lambda: box_modes(1e6), lambda: nearest_modes(1e9), lambda: box_modes(math.nan)):
        with pytest.raises(GridjaxError, match="at most 64 steps"):
            call()
    with pytest.raises(GridjaxError, match="give 1, 2 or 3"):
        box_modes(3, 4)
