"""Wavelengths of a lattice in the box: which networks can hold one that is no mode of the box."""

import math

import numpy as np
import pandas as pd
import pytest

from gridjax import plotting
from gridjax.studies import mark_small_boxes, wavelengths_in_box, with_lattices_that_fit

DOS = {
    "place_field_values": "difference_of_gaussians",
    "place_cell_rf": 0.12,
    "surround_scale": 2.0,
    "surround_convention": "std",
    "dimensions": 2,
    "box_width_in_m": 2.2,
    "box_height_in_m": 2.2,
}


def rows(*changes):
    return pd.DataFrame([DOS | each for each in changes], index=range(5, 5 + len(changes)))


def test_wavelengths_are_the_box_over_that_of_the_largest_power():
    """k* of exp(-k^2 / 2) - exp(-s^2 k^2 / 2), found on a fine grid, in units of 1 / sigma."""
    k = np.linspace(0.01, 5, 500_000)
    best = k[np.argmax(np.exp(-(k**2) / 2) - np.exp(-2 * k**2))]
    (found,) = wavelengths_in_box(rows({}))
    assert found == pytest.approx(2.2 * best / 0.12 / (2 * math.pi), rel=1e-4)


def test_the_shorter_side_and_the_convention_of_the_surround_count():
    usual, low, variance = wavelengths_in_box(
        rows({}, {"box_height_in_m": 1.1}, {"surround_convention": "variance", "surround_scale": 4})
    )
    assert low == pytest.approx(usual / 2)
    assert variance == pytest.approx(usual)


@pytest.mark.parametrize(
    "change",
    [
        {"place_field_values": "gaussian"},
        {"place_cell_rf": math.nan},
        {"surround_scale": math.nan},
        {"dimensions": 3},
    ],
)
def test_an_unknown_number_is_nan_and_leaves_no_network_out(change):
    networks = rows({}, change)
    assert np.isnan(wavelengths_in_box(networks)).tolist() == [False, True]
    assert with_lattices_that_fit(networks).equals(networks)


def test_networks_with_fewer_than_two_and_a_half_wavelengths_are_left_out():
    widths = [0.11, 0.134, 0.135, 0.20]
    kept = with_lattices_that_fit(rows(*({"place_cell_rf": width} for width in widths)))
    assert kept["place_cell_rf"].tolist() == [0.11, 0.134]
    assert with_lattices_that_fit(rows({})[:0]).empty


@pytest.mark.parametrize(("widths", "n"), [([0.11, 0.12], 0), ([0.12, 0.15, 0.18], 1)])
def test_the_figure_marks_them(widths, n):
    networks = rows(*({"place_cell_rf": width} for width in widths))
    axes = plotting.new_figure(2).subplots()
    axes.set_xlim(10, 20)
    mark_small_boxes(axes, 100 * networks["place_cell_rf"], networks)
    (at_12, *_) = wavelengths_in_box(rows({}))
    starts = [patch.get_extents().x0 for patch in axes.patches]
    assert starts == pytest.approx(n * [axes.transData.transform((12 * at_12 / 2.5, 0))[0]])
    assert axes.get_xlim() == (10, 20)
