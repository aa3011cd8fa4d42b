"""Nulls: what a score would be without what it is meant to show."""

from __future__ import annotations

from collections.abc import Callable

from jax import random
from jaxtyping import Array, Float, Key


def random_readout_weights(
    key: Key[Array, ""], n_code: int, n_readouts: int
) -> Float[Array, "code readout"]:
    """Draw the weights w of random readouts of a target code, standard normal."""
    return random.normal(key, (n_code, n_readouts))


def readout(
    code: Float[Array, "*n code"],
    mean: Float[Array, " code"],
    scale: Float[Array, ""],
    weights: Float[Array, "code readout"],
    activation: Callable[[Array], Array],
) -> Float[Array, "*n readout"]:
    """Return phi(w . (y - mean y) / scale), phi the activation.

    ``scale`` is the square root of the code's total variance over positions: one number for all
    readouts, which gives them unit variance on average and matters to saturating phi alone.
    """
    return activation((code - mean) @ weights / scale)
