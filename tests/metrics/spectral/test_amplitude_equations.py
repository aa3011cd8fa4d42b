"""Amplitude equations: counts of triads, moments against maps, and the known order of lattices."""

import itertools
import math

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.spectral.amplitude_equations import (
    STARS,
    lattice_energies,
    preferred_lattices,
    wave_star,
)

LATTICES = sorted(STARS)


def pattern(name, n=16):
    """The sum of a lattice's waves over one cell of n^3 bins, by a loop over waves."""
    x = 2 * np.pi * np.arange(n) / n
    waves = np.zeros((n, n, n))
    for i, j, k in STARS[name]:
        waves += np.cos(i * x[:, None, None] + j * x[:, None] + k * x)
    return waves


@pytest.mark.parametrize(
    ("name", "n_waves", "n_triads"),
    [("bcc", 12, 8), ("columns", 6, 2), ("fcc", 8, 0), ("sc", 6, 0), ("lamellae", 2, 0)],
)
def test_waves_and_closed_triads_of_each_lattice(name, n_waves, n_triads):
    star = wave_star(STARS[name])
    assert (star.n_waves, star.n_triads) == (n_waves, n_triads)
    closed = [
        triad for triad in itertools.combinations(STARS[name], 3) if not np.sum(triad, axis=0).any()
    ]
    assert len(closed) == n_triads
    assert len({sum(n * n for n in vector) for vector in STARS[name]}) == 1


@pytest.mark.parametrize("name", LATTICES)
def test_moments_are_those_of_the_pattern(name):
    waves = pattern(name)
    star = wave_star(STARS[name])
    variance = np.square(waves).mean()
    assert variance == pytest.approx(star.n_waves)
    assert star.skewness == pytest.approx((waves**3).mean() / variance**1.5)
    assert star.kurtosis == pytest.approx((waves**4).mean() / variance**2)


@pytest.mark.parametrize(("growth_rate", "quadratic"), [(0.02, 1.0), (0.5, 1.0), (1.0, -0.3)])
@pytest.mark.parametrize("name", LATTICES)
def test_energies_are_the_lowest_of_the_pattern_at_any_amplitude(name, growth_rate, quadratic):
    """Against the mean energy over bins, at many amplitudes of both signs."""
    waves = pattern(name)
    means = [(waves**power).mean() for power in (2, 3, 4)]
    amplitude = np.linspace(-1, 1, 20_001)
    energy = (
        -growth_rate / 2 * means[0] * amplitude**2
        - quadratic / 3 * means[1] * amplitude**3
        + means[2] / 4 * amplitude**4
    )
    found = lattice_energies(growth_rate, quadratic)[name]
    assert found == pytest.approx(energy.min(), rel=1e-4, abs=1e-9)


def test_the_quadratic_term_alone_prefers_the_most_closed_triads_and_its_sign_only_the_sign():
    energies = lattice_energies(0.0, 1.0)
    assert sorted(energies, key=energies.__getitem__)[:2] == ["bcc", "columns"]
    assert energies["fcc"] == energies["sc"] == energies["lamellae"] == 0
    assert lattice_energies(0.0, -1.0) == energies
    assert set(lattice_energies(-1.0, 1.0).values()) == {0.0}


def test_without_the_quadratic_term_planes_have_the_lowest_energy():
    energies = lattice_energies(1.0, 0.0)
    assert min(energies, key=energies.__getitem__) == "lamellae"
    assert energies["lamellae"] == pytest.approx(-1 / 6)  # tau^2 / (4 K), K = 3 / 2


def test_the_lattices_in_order_of_the_growth_rate_are_those_of_weak_segregation():
    """BCC, then columns, then planes (Leibler 1980); each limit against the energies beside it."""
    found = preferred_lattices()
    assert [name for name, _ in found] == ["bcc", "columns", "lamellae"]
    assert found[-1][1] == math.inf
    for (name, limit), (following, _) in itertools.pairwise(found):
        for ratio, lowest in ((0.98 * limit, name), (1.02 * limit, following)):
            energies = lattice_energies(4 * ratio, 2.0)
            assert min(energies, key=energies.__getitem__) == lowest


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(GridjaxError, match="finite"):
        lattice_energies(math.nan, 1.0)
