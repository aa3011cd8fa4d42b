"""The Kalman filter, one path at a time, as textbooks write it: vectors and matrices."""

import numpy as np


def kalman_filter(start, moves, landmarks, is_seen, move_variance, landmark_variance):
    """Estimates [time, d] of one path and their covariances [time, d, d]."""
    d = len(start)
    x, P = np.array(start, np.float64), np.zeros((d, d))  # noqa: N806
    F = H = np.eye(d)  # noqa: N806
    Q, R = move_variance * np.eye(d), landmark_variance * np.eye(d)  # noqa: N806
    estimates, covariances = [], []
    for t in range(len(moves)):
        x = F @ x + moves[t]
        P = F @ P @ F.T + Q  # noqa: N806
        if is_seen[t]:
            S = H @ P @ H.T + R  # noqa: N806
            K = P @ H.T @ np.linalg.inv(S)  # noqa: N806
            x = x + K @ (landmarks[t] - H @ x)
            P = (np.eye(d) - K @ H) @ P  # noqa: N806
        estimates.append(x)
        covariances.append(P)
    return np.array(estimates), np.array(covariances)


def best_linear_estimates(
    covariance, start, moves, landmarks, is_seen, move_variance, landmark_variance
):
    """Estimates [time, d] of one path by the best linear estimator that knows how moves vary.

    ``covariance`` [time, time] is that of a coordinate of all true moves. The moves are the state
    of the estimator: it conditions their Gaussian distribution on one noisy move, or one measured
    position, after the other.
    """
    n_moves, d = moves.shape
    mean, P = np.zeros((n_moves, d)), np.array(covariance, np.float64)  # noqa: N806

    def condition(row, measured, variance):
        nonlocal mean, P
        gain = P @ row / (row @ P @ row + variance)
        mean = mean + gain[:, None] * (measured - row @ mean)
        P = P - np.outer(gain, row @ P)  # noqa: N806

    estimates = []
    for t in range(n_moves):
        condition(np.eye(n_moves)[t], moves[t], move_variance)
        so_far = (np.arange(n_moves) <= t).astype(float)
        if is_seen[t]:
            condition(so_far, landmarks[t] - start, landmark_variance)
        estimates.append(start + so_far @ mean)
    return np.array(estimates)
