"""Matrix products at the precision of a network's training.

``float32`` does not round the operands. ``tf32`` and ``bf16`` round the operands to 10 and 7 bits
of mantissa, in the forward and the backward pass, and sum in float32, like the matrix units of
accelerators. A CPU rounds the operands and multiplies TF32 numbers in float32, which saves no time.
It multiplies bfloat16 numbers as such: XLA uses the matrix units of processors that have some
(AMX), and converts them to float32 on others. The results differ only in the order of the sums.
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
        cpu=partial(multiply_on_cpu, precision=precision),
        default=partial(multiply_on_matrix_units, precision=precision),
    )


def matrix_gradient(
    x: Float[Array, "*n k"], gradient: Float[Array, "*n m"], precision: str
) -> Float[Array, "k m"]:
    """Return the gradient of a matrix, the sum of x^T gradient over all leading axes.

    ``gradient`` is that of x @ matrix.
    """
    flat_x = x.reshape(-1, x.shape[-1])
    flat_gradient = gradient.reshape(-1, gradient.shape[-1])
    if precision != BF16:
        return multiply(flat_x.T, flat_gradient, precision)
    return lax.platform_dependent(
        flat_x,
        flat_gradient,
        cpu=_matrix_gradient_on_cpu,
        default=lambda x, gradient: multiply_on_matrix_units(x.T, gradient, precision),
    )


def multiply_by_transpose(
    x: Float[Array, "*n m"], matrix: Float[Array, "k m"], precision: str
) -> Float[Array, "*n k"]:
    """Return x @ matrix^T, without a rule for its gradient."""
    if precision != BF16:
        return multiply(x, matrix.T, precision)
    return lax.platform_dependent(
        x,
        matrix,
        cpu=_multiply_by_transpose_on_cpu,
        default=lambda x, matrix: multiply_on_matrix_units(x, matrix.T, precision),
    )


def multiply_on_cpu(x: Array, matrix: Array, precision: str) -> Array:
    """Multiply rounded operands on a CPU: bfloat16 numbers by matrix units where there are some."""
    if precision == TF32:
        return multiply_rounded(x, matrix, precision)
    return jnp.matmul(*_bfloat16_operands(x, matrix), preferred_element_type=jnp.float32)


def _bfloat16_operands(x: Array, matrix: Array) -> tuple[Array, Array]:
    """Return rounded operands. The barrier keeps the rounding and transposes outside the product.

    XLA multiplies by matrix units if the first operand is not transposed inside the product, and
    the second is either not transposed or contracted along its last axis.
    """
    bits = _MANTISSA_BITS[BF16]
    return lax.optimization_barrier(
        tuple(
            lax.reduce_precision(each, _EXPONENT_BITS, bits).astype(jnp.bfloat16)
            for each in (x, matrix)
        )
    )


def _multiply_by_transpose_on_cpu(x: Array, matrix: Array) -> Array:
    """Return x @ matrix^T in bfloat16, as one product that contracts the last axes of both.

    A transposed matrix as an operand takes up to four times as long: XLA writes it with its axes in
    the matrix's order, and multiplies it in float32.
    """
    last_axes = ((x.ndim - 1,), (1,))
    return lax.dot_general(
        *_bfloat16_operands(x, matrix),
        (last_axes, ((), ())),
        preferred_element_type=jnp.float32,
    )


def _matrix_gradient_on_cpu(x: Array, gradient: Array) -> Array:
    """Return x^T gradient in bfloat16.

    x^T has one axis more, because XLA moves a transpose of two axes into the product.
    """
    n_rows = x.shape[1]
    parts = next((n for n in (16, 8, 4, 2) if n_rows % n == 0), 1)
    rows = x.T.reshape(parts, n_rows // parts, -1) if parts > 1 else x.T
    return multiply_on_cpu(rows, gradient, BF16).reshape(n_rows, -1)


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
    to_x = multiply_by_transpose(gradient, matrix, precision)
    return to_x, matrix_gradient(x, gradient, precision)


_product.defvjp(_forward, _backward)
