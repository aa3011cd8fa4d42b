"""Likelihood decoder: the position whose targets fit the outputs best.

The decoder returns the position x with the smallest divergence. The divergence is the loss between
outputs and targets y(x), minus the least loss that is possible for y(x). For cross-entropy it is
KL(y(x) || softmax(outputs)); for mean squared error it is the squared error. The mean of the most
active cells has a smallest possible error that depends on the layout; this decoder has none.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gridjax.model.losses import Loss, entropy
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import LOSSES
from gridjax.task.arena import bin_grid
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout

N_COARSE = {1: 44, 2: 44, 3: 18}
"""Number of positions along each side of the coarse grid over the box, by its dimensions (5 cm
apart in 2.2 m; 12 cm in a cube, where place fields must be wider than that)."""
N_REFINED = {1: 5, 2: 5, 3: 6}
"""Number of refinements. Each halves the distance between positions (finally 1.6 to 1.9 mm)."""
_AT_ONCE = 256


def decode_likelihood(
    layout: Layout,
    outputs: Float[Array, "n out"],
    box_width_m: Float[Array, ""],
    static: StaticConfig,
) -> Float[Array, "n d"]:
    """Decode outputs to positions, metres; only the outputs of the target code are used."""
    encode = encoding(static).encode
    loss: Loss = LOSSES[static.place_field_loss]
    dimensions, n_coarse = static.dimensions, N_COARSE[static.dimensions]
    grid = _grid(n_coarse, dimensions, box_width_m)
    codes = encode(layout.code, grid)
    stencil = _grid(3, dimensions, 3.0)

    def divergence(code: Float[Array, " Np"], targets: Float[Array, "m Np"]) -> Float[Array, " m"]:
        value = loss.loss(jnp.broadcast_to(code, targets.shape), targets)
        return value if loss.least is None else value - loss.least(targets)

    def decode(code: Float[Array, " Np"]) -> Float[Array, " d"]:
        # Targets sum to 1, so the cross-entropy is linear in log p: one product for all targets.
        log_p = jax.nn.log_softmax(code)

        def refine(position: Array, step: Array) -> tuple[Array, None]:
            around = position + step * stencil
            targets = encode(layout.code, around)
            if is_linear:
                return around[(-entropy(targets) - targets @ log_p).argmin()], None
            return around[divergence(code, targets).argmin()], None

        over_grid = -entropy_of_codes - codes @ log_p if is_linear else divergence(code, codes)
        halvings = jnp.arange(1, N_REFINED[dimensions] + 1, dtype=jnp.float32)
        steps = box_width_m / n_coarse * 0.5**halvings
        return lax.scan(refine, grid[over_grid.argmin()], steps)[0]

    is_linear = static.place_field_loss == "crossentropy"
    entropy_of_codes = entropy(codes)
    return lax.map(decode, outputs[:, : static.Np], batch_size=_AT_ONCE)


def _grid(n: int, dimensions: int, side: Float[Array, ""] | float) -> Float[Array, "position d"]:
    """Return the centres of n bins a side of a box around 0, in the unit of ``side``."""
    axis = (jnp.arange(n, dtype=jnp.float32) + 0.5) / n - 0.5
    return bin_grid(axis, dimensions) * side
