"""Adam in the epsilon-hat form, one array at a time, in float64."""

from __future__ import annotations

import numpy as np

B1, B2, EPSILON_HAT = 0.9, 0.999, 1e-7


class Adam:
    """lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt v + 1e-7) is what an update takes away."""

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
            out[name] = -rate * self.m[name] / (np.sqrt(self.v[name]) + EPSILON_HAT)
        return out
