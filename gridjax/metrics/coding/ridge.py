"""Ridge regression whose penalty has the least error of leave-one-out predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTIES = 10.0 ** np.arange(-8, 3)
"""Penalties to choose from, as shares of the mean variance of a feature times the samples."""


class RidgeFit(NamedTuple):
    """A linear readout with an offset: ``features @ weights + offset``."""

    weights: Float[np.ndarray, "feature out"]
    offset: Float[np.ndarray, " out"]
    penalty: float
    """the chosen one of PENALTIES"""

    def predict(self, features: Float[np.ndarray, "sample feature"]):
        """Return the outputs for features."""
        return features @ self.weights + self.offset


def fit_ridge(
    features: Float[np.ndarray, "sample feature"], outputs: Float[np.ndarray, "sample out"]
) -> RidgeFit:
    """Return the ridge regression of outputs on features, both minus their means.

    The weights W minimise |Y - X W|^2 + p v n |W|^2, with v the mean variance of a feature and n
    the number of samples. The penalty p is the one of PENALTIES with the least sum of squared
    errors if each sample is predicted from the others, with the same absolute penalty. These errors
    are residuals divided by 1 - h, h the leverage of a sample (Golub, Heath and Wahba 1979,
    Technometrics 21:215). The largest of equally good penalties is taken.

    Args:
        features: at least two samples.
        outputs: outputs of the same samples.
    """
    mean_x, mean_y = features.mean(axis=0), outputs.mean(axis=0)
    x, y = features - mean_x, outputs - mean_y
    n, scale = len(x), np.square(x).sum() / x.shape[1]
    if scale == 0:  # features that never change
        return RidgeFit(np.zeros((x.shape[1], y.shape[1])), mean_y, float(PENALTIES[-1]))
    left, singular, right = np.linalg.svd(x, full_matrices=False)
    onto, power = left.T @ y, np.square(singular)
    best, chosen = np.inf, float(PENALTIES[-1])
    for penalty in PENALTIES[::-1]:
        kept = power / (power + penalty * scale)
        leverage = 1 / n + np.square(left) @ kept
        residual = y - left @ (kept[:, None] * onto)
        error = np.square(residual / np.maximum(1 - leverage, 1e-12)[:, None]).sum()
        if error < best:
            best, chosen = error, float(penalty)
    weights = right.T @ ((singular / (power + chosen * scale))[:, None] * onto)
    return RidgeFit(weights, mean_y - mean_x @ weights, chosen)
