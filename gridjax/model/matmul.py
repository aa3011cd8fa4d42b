"""Matrix products at the precision of a network's training.

``float32`` does not round the operands. ``tf32`` and ``bf16`` round the operands to 10 and 7 bits
of mantissa, in the forward and the backward pass, and sum in float32, like the matrix units of
accelerators. On a CPU the operands are rounded, then multiplied in float32. A CPU can therefore
measure the effect of a precision on a network, but it saves no time.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

FLOAT32, TF32, BF16 = "float32", "tf32", "bf16"
_EXPONENT_BITS = 8
_MANTISSA_BITS = {TF32: 10, BF16: 7}


def product(
    x: Float[Array, "*n k"], matrix: Float[Array, "k m"], precision: str
) -> Float[Array, "*n m"]:
    """Return x @ matrix. The products in its gradient have the same precision."""
    return _product(x, matrix, precision)


def multiply(
    x: Float[Array, "*n k"], matrix: Float[Array, "k m"], precision: str
) -> Float[Array, "*n m"]:
    """Return x @ matrix, without a rule for its gradient."""
    if precision == FLOAT32:
        return x @ matrix
    return lax.platform_dependent(
        x,
        matrix,
        cpu=partial(multiply_rounded, precision=precision),
        default=partial(multiply_on_matrix_units, precision=precision),
    )


def multiply_rounded(x: Array, matrix: Array, precision: str) -> Array:
    """Round the operands as ``precision`` does, and multiply them in float32."""
    bits = _MANTISSA_BITS[precision]
    # The compiler may remove a cast to bfloat16 and back; it may not remove this operation.
    operands = (lax.reduce_precision(each, _EXPONENT_BITS, bits) for each in (x, matrix))
    return jnp.matmul(*operands, precision="float32")


def multiply_on_matrix_units(x: Array, matrix: Array, precision: str) -> Array:
    """Multiply on the matrix units of an accelerator, which round the operands."""
    if precision == TF32:
        return jnp.matmul(x, matrix, precision="tensorfloat32")
    halves = (each.astype(jnp.bfloat16) for each in (x, matrix))
    return jnp.matmul(*halves, preferred_element_type=jnp.float32)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _product(x: Array, matrix: Array, precision: str) -> Array:
    return multiply(x, matrix, precision)


def _forward(x: Array, matrix: Array, precision: str) -> tuple[Array, tuple[Array, Array]]:
    return multiply(x, matrix, precision), (x, matrix)


def _backward(precision: str, saved: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    # The gradient of the matrix is computed with its axes in the matrix's own order. JAX would
    # compute its transpose. For that, XLA on a CPU writes a transposed copy of the gradient of
    # x @ matrix, which takes a quarter of the time of a step of small networks.
    x, matrix = saved
    flat_x = x.reshape(-1, x.shape[-1])
    flat_gradient = gradient.reshape(-1, gradient.shape[-1])
    return (
        multiply(gradient, matrix.T, precision),
        multiply(flat_x.T, flat_gradient, precision),
    )


_product.defvjp(_forward, _backward)
