"""Losses of each position in float64, from their definitions."""

from __future__ import annotations

import numpy as np


def cross_entropy(outputs, targets):
    """-sum_i y_i log(exp(o_i) / sum_j exp(o_j)) of each position, nats."""
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(targets * log_probability).sum(axis=-1)


def mean_squared_error(outputs, targets):
    """Mean over outputs of the squared difference."""
    return ((outputs - targets) ** 2).mean(axis=-1)


def polar_squared_error(outputs, targets):
    """r_1^2 + r_2^2 - 2 r_1 r_2 cos(theta_1 - theta_2): the squared distance of two points."""
    r_1, theta_1 = outputs[..., 0], outputs[..., 1]
    r_2, theta_2 = targets[..., 0], targets[..., 1]
    return r_1**2 + r_2**2 - 2 * r_1 * r_2 * np.cos(theta_1 - theta_2)


def binary_cross_entropy(outputs, targets):
    """Mean over outputs of -(y log p + (1 - y) log(1 - p)) with p = sigmoid(o), nats."""
    log_p, log_not_p = -np.logaddexp(0, -outputs), -np.logaddexp(0, outputs)
    return -(targets * log_p + (1 - targets) * log_not_p).mean(axis=-1)


LOSSES = {
    "crossentropy": cross_entropy,
    "mse": mean_squared_error,
    "polarmse": polar_squared_error,
    "binarycrossentropy": binary_cross_entropy,
}


def entropy(targets):
    """-sum_i y_i log y_i, with 0 log 0 = 0, nats."""
    logarithm = np.log(np.where(targets > 0, targets, 1.0))
    return -(targets * logarithm).sum(axis=-1)


def loss_excess(outputs, targets):
    """Cross-entropy minus the targets' own entropy: KL(y || softmax(o)), nats."""
    return cross_entropy(outputs, targets) - entropy(targets)
