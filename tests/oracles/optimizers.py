"""Optimisers one array at a time, in float64: what to add to each named array."""

from __future__ import annotations

import numpy as np

B1, B2, EPSILON = 0.9, 0.999, 1e-7


class Adam:
    """lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt v + 1e-7): the epsilon-hat form."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.t = 0
        self.m: dict[str, np.ndarray] = {}
        self.v: dict[str, np.ndarray] = {}

    def updates(self, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What to add to each named array."""
        self.t += 1
        out = {}
        for name, gradient in gradients.items():
            gradient = np.asarray(gradient, np.float64)
            self.m[name] = B1 * self.m.get(name, 0.0) + (1 - B1) * gradient
            self.v[name] = B2 * self.v.get(name, 0.0) + (1 - B2) * gradient**2
            rate = self.learning_rate * np.sqrt(1 - B2**self.t) / (1 - B1**self.t)
            out[name] = -rate * self.m[name] / (np.sqrt(self.v[name]) + EPSILON)
        return out


class RMSprop:
    """v = .9 v + .1 g^2; lr g / (sqrt v + 1e-7): epsilon outside the root."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.v: dict[str, np.ndarray] = {}

    def updates(self, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What to add to each named array."""
        out = {}
        for name, gradient in gradients.items():
            gradient = np.asarray(gradient, np.float64)
            self.v[name] = 0.9 * self.v.get(name, 0.0) + 0.1 * gradient**2
            out[name] = -self.learning_rate * gradient / (np.sqrt(self.v[name]) + EPSILON)
        return out


class SGD:
    """lr g."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate

    def updates(self, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What to add to each named array."""
        rate = self.learning_rate
        return {name: -rate * np.asarray(g, np.float64) for name, g in gradients.items()}


class Adagrad:
    """acc = acc + g^2 from .1; lr g / (sqrt acc + 1e-7), Keras' form: epsilon outside the root."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.accumulated: dict[str, np.ndarray] = {}

    def updates(self, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What to add to each named array."""
        out = {}
        for name, gradient in gradients.items():
            gradient = np.asarray(gradient, np.float64)
            self.accumulated[name] = self.accumulated.get(name, 0.1) + gradient**2
            root = np.sqrt(self.accumulated[name])
            out[name] = -self.learning_rate * gradient / (root + EPSILON)
        return out


class BaninoRMSProp:
    """ms = .9 ms + .1 g^2 from 1; mom = .9 mom + lr g / sqrt(ms + 1e-10); TensorFlow 1's form."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate
        self.ms: dict[str, np.ndarray] = {}
        self.momentum: dict[str, np.ndarray] = {}

    def updates(self, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What to add to each named array."""
        out = {}
        for name, gradient in gradients.items():
            gradient = np.asarray(gradient, np.float64)
            self.ms[name] = 0.9 * self.ms.get(name, 1.0) + 0.1 * gradient**2
            move = self.learning_rate * gradient / np.sqrt(self.ms[name] + 1e-10)
            self.momentum[name] = 0.9 * self.momentum.get(name, 0.0) + move
            out[name] = -self.momentum[name]
        return out


def clipped(gradients: dict[str, np.ndarray], limit: float) -> dict[str, np.ndarray]:
    """Every number of a gradient brought within -limit .. limit."""
    return {name: np.clip(np.asarray(g), -limit, limit) for name, g in gradients.items()}
