"""Initialisers of weight matrices.

``initializer`` applies to the recurrent kernel, or to the kernel of all gates together. Every other
matrix is drawn by glorot_uniform. The exception is ``pytorch_uniform``, PyTorch's default: it
applies to all matrices, as in the published code of Sorscher et al. (2019).
"""

from __future__ import annotations

from jax import nn, random
from jaxtyping import Array, Float, Key

PYTORCH = "pytorch_uniform"


def glorot_uniform(key: Key[Array, ""], n_in: int, n_out: int) -> Float[Array, "n_in n_out"]:
    """Draw a matrix from U(-l, l) with l = sqrt(6 / (n_in + n_out)).

    Source: Glorot and Bengio (2010), eq. 16.
    """
    return _uniform(key, n_in, n_out, (6 / (n_in + n_out)) ** 0.5)


def recurrent_kernel(
    key: Key[Array, ""], n_in: int, n_out: int, n_units: int, initializer: str
) -> Float[Array, "n_in n_out"]:
    """Draw the matrix by which the state is multiplied in a cell of ``n_units`` units.

    glorot_normal: a Gaussian, truncated at two standard deviations and widened to keep its
    variance. orthogonal: Q of the QR decomposition of a Gaussian matrix, multiplied by the signs of
    R's diagonal.
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
    """Draw any other matrix of a cell.

    The distribution is glorot_uniform; for pytorch_uniform, U(-l, l) with l = 1 / sqrt(n_units).
    """
    if initializer == PYTORCH:
        return _uniform(key, n_in, n_out, n_units**-0.5)
    return glorot_uniform(key, n_in, n_out)


def of_layer(
    key: Key[Array, ""], n_in: int, n_out: int, initializer: str
) -> Float[Array, "n_in n_out"]:
    """Draw the matrix of a linear layer.

    The distribution is glorot_uniform; for pytorch_uniform, U(-l, l) with l = 1 / sqrt(n_in).
    """
    if initializer == PYTORCH:
        return _uniform(key, n_in, n_out, n_in**-0.5)
    return glorot_uniform(key, n_in, n_out)


def _uniform(
    key: Key[Array, ""], n_in: int, n_out: int, limit: float
) -> Float[Array, "n_in n_out"]:
    return random.uniform(key, (n_in, n_out), minval=-limit, maxval=limit)
