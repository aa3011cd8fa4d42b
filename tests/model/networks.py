"""Networks of every cell with no number left at 0, and what goes into them."""

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np

from gridjax.model import network
from gridjax.model.weights import init_params
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec

RNN_TYPES = ("RNN", "SRNN", "UGRNN", "GRU", "LSTM")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")
N_TIMES, N_BATCH = 6, 4


class Case(NamedTuple):
    """One network and the numbers it is run on."""

    static: StaticConfig
    params: network.Params
    start_code: np.ndarray
    inputs: np.ndarray
    masks: network.Masks


def static_of(**settings) -> StaticConfig:
    return replace(NetworkSpec(Ng=19, Np=11, batch_size=N_BATCH), **settings).static


def traced_of(**settings) -> TracedParams:
    return replace(NetworkSpec(), **settings).traced


def drawn(init, rng):
    """Normal numbers in the shapes of what ``init(key)`` returns, biases too; compiles nothing."""
    shapes = jax.eval_shape(init, jax.random.key(0))
    return jax.tree.map(
        lambda leaf: (rng.normal(size=leaf.shape) / np.sqrt(leaf.shape[0])).astype(np.float32),
        shapes,
    )


def case(seed=3, rate=0.4, n_times=N_TIMES, of_moves=False, **settings) -> Case:
    """A network of the study or of Banino's with masks that drop ``rate`` of the units.

    With ``of_moves``, the mask of the recurrence is another one at each move.
    """
    static = static_of(sequence_length=n_times, **settings)
    rng = np.random.default_rng(seed)
    params = drawn(lambda key: init_params(key, static), rng)
    shape = (n_times, static.batch_size)

    def mask(*shape):
        return ((rng.random(shape) >= rate) / (1 - rate)).astype(np.float32)

    return Case(
        static=static,
        params=params,
        start_code=rng.dirichlet(np.ones(static.n_outputs), shape[1]).astype(np.float32),
        inputs=rng.normal(0, 0.5, (*shape, static.n_inputs)).astype(np.float32),
        masks=network.Masks(
            mask(*shape[not of_moves :], static.Ng), mask(*shape, static.n_analysed)
        ),
    )
