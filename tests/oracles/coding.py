"""Slow counterparts of gridjax.metrics.coding: loops, one bin, trial or step at a time."""

import numpy as np


def fisher_information(maps, step_cm, noise_sd):
    """Central differences inside, one-sided differences at the walls."""
    n = maps.shape[-1]
    found = np.zeros((n, n, 2, 2))
    for i in range(n):
        for j in range(n):
            left, right = max(i - 1, 0), min(i + 1, n - 1)
            down, up = max(j - 1, 0), min(j + 1, n - 1)
            for unit in maps:
                slope = np.array(
                    [
                        (unit[right, j] - unit[left, j]) / ((right - left) * step_cm),
                        (unit[i, up] - unit[i, down]) / ((up - down) * step_cm),
                    ]
                )
                found[i, j] += np.outer(slope, slope) / noise_sd**2
    return found


def nearest_errors(rates, positions, true, noise, within=np.inf):
    """Distance of the decoded from the true position in each trial."""
    found = []
    for bin_, z in zip(true, noise, strict=True):
        observed, best, least = rates[bin_] + z, None, np.inf
        for candidate in range(len(rates)):
            if np.linalg.norm(positions[candidate] - positions[bin_]) > within:
                continue
            distance = np.sum((observed - rates[candidate]) ** 2)
            if distance < least:
                best, least = candidate, distance
        found.append(np.linalg.norm(positions[best] - positions[bin_]))
    return np.array(found)


def ridge(x, y, absolute_penalty):
    """Weights and offset of a ridge regression, by its normal equations."""
    centred, target = x - x.mean(axis=0), y - y.mean(axis=0)
    gram = centred.T @ centred + absolute_penalty * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, centred.T @ target)
    return weights, y.mean(axis=0) - x.mean(axis=0) @ weights


def leave_one_out(x, y, absolute_penalty):
    """Sum of squared errors if each sample is predicted from the others."""
    total = 0.0
    for one in range(len(x)):
        rest = np.arange(len(x)) != one
        weights, offset = ridge(x[rest], y[rest], absolute_penalty)
        total += np.sum((x[one] @ weights + offset - y[one]) ** 2)
    return total


def gradient_descent(x, y, n_steps):
    """Share of the variance of y that is left after steps of gradient descent on a readout of x."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    weights = np.zeros((x.shape[1], y.shape[1]))
    rate = 1 / np.linalg.eigvalsh(x.T @ x).max()
    for _ in range(n_steps):
        weights += rate * x.T @ (y - x @ weights)
    return np.sum((y - x @ weights) ** 2) / np.sum(y**2)
