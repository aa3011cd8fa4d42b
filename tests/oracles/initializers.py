"""What a drawn matrix [fan_in, fan_out] must look like, by its distribution.

A correct generator fails one of these with one seed in ten thousand.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

# the standard deviation of a standard normal cut at 2
CUT = 0.87962566103423978


def _uniform(matrix, limit):
    x = np.asarray(matrix, np.float64).ravel()
    assert np.abs(x).max() <= limit * (1 + 1e-6)  # the limit is rounded to float32
    # the largest of n is below the limit times 1 - 10 / n with probability exp(-10)
    assert np.abs(x).max() > limit * (1 - 10 / x.size)
    assert stats.kstest(x, stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-4


def assert_glorot_uniform(matrix, shape=None):
    """Uniform between -+ sqrt(6 / (fan_in + fan_out)); ``shape`` where a block was cut out."""
    _uniform(matrix, np.sqrt(6 / sum(shape or np.shape(matrix))))


def assert_inverse_root(matrix, n):
    """Uniform between -+ 1 / sqrt(n): Sorscher's port."""
    _uniform(matrix, 1 / np.sqrt(n))


def assert_glorot_normal(matrix, shape=None):
    """Keras' normal, cut at 2 of its widths and widened to variance 2 / (fan_in + fan_out)."""
    x = np.asarray(matrix, np.float64).ravel()
    scale = np.sqrt(2 / sum(shape or np.shape(matrix))) / CUT
    assert np.abs(x).max() <= 2 * scale * (1 + 1e-6)
    assert stats.kstest(x, stats.truncnorm(-2, 2, scale=scale).cdf).pvalue > 1e-4
    # the kurtosis of the cut normal is 2.37: four standard errors of the variance
    allowed = 4 * np.sqrt((2.37 - 1) / x.size)
    assert abs(x.var() / (2 / sum(shape or np.shape(matrix))) - 1) < allowed


def assert_orthogonal(matrix, tolerance=1e-5):
    """The shorter side's vectors are orthonormal."""
    x = np.asarray(matrix, np.float64)
    products = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    np.testing.assert_allclose(products, np.eye(len(products)), rtol=0, atol=tolerance)
