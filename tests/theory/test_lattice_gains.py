"""Gains of ideal lattices: known values of waves of one length, and a matrix as the slow way."""

import itertools
import math

import numpy as np
import pytest

from gridjax.metrics.spectral import pattern_formation, turing
from gridjax.metrics.spectral.amplitude_equations import STARS
from gridjax.theory.lattice_gains import CELLS, cell_gain, lattice_gains
from gridjax.theory.prediction import predict


def one_length(wavenumber):
    return lambda k: (np.abs(k - wavenumber) < 1e-6).astype(float)


@pytest.mark.parametrize(
    ("name", "distance"),
    [("bcc", 6**0.5 * math.pi), ("columns", 4 * math.pi / 3**0.5), ("lamellae", 2 * math.pi)],
)
def test_cells_hold_the_waves_of_their_lattice(name, distance):
    """With waves of one length, only a cell of the lattice's period has a gain."""
    assert cell_gain(one_length(1.0), name, distance) > 0.49
    assert cell_gain(one_length(1.0), name, 0.97 * distance) == 0


def test_waves_of_one_length_prefer_the_lattice_with_most_triads():
    gains = {
        name: cell_gain(one_length(1.0), name, turing.lattice_period(1.0, dimensions))
        for name, dimensions in (("bcc", 3), ("fcc", 3), ("columns", 2), ("lamellae", 1))
    }
    assert sorted(gains, key=gains.__getitem__, reverse=True)[:2] == ["bcc", "columns"]
    # half of a pattern's power is in the waves if a pattern and its negative are equal
    assert gains["fcc"] == pytest.approx(0.5)
    assert gains["lamellae"] == pytest.approx(0.5)


def test_the_gain_of_planes_is_that_of_the_matrix():
    """On a line of one period: a covariance matrix and the dynamics of pattern_formation."""
    n, period = 12, 0.7

    def power(k):
        return turing.surround_power(k, 0.1, 2.0)

    shift = (np.arange(n)[:, None] - np.arange(n)) % n
    k = 2 * np.pi * np.fft.fftfreq(n, period / n)
    spectrum = power(k)
    spectrum[0] = 0
    matrix = np.fft.ifft(spectrum).real[shift]
    grown = pattern_formation.grow_on(lambda rates: matrix @ rates, (n,), 8, 2000, seed=1)
    gains = np.einsum("ui,ij,uj->u", grown, matrix, grown)
    assert cell_gain(power, "lamellae", period) == pytest.approx(gains.max(), rel=1e-3)


@pytest.mark.parametrize("name", sorted(CELLS))
def test_fields_of_a_cell_have_their_neighbours_at_one_period(name):
    sides, fields = (np.array(part) for part in CELLS[name])
    images = np.array(list(itertools.product((-1, 0, 1), repeat=len(sides))))
    places = ((fields[:, None] + images) * sides).reshape(-1, len(sides))
    n_neighbours = {"bcc": 8, "fcc": 12, "hcp": 12, "sc": 6, "columns": 6, "lamellae": 2}[name]
    for field in fields * sides:
        distance = np.sort(np.linalg.norm(places - field, axis=1))
        np.testing.assert_allclose(distance[1 : 1 + n_neighbours], 1)
        assert not (distance[1 + n_neighbours :] < 1.01).any()


def test_gains_do_not_depend_on_the_size_of_the_world_and_fall_with_the_limit():
    gains = lattice_gains(predict(0.12, 2.0, 2.2, 3))
    assert lattice_gains(predict(0.24, 2.0, 5.0, 3)) == pytest.approx(gains)
    assert set(gains) > set(STARS)
    limited = lattice_gains(predict(0.12, 2.0, 2.2, 3), 1.6)
    assert all(limited[name] < gains[name] for name in ("bcc", "fcc", "hcp", "sc"))
    # a limit on rates favours patterns of wide fields
    assert max(limited, key=limited.__getitem__) == "columns"
