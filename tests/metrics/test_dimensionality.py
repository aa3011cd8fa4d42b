"""Participation ratio and TwoNN against eigenvalues, loops over pairs, and known truths."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from oracles import dimension as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics import dimensionality
from gridjax.metrics.dimensionality import participation_ratio, two_nn

MEASURES = (participation_ratio, two_nn)


def rotation(rng, n):
    """A random orthogonal matrix."""
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def relu_activity(rng, n_samples, n_units):
    """Correlated units of very different rates, many of them silent now and then or always."""
    rates = rng.normal(size=(n_samples, 7)) @ rng.normal(size=(7, n_units))
    rates = np.maximum(rates + 0.3 * rng.normal(size=rates.shape), 0) * rng.gamma(0.3, 9, n_units)
    rates[:, ::9] = 0
    return rates


def embedded_cube(rng, d, n_samples=2000, n_units=30):
    """Uniform points of a d-dimensional cube, turned at random into more dimensions."""
    cube = np.zeros((n_samples, n_units))
    cube[:, :d] = rng.random((n_samples, d))
    return cube @ rotation(rng, n_units) + rng.normal(size=n_units)


@pytest.mark.parametrize("shape", [(300, 17), (23, 140), (41, 41)])
def test_participation_ratio_is_that_of_the_eigenvalues(shape):
    activity = relu_activity(np.random.default_rng(sum(shape)), *shape)
    assert participation_ratio(activity) == pytest.approx(
        oracle.participation_ratio(activity), rel=1e-10
    )


def test_participation_ratio_of_known_spectra():
    rng = np.random.default_rng(3)
    # Exactly: orthogonal directions of given variances.
    sides = np.array([3.0, 2.0, 1.0, 1.0, 0.0])
    crosses = np.concatenate([np.diag(sides), -np.diag(sides)]) @ rotation(rng, 5)
    assert participation_ratio(crosses) == pytest.approx(15**2 / (81 + 16 + 1 + 1), rel=1e-12)
    # Of samples: 20,000 give the largest variance, which decides, with a standard error of 1 %.
    spectrum = 1 / np.arange(1, 41)
    samples = rng.normal(size=(20_000, 40)) * np.sqrt(spectrum) @ rotation(rng, 40)
    expected = spectrum.sum() ** 2 / (spectrum**2).sum()
    assert participation_ratio(samples) == pytest.approx(expected, rel=0.03)


def test_two_nn_is_that_of_loops_over_pairs():
    rng = np.random.default_rng(4)
    points = relu_activity(rng, 150, 12)
    points = np.concatenate([points, points[:20], points[5:9]])  # equal points count once
    for discard in (0.0, 0.1, 0.35):
        n_distinct = 150
        kept = discard or 1 / n_distinct  # the largest ratio has no finite -log(1 - F)
        assert two_nn(points, discard) == pytest.approx(oracle.two_nn(points, kept), rel=1e-9)


def test_two_nn_in_blocks_equals_two_nn_at_once(monkeypatch):
    points = relu_activity(np.random.default_rng(5), 130, 21)
    at_once = two_nn(points)
    monkeypatch.setattr(dimensionality, "_NUMBERS_AT_ONCE", 800)
    # A matrix product of another shape rounds otherwise, but only chooses candidates.
    assert two_nn(points) == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_two_nn_of_a_cube_is_its_dimension(d):
    # 2,000 points: standard error 2.4 %; a cube of 5 dimensions has edges, which read low
    points = embedded_cube(np.random.default_rng(d), d)
    assert two_nn(points) == pytest.approx(d, rel=0.1)


@pytest.mark.parametrize("measure", MEASURES)
def test_scale_turn_and_offset_change_nothing(measure):
    rng = np.random.default_rng(6)
    points = relu_activity(rng, 200, 40)
    before = measure(points)
    for scale, offset in ((1e-12, 0.0), (1e12, 0.0), (0.7, 3e3)):
        moved = scale * points @ rotation(rng, 40) + offset * rng.normal(size=40)
        # An offset of 1e3 deviations leaves 13 of float64's 16 digits.
        assert measure(moved) == pytest.approx(before, rel=1e-8)
    with_silent = np.concatenate([points, np.full((200, 60), 0.1)], axis=1)
    assert measure(with_silent) == pytest.approx(before, rel=1e-12)
    assert measure(points[::-1]) == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_float32_of_either_library_is_summed_in_float64(measure):
    """With a mean of 1,000 deviations, float32 sums would keep no digit of the squares."""
    rng = np.random.default_rng(7)
    points = (relu_activity(rng, 150, 30) + 4e3).astype(np.float32)
    expected = {participation_ratio: oracle.participation_ratio, two_nn: oracle.two_nn}[measure]
    assert measure(points) == pytest.approx(expected(points), rel=1e-8)
    assert measure(jnp.asarray(points)) == measure(points)


def test_near_points_far_from_the_others_have_exact_neighbours():
    """Pairs closer than the expanded square can tell: distances of 1e-9 at lengths of 1."""
    rng = np.random.default_rng(8)
    centres = rng.normal(size=(15, 6))
    points = (centres[:, None] + 1e-9 * rng.normal(size=(15, 8, 6))).reshape(-1, 6)
    # The points' own rounding is 1e-7 of their distances, in the measure and in the oracle.
    assert two_nn(points) == pytest.approx(oracle.two_nn(points), rel=1e-5)


def test_distances_that_no_float_can_square():
    rng = np.random.default_rng(9)
    points = rng.random((60, 3))
    points[:, 2] = 0
    twins = points[:5].copy()
    twins[:, 2] = 1e-200  # a difference whose square is 0
    assert two_nn(np.concatenate([points, twins])) == pytest.approx(oracle.two_nn(points), rel=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "points",
    [
        np.full((50, 4), 0.1),
        np.zeros((50, 4)),
        np.zeros((0, 4)),
        np.zeros((50, 0)),
        np.full((30, 3), np.nan),
        np.where(np.eye(30, 3), np.inf, 1.0),
    ],
    ids=["constant", "silent", "no samples", "no units", "NaN", "infinite"],
)
def test_where_nothing_varies_there_is_no_dimension(measure, points):
    assert math.isnan(measure(points))


def test_few_points_have_no_intrinsic_dimension():
    points = np.random.default_rng(10).random((dimensionality.FEWEST_POINTS, 3))
    assert math.isfinite(two_nn(np.tile(points, (2, 1))))
    assert math.isnan(two_nn(np.tile(points[1:], (2, 1))))


def test_points_that_are_all_equally_far_have_none():
    assert math.isnan(two_nn(np.eye(64)))


@pytest.mark.parametrize("discard", [-0.1, 1.0, float("nan")])
def test_what_is_discarded_is_a_share(discard):
    with pytest.raises(GridjaxError, match="not a share"):
        two_nn(np.eye(30), discard)
