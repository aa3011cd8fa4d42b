"""Codes outside the box: the measures against loops, and codes whose ranges are known."""

import jax
import numpy as np
import pytest
from oracles import outside_box as slow

from gridjax.errors import GridjaxError
from gridjax.metrics import lattice_module, outside_box, outside_period_ratios

BOX_M, BINS, WITHIN = 1.0, 16, 20.0
RANDOM = np.random.default_rng(1)
N_PATHS, N_MOVES = 3600, 20


def walks():
    """Nearly straight paths of 3 cm a move from places in the box."""
    start = RANDOM.uniform(-BOX_M / 2, BOX_M / 2, (N_PATHS, 1, 2))
    turns = np.cumsum(RANDOM.normal(0, 0.1, (N_PATHS, N_MOVES)), axis=1)
    heading = RANDOM.uniform(0, 2 * np.pi, (N_PATHS, 1)) + turns
    moves = 0.03 * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    return start + np.cumsum(moves, axis=1)


PATHS = walks()
CENTRES = RANDOM.uniform(-BOX_M, BOX_M, (60, 2))
IS_OUT = np.abs(PATHS).max(axis=-1, keepdims=True) > BOX_M / 2


def places(positions):
    """Place cells 15 cm wide in the whole window."""
    squared = np.square(positions[..., None, :] - CENTRES).sum(axis=-1)
    return np.exp(-squared / (2 * 0.15**2))


def waves(positions):
    """Twelve units of a square lattice with a period of 50 cm."""
    phases = 4 * np.pi * (positions[..., None, :] - CENTRES[:12])
    return np.cos(phases).sum(axis=-1)


def offsets(size_cm):
    """A displacement in a random direction for each path."""
    angle = RANDOM.uniform(0, 2 * np.pi, N_PATHS)
    return 0.01 * size_cm * np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]


def measure(rates, within_cm=WITHIN):
    return outside_box(PATHS, rates, BOX_M, within_cm, BINS)


@pytest.fixture(scope="module")
def of_places():
    return measure(places(PATHS))


def test_an_ideal_integrator_with_a_unique_code_reaches_as_far_as_its_paths(of_places):
    assert of_places.range_boxes == of_places.unique_range_boxes == of_places.reach_boxes >= 1.7
    assert np.nanmax(np.abs(of_places.unique_excess_cm)) < 1  # far bins have few states
    assert of_places.error_in_box_cm.max() < 4  # the half diagonal of a bin is 4.4 cm
    assert min(of_places.reliability_in_box, of_places.reliability_outside) > 0.97


def test_a_periodic_code_of_an_ideal_integrator_reaches_as_far_within_half_a_period():
    found = measure(waves(PATHS))
    assert found.range_boxes == found.reach_boxes
    assert np.nanmax(np.abs(found.excess_cm)) < 1


def test_a_code_that_is_constant_beyond_the_walls_ends_there():
    edge = np.clip(PATHS, -BOX_M / 2, BOX_M / 2)
    found = measure(places(edge), within_cm=40)
    # a state does not say how far beyond the wall it is
    assert found.range_boxes == found.unique_range_boxes == 1 < found.reach_boxes
    assert found.excess_cm[:6].min() > 5


def test_errors_that_grow_with_the_moves_alone_do_not_end_the_range():
    drift = offsets(1.0) * np.arange(1, N_MOVES + 1)[:, None]
    found = measure(places(PATHS + drift), within_cm=40)
    assert found.error_in_box_cm[-1] > found.error_in_box_cm[0] + 6
    assert found.range_boxes == found.reach_boxes


def test_a_code_with_the_same_noise_everywhere_is_no_worse_outside():
    """Bins outside are visited less often; with a code book of all states the excess is 3 cm."""
    axis = np.arange(-1.3, 1.31, 0.13)
    centres = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    squared = np.square(PATHS[..., None, :] - centres).sum(axis=-1)
    noise = np.random.default_rng(7).normal(0, 0.3, (N_PATHS, 1, len(centres)))
    found = measure(np.exp(-squared / (2 * 0.15**2)) + noise)
    assert found.error_in_box_cm.max() > 5
    assert abs(np.nanmean(found.excess_cm)) < 1


