"""Dimensions the obvious way: eigenvalues, and distances of one pair of points at a time."""

import math

import numpy as np


def participation_ratio(activity):
    """(sum lambda)^2 / sum lambda^2 over the eigenvalues of the covariance of [sample, unit]."""
    eigenvalues = np.linalg.eigvalsh(np.cov(np.asarray(activity, np.float64), rowvar=False))
    return eigenvalues.sum() ** 2 / (eigenvalues**2).sum()


def two_nn(points, discard=0.1):
    """TwoNN of points [sample, unit]: neighbours by loops, the line by least squares."""
    distinct = sorted(set(map(tuple, np.asarray(points, np.float64).tolist())))
    ratios = []
    for i, one in enumerate(distinct):
        distances = sorted(math.dist(one, other) for j, other in enumerate(distinct) if j != i)
        ratios.append(distances[1] / distances[0])
    ratios.sort()
    n = len(ratios)
    x, y = [], []
    for rank, ratio in enumerate(ratios[: int(n * (1 - discard))], start=1):
        x.append(math.log(ratio))
        y.append(-math.log(1 - rank / n))
    return np.linalg.lstsq(np.array(x)[:, None], np.array(y), rcond=None)[0].item()
