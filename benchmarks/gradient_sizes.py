"""Gradients of untrained networks beside Adam's epsilon.

`python -m benchmarks.gradient_sizes` draws one network of each setting and prints, for each array
of weights, the root mean square of the gradient of the data loss on one batch, and the share of its
numbers that are below 1e-7, the epsilon of Keras's Adam. Steps of Adam in such weights are
proportional to their gradients instead of equally large.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from gridjax.model import objective
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.training import train_step
from gridjax.training.forward_pass import forward

KERAS_EPSILON = 1e-7
SHARED = {"activation": "relu", "place_field_loss": "crossentropy", "sequence_length": 20}
SQUARE = SHARED | {"place_cell_rf": 0.12, "Np": 512}
CUBE = SHARED | {
    "dimensions": 3,
    "place_cell_rf": 0.13,
    "Np": 2048,
    "Ng": 256,
    "batch_size": 64,
    "box_width_in_m": 1.65,
    "box_height_in_m": 1.65,
    "bin_side_in_m": 0.103,
}
DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
SETTINGS = {
    "size desk, DoS": SQUARE
    | {"place_field_values": DOS, "surround_scale": 2.0, "Ng": 256, "batch_size": 100},
    "size desk, Gaussian": SQUARE | {"place_field_values": GAUSSIAN, "Ng": 256, "batch_size": 100},
    "1,024 units, DoS": SQUARE
    | {"place_field_values": DOS, "surround_scale": 2.0, "Ng": 1024, "batch_size": 200},
    "cube of size desk, DoS": CUBE | {"place_field_values": DOS, "surround_scale": 1.25},
    "cube of size desk, Gaussian": CUBE | {"place_field_values": GAUSSIAN},
    "2019, DoS": SQUARE
    | {
        "place_field_values": DOS,
        "surround_scale": 2.0,
        "surround_convention": "variance",
        "Ng": 4096,
        "batch_size": 200,
        "initializer": "pytorch_uniform",
    },
}
"""Parameters of one network of each setting; 2019 is that of Sorscher et al."""


def report(name: str, spec: NetworkSpec) -> None:
    """Print one row for each array of weights."""
    static, traced = spec.static, spec.traced
    state = train_step.init(static, traced)
    ahead = train_step.draw_ahead(static, traced, state.step, 1)
    paths = jax.tree.map(lambda leaf: leaf[0], ahead)
    targets = task.targets(state.layout, paths.positions, paths.headings, static)

    def loss(params):
        _, outputs = forward(params, state.layout, paths, traced.dt_s, static)
        return objective.data_loss(outputs, targets, static).mean()

    gradients = jax.grad(loss)(state.params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradients):
        array = jax.tree_util.keystr(path, simple=True, separator=" ")
        rms = math.sqrt(float(jnp.mean(leaf**2)))
        share = float((jnp.abs(leaf) < KERAS_EPSILON).mean())
        print(f"{name:28s} {array:10s} {rms:8.1e} {100 * share:6.0f} %", flush=True)


def main() -> None:
    """Print a table of all settings."""
    print(f"{'setting':28s} {'weights':10s} {'rms':>8s} below 1e-7")
    for name, parameters in SETTINGS.items():
        report(name, NetworkSpec(**parameters))


if __name__ == "__main__":
    main()