def test_states_that_depend_on_the_path_outside_have_no_code_there(of_places):
    found = measure(places(PATHS + IS_OUT * offsets(60.0)), within_cm=40)
    assert found.range_boxes == 1
    assert found.reliability_in_box == pytest.approx(of_places.reliability_in_box, abs=0.01)
    # neighbouring bins are visited by the same paths, so that halves differ, not single bins
    assert found.reliability_outside < 0.5


def test_states_that_are_not_finite_are_errors(of_places):
    rates = np.where(IS_OUT & (RANDOM.random((N_PATHS, 1, 1)) < 0.6), np.inf, places(PATHS))
    found = measure(rates)
    assert found.unique_range_boxes == 1
    # six of ten have the largest error that the decoder can make: no infinite one
    assert np.isfinite([found.excess_cm[0], found.unique_excess_cm[0]]).all()
    beyond = found.error_cm[0] - of_places.error_cm[0]
    largest = WITHIN - of_places.error_cm[0]
    assert 0.5 * largest < beyond < 0.65 * largest
    assert np.nanmax(found.error_cm) <= WITHIN
    assert found.reliability_outside > 0.9
    # a few bins beside the walls are no longer in the code book
    np.testing.assert_allclose(found.error_in_box_cm, of_places.error_in_box_cm, atol=0.1)


def test_the_measures_are_those_of_loops():
    paths, rates = PATHS[:2000, 8:], places(PATHS + 0.05 * RANDOM.normal(size=PATHS.shape))
    rates = rates[:2000, 8:, :8]
    excess, in_box = slow.outside_box(paths, rates, BOX_M, WITHIN, 10)
    found = outside_box(paths, rates, BOX_M, WITHIN, 10)
    assert np.isfinite(excess).sum() >= 8
    np.testing.assert_allclose(found.excess_cm, excess[0], rtol=1e-9)
    np.testing.assert_allclose(found.unique_excess_cm, excess[1], rtol=1e-9)
    np.testing.assert_allclose(found.error_in_box_cm, in_box, rtol=1e-9)
    assert found.unique_excess_cm[0] != pytest.approx(found.excess_cm[0])


def test_maps_are_means_over_all_paths(of_places):
    assert of_places.maps.shape == (60, 2 * BINS, 2 * BINS)
    place = np.floor((PATHS / (2 * BOX_M) + 0.5) * 2 * BINS).astype(int)
    there = (place == [16, 20]).all(axis=-1)
    expected = places(PATHS)[there].mean(axis=0)
    np.testing.assert_allclose(of_places.maps[:, 16, 20], expected)
    assert np.isnan(of_places.maps[:, 0, 0]).all()


@pytest.mark.slow
def test_periods_around_the_box_are_those_of_the_lattice_there():
    key = jax.random.key(2)
    inside, wide = (lattice_module(key, 8, period, 4.0, 64) for period in (80, 96))
    np.testing.assert_allclose(outside_period_ratios(inside, 2.0), 1, rtol=0.02)
    box = slice(16, 48)
    wide[:, box, box] = inside[:, box, box]
    np.testing.assert_allclose(outside_period_ratios(wide, 2.0), 1.2, rtol=0.03)
    none = np.random.default_rng(0).normal(size=(3, 64, 64))
    assert np.isnan(outside_period_ratios(none, 2.0)).sum() >= 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: outside_box(PATHS, places(PATHS)[:5], BOX_M), "positions have shape"),
        (lambda: outside_box(PATHS[:1], PATHS[:1], BOX_M), "positions have shape"),
        (lambda: outside_box(PATHS[:4] / 0, PATHS[:4], BOX_M), "finite"),
        (lambda: outside_box(PATHS, PATHS, 0), "box_width_m"),
        (lambda: outside_box(PATHS, PATHS, BOX_M, n_bins=9), "n_bins"),
        (lambda: outside_box(PATHS, PATHS, BOX_M, within_cm=0.1), "within_cm"),
        (lambda: outside_period_ratios(np.ones((1, 30, 30)), BOX_M), "30 bins"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_invalid_input_is_named(call, message):
    with pytest.raises(GridjaxError, match=message):
        call()
