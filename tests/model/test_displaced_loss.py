"""The loss of targets a distance away, against a loop over positions and directions."""

import math

import numpy as np
import pytest

from gridjax.model.displaced_loss import displaced_loss
from gridjax.spec.fidelity import Fidelity
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import layout_of

BOX, DISTANCE = 2.2, 0.1


def of(spec, distance=DISTANCE):
    return float(displaced_loss(layout_of(spec), spec.box_width_in_m, spec.static, distance))


def by_hand(encode, loss, distance=DISTANCE):
    """The mean of loss(targets at x + d, targets at x) over bins and directions, one by one."""
    axis = (np.arange(24) + 0.5) * BOX / 24 - BOX / 2
    values = []
    for angle in 2 * math.pi * np.arange(16) / 16:
        move = distance * np.array([math.cos(angle), math.sin(angle)])
        for x in axis:
            for y in axis:
                position = np.array([x, y])
                values.append(loss(encode(position + move), encode(position)))
    return np.mean(values)


def kl(answer, target):
    return sum(p * math.log(p / q) for p, q in zip(target, answer, strict=True) if p > 0)


@pytest.mark.slow
def test_place_cells_give_the_divergence_of_their_distributions():
    spec = NetworkSpec(place_field_values="gaussian", Np=12, place_cell_rf=0.3, seed=1)
    centres = np.asarray(layout_of(spec).code.centres, float)[:, 0]

    def encode(position):
        a = np.exp(-np.square(position - centres).sum(axis=1) / (2 * 0.3**2))
        return a / a.sum()

    # float32 against float64
    assert of(spec) == pytest.approx(by_hand(encode, kl), rel=1e-4)


def test_many_polar_units_give_the_squared_error():
    """With the published angle, atan(y / x), of which the decoder can make nothing."""
    spec = NetworkSpec(
        place_field_values="high_dim_polar",
        place_field_loss="mse",
        Np=8,
        seed=2,
        fidelity=Fidelity(polar_angle="atan"),
    )
    units = layout_of(spec).code
    matrix, offset = np.asarray(units.radius.matrix, float), np.asarray(units.radius.offset, float)
    preferred = np.asarray(units.preferred, float)

    def encode(position):
        x, y = position
        radius = math.hypot(x, y) * matrix[0] + offset
        return np.concatenate([radius, np.exp(np.cos(math.atan(y / x) - preferred))])

    def loss(answer, target):
        return np.square(answer - target).mean()

    # positions beside the jump of the angle may fall on its other side in float32
    assert of(spec) == pytest.approx(by_hand(encode, loss), rel=1e-3)


def test_radius_and_angle_give_the_squared_distance():
    spec = NetworkSpec(place_field_values="polar", place_field_loss="polarmse", Np=2)
    assert of(spec) == pytest.approx(DISTANCE**2, rel=1e-3)


def test_coordinates_give_half_the_squared_distance():
    spec = NetworkSpec(place_field_values="cartesian", place_field_loss="mse", Np=2)
    assert of(spec) == pytest.approx(DISTANCE**2 / 2, rel=1e-5)


@pytest.mark.slow
def test_it_grows_with_the_distance_and_is_the_formula_of_dense_cells_when_small():
    """KL is d^2 / (2 width^2) where many cells cover the box; walls take some of it away."""
    spec = NetworkSpec(place_field_values="gaussian", Np=512, place_cell_rf=0.12)
    small, large = of(spec, 0.01), of(spec, 0.1)
    assert small == pytest.approx(0.01**2 / (2 * 0.12**2), rel=0.2)
    assert large > 50 * small


def test_it_is_infinite_where_a_target_is_zero_elsewhere():
    """The least active cell of a Difference of Softmaxes is 0; no softmax answers 0."""
    spec = NetworkSpec(place_field_values="difference_of_gaussians", Np=12, place_cell_rf=0.3)
    assert math.isinf(of(spec))
