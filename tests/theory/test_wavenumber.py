"""The wavenumber that a network's target code selects, against the transform of its fields."""

import math
from typing import Any

import numpy as np
import pytest

from gridjax.metrics.spectral import turing
from gridjax.spec.fields.distributions import Uniform
from gridjax.spec.network import NetworkSpec
from gridjax.theory.wavenumber import expected_period_cm, expected_wavenumber, surround_ratio


@pytest.mark.parametrize("ratio", [1.2, 2.0, 4.5])
def test_dos_has_most_power_at_the_wavenumber_of_theory(ratio):
    """Against the maximum of the Fourier transform of a balanced difference of Gaussians."""
    sigma = 0.12
    k = np.linspace(0.01, 40, 400_001)
    transform = np.exp(-((sigma * k) ** 2) / 2) - np.exp(-((ratio * sigma * k) ** 2) / 2)
    assert turing.dos_wavenumber(sigma, ratio) == pytest.approx(k[transform.argmax()], abs=2e-4)


def test_the_period_of_theory():
    wavenumber = turing.dos_wavenumber(
        0.12, surround_ratio(NetworkSpec(surround_scale=4.0, surround_convention="variance"))
    )
    assert turing.hexagonal_period(wavenumber) == pytest.approx(0.906, abs=5e-4)
    # Three waves of wavelength 1 m, 60 degrees apart: fields 2 / sqrt 3 m from each other.
    assert turing.hexagonal_period(2 * math.pi) == pytest.approx(2 / math.sqrt(3))


def test_theory_expects_a_period_of_equal_dos_fields_alone():
    assert expected_period_cm(NetworkSpec()) == pytest.approx(90.6, abs=0.05)
    others: list[dict[str, Any]] = [
        {"place_field_values": "gaussian"},
        {"place_field_normalization": "none"},
        {"place_cell_rf": Uniform(0.06, 1.0)},
        {"n_place_fields_per_cell": 2},
    ]
    for values in others:
        assert expected_period_cm(NetworkSpec(**values)) is None


def test_the_wavenumber_is_the_same_in_every_dimension():
    spec = NetworkSpec(place_cell_rf=0.1, surround_scale=1.8)
    expected = turing.dos_wavenumber(0.1, 1.8)
    for dimensions in (1, 2, 3):
        assert expected_wavenumber(spec, dimensions) == pytest.approx(expected)
