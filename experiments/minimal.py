"""One network, trained and scored, on one page; gridjax does the same for hundreds at once.

Everything that decides the published result is written out here in plain JAX: the target code, the
network, the loss, Adam, the rate maps. Trajectories and the grid score come from gridjax.

    python experiments/minimal.py            # difference of softmaxes: grid-like units
    python experiments/minimal.py gaussian   # Gaussian place cells: none
"""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random

import gridjax as gj

NG, NP = 128, 128  # recurrent units, place cells
BATCH, T, N_STEPS = 64, 20, 2500
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-4
BOX, SIGMA, SURROUND = 2.2, 0.20, 2.0  # metres, metres, ratio of standard deviations
SEED = 0
WORLD = gj.NetworkSpec(seed=SEED).traced  # constants of the published motion model


def gaussian(positions: Any, centres: Any) -> Any:
    """Encode positions [..., 2] by place cells: softmax of minus the scaled squared distance."""
    squared = ((positions[..., None, :] - centres) ** 2).sum(-1)
    return jax.nn.softmax(-squared / (2 * SIGMA**2))


def difference_of_softmaxes(positions: Any, centres: Any) -> Any:
    """Encode positions [..., 2] by centre minus surround, shifted to be positive, normalised."""
    squared = ((positions[..., None, :] - centres) ** 2).sum(-1)
    centre = jax.nn.softmax(-squared / (2 * SIGMA**2))
    surround = jax.nn.softmax(-squared / (2 * (SURROUND * SIGMA) ** 2))
    shifted = centre - surround + jnp.abs((centre - surround).min(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def glorot(key: Any, n_in: int, n_out: int) -> Any:
    """Draw a weight matrix from U(-l, l), l = sqrt(6 / (n_in + n_out))."""
    limit = (6 / (n_in + n_out)) ** 0.5
    return random.uniform(key, (n_in, n_out), minval=-limit, maxval=limit)


def forward(params: dict[str, Any], start_code: Any, moves: Any) -> Any:
    """Return the recurrent units [time, batch, NG]: h_0 = E p_0, h_t = relu(W_x u_t + W h_t-1)."""

    def step(state: Any, move: Any) -> Any:
        state = jax.nn.relu(move @ params["W_x"] + state @ params["W"])
        return state, state

    return lax.scan(step, start_code @ params["E"], moves)[1]


def adam(params: Any, gradients: Any, moments: Any, t: Any) -> Any:
    """Return parameters and moments after one step of Adam, with Keras's epsilon (outside)."""
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradients)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, moments[1], gradients)
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    moved = jax.tree.map(lambda p, m, v: p - rate * m / (v**0.5 + 1e-7), params, mean, square)
    return moved, (mean, square)


@partial(jax.jit, static_argnums=0)
def train(encode: Any) -> Any:
    """Train one network from scratch; return its parameters and its place cells."""
    centres = random.uniform(
        gj.stream(SEED, gj.Stream.LAYOUT), (NP, 2), minval=-BOX / 2, maxval=BOX / 2
    )
    encoder, cell, decoder = random.split(gj.stream(SEED, gj.Stream.WEIGHTS), 3)
    inputs, recurrent = random.split(cell)
    params = {
        "E": glorot(encoder, NP, NG),
        "W_x": glorot(inputs, 2, NG),
        "W": glorot(recurrent, NG, NG),
        "D": glorot(decoder, NG, NP),
    }

    def loss(params: Any, paths: gj.Trajectories) -> Any:
        hidden = forward(params, encode(paths.start, centres), paths.moves)
        log_p = jax.nn.log_softmax(hidden @ params["D"])
        cross_entropy = -(encode(paths.positions, centres) * log_p).sum(-1).mean()
        return cross_entropy + WEIGHT_DECAY * (params["W"] ** 2).sum()

    def step(index: Any, state: Any) -> Any:
        params, moments = state
        paths = gj.simulate_motion(gj.stream(SEED, gj.Stream.MOTION, index), T, BATCH, WORLD)
        return adam(params, jax.grad(loss)(params, paths), moments, index + 1.0)

    zeros = jax.tree.map(jnp.zeros_like, params)
    params, _ = lax.fori_loop(0, N_STEPS, step, (params, (zeros, zeros)))
    return params, centres


@partial(jax.jit, static_argnums=0)
def test(encode: Any, params: Any, centres: Any) -> Any:
    """Run fresh trajectories; return positions, decoded positions and activity, flat."""
    paths = gj.simulate_motion(gj.stream(SEED, gj.Stream.EVALUATION), 50, 2000, WORLD)
    hidden = forward(params, encode(paths.start, centres), paths.moves)
    top_3 = lax.top_k(hidden @ params["D"], 3)[1]
    decoded = centres[top_3].mean(-2)
    return paths.positions.reshape(-1, 2), decoded.reshape(-1, 2), hidden.reshape(-1, NG)


def rate_maps(positions: np.ndarray, activity: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the mean activity per bin, [unit, x, y]; NaN where no sample fell."""
    inside = (np.abs(positions) < BOX / 2).all(-1)
    x, y = ((positions[inside] / BOX + 0.5) * n_bins).astype(int).T
    n_samples = np.zeros((n_bins, n_bins))
    sums = np.zeros((n_bins, n_bins, NG))
    np.add.at(n_samples, (x, y), 1)
    np.add.at(sums, (x, y), activity[inside])
    with np.errstate(invalid="ignore"):
        return np.moveaxis(sums / n_samples[..., None], -1, 0)


def main() -> None:
    """Train one network and print its position error beside its grid scores."""
    encode = gaussian if sys.argv[1:] == ["gaussian"] else difference_of_softmaxes
    params, centres = train(encode)
    positions, decoded, activity = map(np.asarray, test(encode, params, centres))
    error = np.linalg.norm(positions - decoded, axis=-1).mean()
    scores = gj.grid_score(rate_maps(positions, activity, 44)).score_60
    print(f"{encode.__name__}: position error {100 * error:.1f} cm over 50 moves")
    print(f"units with score60 above .3: {(scores > 0.3).mean():.0%}; best {scores.max():.2f}")


if __name__ == "__main__":
    main()
