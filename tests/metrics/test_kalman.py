"""The Kalman filter: the textbook's matrices, dead reckoning, Riccati, and its expected errors."""

import jax
import numpy as np
import pytest
from oracles import kalman as slow

from gridjax.errors import GridjaxError
from gridjax.metrics import kalman_filter
from gridjax.spec.network import NetworkSpec
from gridjax.task.motion import square_walk

Q, R = 0.3, 1.7


def noisy_paths(rate, n_moves=12, n_paths=5, d=2, move_variance=Q, landmark_variance=R, seed=0):
    """True positions, and the arguments of the filter."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-3, 3, (n_paths, d))
    moves = rng.normal(size=(n_moves, n_paths, d))
    positions = start + np.cumsum(moves, axis=0)
    noisy = moves + np.sqrt(move_variance) * rng.normal(size=moves.shape)
    landmarks = positions + np.sqrt(landmark_variance) * rng.normal(size=moves.shape)
    is_seen = rng.random(moves.shape[:2]) < rate
    return positions, (start, noisy, landmarks, is_seen, move_variance, landmark_variance)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_filter_is_that_of_the_textbook(d):
    _, given = noisy_paths(0.4, d=d)
    found = kalman_filter(*given)
    start, moves, landmarks, is_seen, *variances = given
    assert 0 < is_seen.mean() < 1
    for path in range(5):
        of_path = start[path], moves[:, path], landmarks[:, path], is_seen[:, path]
        estimates, covariances = slow.kalman_filter(*of_path, *variances)
        np.testing.assert_allclose(found.positions[:, path], estimates, rtol=1e-12)
        expected = found.variance[:, path, None, None] * np.eye(d)
        np.testing.assert_allclose(covariances, expected, rtol=1e-12, atol=1e-15)


def test_without_landmarks_it_is_dead_reckoning():
    _, (start, moves, landmarks, is_seen, *variances) = noisy_paths(0.0)
    found = kalman_filter(start, moves, np.full_like(landmarks, np.nan), is_seen, *variances)
    np.testing.assert_allclose(found.positions, start + np.cumsum(moves, axis=0), rtol=1e-12)
    expected = Q * np.arange(1, 13)[:, None] * np.ones(5)
    np.testing.assert_allclose(found.variance, expected, rtol=1e-12)


def test_with_a_landmark_after_each_move_the_variance_solves_the_riccati_equation():
    _, given = noisy_paths(1.1, n_moves=200)
    before = (Q + np.sqrt(Q**2 + 4 * Q * R)) / 2
    np.testing.assert_allclose(kalman_filter(*given).variance[-1], before - Q, rtol=1e-12)


@pytest.mark.parametrize(("move_variance", "landmark_variance"), [(Q, 0.0), (0.0, R), (0.0, 0.0)])
def test_without_noise_the_position_is_exact(move_variance, landmark_variance):
    positions, given = noisy_paths(
        1.1, move_variance=move_variance, landmark_variance=landmark_variance
    )
    found = kalman_filter(*given)
    np.testing.assert_allclose(found.positions, positions, atol=1e-12)
    np.testing.assert_array_equal(found.variance, 0.0)


def test_errors_have_the_variance_that_the_filter_expects_and_another_gain_is_worse():
    positions, given = noisy_paths(0.2, n_paths=20_000)
    found = kalman_filter(*given)
    square = np.square(found.positions - positions).mean()
    assert square == pytest.approx(found.variance.mean(), rel=0.02)
    for factor in (0.25, 4.0):
        other = kalman_filter(*given[:-1], factor * R)
        assert np.square(other.positions - positions).mean() > 1.02 * square


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "free", "in_box", "linear"),
    [(0.0, 13.3, 12.8, 13.0), (0.05, 10.2, 9.9, 9.8), (0.2, 6.6, 6.4, 6.2)],
)
def test_along_walks_the_filter_is_nearly_the_best_linear_estimator(rate, free, in_box, linear):
    """The numbers of the page on uses of grid units, in cm."""
    spec, n_paths = NetworkSpec(), 1500
    paths = square_walk._simulate(jax.random.key(0), 50, n_paths, spec.traced)
    start, moves, positions = (
        np.asarray(each, np.float64) for each in (paths.start, paths.moves, paths.positions)
    )
    rng = np.random.default_rng(0)
    noisy = moves + 0.8 * spec.dt_s * rng.normal(size=moves.shape)
    landmarks = positions + 0.05 * rng.normal(size=moves.shape)
    given = start, noisy, landmarks, rng.random(moves.shape[:2]) < rate
    variances = (0.8 * spec.dt_s) ** 2, 0.05**2
    flat = moves.reshape(50, -1)
    covariance = flat @ flat.T / flat.shape[1]
    best = [
        slow.best_linear_estimates(
            covariance, *(each[..., path, :] for each in given[:3]), given[3][:, path], *variances
        )
        for path in range(n_paths)
    ]

    def error_cm(estimates):
        square = np.square(estimates - positions).sum(axis=-1)
        return 100 * np.sqrt(square[20:].mean())

    filtered, half = kalman_filter(*given, *variances).positions, spec.box_width_in_m / 2
    assert error_cm(filtered) == pytest.approx(free, abs=0.06)
    assert error_cm(np.clip(filtered, -half, half)) == pytest.approx(in_box, abs=0.06)
    assert error_cm(np.stack(best, axis=1)) == pytest.approx(linear, abs=0.06)


def test_masked_landmarks_are_not_seen():
    start, moves, landmarks, is_seen, *variances = noisy_paths(0.4)[1]
    masked = np.ma.masked_array(np.ones(is_seen.shape), mask=~is_seen)
    np.testing.assert_array_equal(
        kalman_filter(start, moves, landmarks, masked, *variances).positions,
        kalman_filter(start, moves, landmarks, is_seen, *variances).positions,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.zeros((4, 2))}, "shapes .* moves"),
        ({2: np.zeros((12, 5, 3))}, "shapes .* moves"),
        ({3: np.ones((12, 4))}, "shapes .* moves"),
        ({3: np.full((12, 5), np.nan)}, "is_seen has other values"),
        ({3: np.full((12, 5), 0.5)}, "is_seen has other values"),
        ({1: np.zeros((12, 5))}, "three axes"),
        ({4: -1.0}, "move_variance is -1"),
        ({4: np.ones(12)}, "move_variance is"),
        ({5: np.inf}, "landmark_variance is inf"),
    ],
)
def test_invalid_arguments_are_named(change, message):
    given = list(noisy_paths(0.4)[1])
    for at, value in change.items():
        given[at] = value
    with pytest.raises(GridjaxError, match=message):
        kalman_filter(*given)
