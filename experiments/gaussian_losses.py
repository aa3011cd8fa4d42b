"""The smallest possible loss of Gaussian targets, by width, beside the published losses.

The cross-entropy of a network is the entropy of its targets plus ``loss_excess``, the part that
training can remove. The entropy depends on the place cells and the paths alone: this script draws
the layouts of seeds 0, 1, ... and, for each, paths of the training's motion model. A published loss
minus this floor is the excess of its networks, up to the difference of their two layouts, which are
not published.

    python experiments/gaussian_losses.py       # 32 layouts, some minutes on two cores
    python experiments/gaussian_losses.py 64
"""

import sys
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

import gridjax as gj

# width, m: nats, of networks of 1,024 units, 512 cells in 2.2 m, without the weight penalty
PUBLISHED = {0.08: 2.327, 0.10: 2.745, 0.12: 3.083, 0.14: 3.365}
PUBLISHED |= {0.16: 3.607, 0.20: 4.004, 0.24: 4.321, 0.28: 4.579}
PUBLISHED_LAYOUTS = 2
T = 20  # moves
N_PATHS, N_BATCHES = 2000, 100


class Floor(NamedTuple):
    """The target entropy of one width, nats, over layouts."""

    width_m: float
    mean: float
    layout_sd: float
    """standard deviation over layouts; their paths, of 200,000 a layout, add .0007 to .007"""
    n_layouts: int

    @property
    def excess(self) -> float:
        """The published loss minus the floor, nats."""
        return PUBLISHED[self.width_m] - self.mean

    @property
    def excess_se(self) -> float:
        """Standard error of ``excess``; both losses are means over layouts."""
        return self.layout_sd * (1 / PUBLISHED_LAYOUTS + 1 / self.n_layouts) ** 0.5


@partial(jax.jit, static_argnums=(0, 2))
def mean_entropy(
    static: gj.StaticConfig, traced: gj.TracedParams, n_batches: int
) -> Float[Array, ""]:
    """Return the mean entropy of a network's targets along paths, nats.

    Each batch of paths contributes the positions after one move, the moves in turn: positions of
    one path are similar, and the entropy falls with the moves (by .025 to .04 over 20), as paths
    gather at the walls. ``n_batches`` should be a multiple of the number of moves.
    """
    layout = gj.draw_layout(gj.stream(traced.layout_seed, gj.Stream.LAYOUT), static, traced)

    def of_batch(step: Array) -> Array:
        key = gj.stream(traced.motion_seed, gj.Stream.MOTION, step)
        walked = gj.simulate_motion(key, static.sequence_length, static.batch_size, traced)
        at = step % static.sequence_length
        return gj.target_entropy(
            gj.encode_targets(layout, walked.positions[at], walked.headings[at], static)
        )

    return lax.map(of_batch, jnp.arange(n_batches)).mean()


def floor(width_m: float, n_layouts: int, n_batches: int = N_BATCHES) -> Floor:
    """Return the smallest loss of Gaussian targets of one width, over layouts of seeds 0, 1, ..."""
    found = []
    for seed in range(n_layouts):
        spec = gj.NetworkSpec(
            place_field_values="gaussian",
            place_cell_rf=width_m,
            sequence_length=T,
            batch_size=N_PATHS,
            seed=seed,
        )
        found.append(float(mean_entropy(spec.static, spec.traced, n_batches)))
    return Floor(width_m, float(np.mean(found)), float(np.std(found, ddof=1)), n_layouts)


def main(n_layouts: int) -> None:
    """Print the table."""
    print(f"{n_layouts} layouts, {N_PATHS * N_BATCHES:,} positions each, paths of {T} moves; nats")
    print("width cm  floor    sd over layouts  published  published - floor  (standard error)")
    for width_m in PUBLISHED:
        at = floor(width_m, n_layouts)
        print(
            f"{100 * width_m:8.0f}  {at.mean:.4f}  {at.layout_sd:15.4f}"
            f"  {PUBLISHED[width_m]:9.3f}  {at.excess:+17.4f}  ({at.excess_se:.4f})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 32)
