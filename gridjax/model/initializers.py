"""Initialisers of weight matrices.

``initializer`` sets the recurrent kernel, the concatenated one where gates share it; every other
matrix is glorot_uniform. ``pytorch_uniform`` is another framework's default and sets them all, as
in the published code of Sorscher et al. (2019).
"""

from __future__ import annotations

from jax import nn, random
from jaxtyping import Array, Float, Key

PYTORCH = "pytorch_uniform"


def glorot_uniform(key: Key[Array, ""], n_in: int, n_out: int) -> Float[Array, "n_in n_out"]:
    """Draw from U(-l, l), l = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16)."""
    return _uniform(key, n_in, n_out, (6 / (n_in + n_out)) ** 0.5)


def recurrent_kernel(
    key: Key[Array, ""], n_in: int, n_out: int, n_units: int, initializer: str
) -> Float[Array, "n_in n_out"]:
    """Draw the matrix that the state is multiplied with, of a cell of ``n_units`` units.

    glorot_normal is truncated at two standard deviations and widened to keep its variance;
    orthogonal draws Q of a Gaussian's QR decomposition, with the signs of R's diagonal.
    """
    if initializer == PYTORCH:
        return of_cell(key, n_in, n_out, n_units, initializer)
    draw = {
        "glorot_uniform": glorot_uniform,
        "glorot_normal": lambda key, *shape: nn.initializers.glorot_normal()(key, shape),
        "orthogonal": lambda key, *shape: nn.initializers.orthogonal()(key, shape),
    }[initializer]
    return draw(key, n_in, n_out)


def of_cell(
    key: Key[Array, ""], n_in: int, n_out: int, n_units: int, initializer: str
) -> Float[Array, "n_in n_out"]:
    """Draw another matrix of a cell: glorot_uniform, or U(-l, l), l = 1 / sqrt(n_units)."""
    if initializer == PYTORCH:
        return _uniform(key, n_in, n_out, n_units**-0.5)
    return glorot_uniform(key, n_in, n_out)


def of_layer(
    key: Key[Array, ""], n_in: int, n_out: int, initializer: str
) -> Float[Array, "n_in n_out"]:
    """Draw the matrix of a linear layer: glorot_uniform, or U(-l, l), l = 1 / sqrt(n_in)."""
    if initializer == PYTORCH:
        return _uniform(key, n_in, n_out, n_in**-0.5)
    return glorot_uniform(key, n_in, n_out)


def _uniform(
    key: Key[Array, ""], n_in: int, n_out: int, limit: float
) -> Float[Array, "n_in n_out"]:
    return random.uniform(key, (n_in, n_out), minval=-limit, maxval=limit)
