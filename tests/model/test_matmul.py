"""Products at reduced precision against operands rounded bit by bit."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model.networks import case

from gridjax.model import network
from gridjax.model.matmul import matrix_gradient, multiply, multiply_by_transpose, product

BITS = {"tf32": 10, "bf16": 7}


def rounded(values, bits):
    """float32 to the nearest number of so many bits of mantissa, ties to even, in float64."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    return np.ldexp(np.round(mantissa * 2 ** (bits + 1)) / 2 ** (bits + 1), exponent)


def operands(seed=3):
    rng = np.random.default_rng(seed)
    x, matrix = rng.normal(size=(2, 5, 7)), rng.normal(size=(7, 4)) * 1e-3
    return np.float32(x), np.float32(matrix)


@pytest.mark.parametrize("precision", BITS)
def test_operands_are_rounded_and_summed_in_single_precision(precision):
    x, matrix = operands()
    ours = jax.jit(partial(product, precision=precision))(x, matrix)
    assert ours.dtype == jnp.float32
    bits = BITS[precision]
    expected = rounded(x, bits) @ rounded(matrix, bits)
    scale = np.abs(expected).max()
    # sums of seven numbers in float32; rounding the operands moves 2^-(bits+1) of the size
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6 * scale)
    assert np.abs(ours - x @ matrix).max() > 2.0 ** -(bits + 4) * scale


@pytest.mark.parametrize("precision", BITS)
def test_the_products_of_the_gradient_are_rounded_too(precision):
    x, matrix = operands()
    weights = np.float32(np.random.default_rng(4).normal(size=(2, 5, 4)))

    def weighted(x, matrix):
        return (product(x, matrix, precision) * weights).sum()

    d_x, d_matrix = jax.jit(jax.grad(weighted, argnums=(0, 1)))(x, matrix)
    r = partial(rounded, bits=BITS[precision])
    flat = r(x).reshape(-1, 7).T @ r(weights).reshape(-1, 4)
    np.testing.assert_allclose(d_x, r(weights) @ r(matrix).T, rtol=0, atol=1e-8)
    np.testing.assert_allclose(d_matrix, flat, rtol=0, atol=1e-5)


def test_float32_is_the_plain_product_whose_gradients_agree_with_float64():
    x, matrix = operands()
    whole = partial(product, precision="float32")
    assert not any(name in str(jax.make_jaxpr(whole)(x, matrix)) for name in ("reduce", "bf16"))
    y, pull_back = jax.vjp(whole, x, matrix)
    np.testing.assert_array_equal(y, x @ matrix)
    weights = np.float32(np.random.default_rng(4).normal(size=y.shape))
    d_x, d_matrix = pull_back(weights)
    flat_x, flat_weights = (each.reshape(-1, each.shape[-1]) for each in (x, weights))
    expected = flat_x.astype(np.float64).T @ flat_weights
    np.testing.assert_allclose(d_matrix, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    expected = weights.astype(np.float64) @ matrix.T
    np.testing.assert_allclose(d_x, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_no_gradient_of_a_matrix_is_formed_transposed():
    static, params, start_code, inputs, _ = case(rnn_type="GRU")

    def loss(params):
        analysed = network.activity(params, start_code, inputs, static)
        return jnp.square(network.outputs(params, analysed, static)).sum()

    text = jax.jit(jax.grad(loss)).lower(params).compile().as_text()
    assert " dot(" in text
    # a product that wants its second operand transposed, which XLA then copies
    assert "lhs_contracting_dims={0}, rhs_contracting_dims={1}" not in text


@pytest.mark.parametrize("platform", ["cuda", "cpu"])
@pytest.mark.parametrize("precision", BITS)
@pytest.mark.parametrize("rnn_type", ["RNN", "GRU"])
def test_every_product_of_a_training_step_has_the_precision(rnn_type, precision, platform):
    static, params, start_code, inputs, _ = case(rnn_type=rnn_type, matmul_precision=precision)

    def loss(params):
        analysed = network.activity(params, start_code, inputs, static)
        return jnp.square(network.outputs(params, analysed, static)).sum()

    lowered = jax.jit(jax.grad(loss)).trace(params).lower(lowering_platforms=(platform,))
    products = [line for line in lowered.as_text().splitlines() if "stablehlo.dot_general" in line]
    assert len(products) >= 7  # encoder, inputs, kernel and decoder, forward and backward
    is_rounded = {
        ("cuda", "tf32"): lambda line: "precision = [HIGH, HIGH]" in line,
        ("cuda", "bf16"): lambda line: line.count("xbf16>") == 2,
        ("cpu", "tf32"): lambda line: "precision = [HIGHEST, HIGHEST]" in line,
        ("cpu", "bf16"): lambda line: line.count("xbf16>") == 2,
    }[platform, precision]
    assert all(map(is_rounded, products)), [p for p in products if not is_rounded(p)]


SIZES = (1, 2, 3, 7, 16, 33, 64)


@pytest.mark.parametrize("seed", range(6))
def test_products_of_all_shapes_and_lanes_agree_with_rounded_operands(seed):
    """bfloat16 products take another path of XLA on a CPU for some shapes and processors."""
    rng = np.random.default_rng(seed)
    lanes, *lead, k, m = map(int, rng.choice(SIZES, size=rng.integers(4, 6)))
    x = rng.normal(size=(lanes, *lead, k)).astype(np.float32)
    matrix = rng.normal(size=(lanes, k, m)).astype(np.float32)
    gradient = rng.normal(size=(lanes, *lead, m)).astype(np.float32)

    def products(x, matrix, gradient):
        return (
            multiply(x, matrix, "bf16"),
            multiply_by_transpose(gradient, matrix, "bf16"),
            matrix_gradient(x, gradient, "bf16"),
        )

    found = jax.jit(jax.vmap(products))(x, matrix, gradient)
    x, matrix, gradient = (rounded(each, 7) for each in (x, matrix, gradient))
    flat_x, flat_gradient = x.reshape(lanes, -1, k), gradient.reshape(lanes, -1, m)
    expected = (
        np.einsum("l...k,lkm->l...m", x, matrix),
        np.einsum("l...m,lkm->l...k", gradient, matrix),
        np.einsum("lnk,lnm->lkm", flat_x, flat_gradient),
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == jnp.float32
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max() + 1e-7)


def test_no_bfloat16_product_on_a_cpu_multiplies_a_transposed_matrix():
    """XLA multiplies by transposed operands in float32, up to four times as slowly."""
    static, params, start_code, inputs, _ = case(rnn_type="RNN", matmul_precision="bf16")

    def loss(params):
        analysed = network.activity(params, start_code, inputs, static)
        return jnp.square(network.outputs(params, analysed, static)).sum()

    text = jax.jit(jax.grad(loss)).lower(params).as_text()
    lines = text.splitlines()
    products = [line for line in lines if "dot_general" in line and "bf16" in line]
    assert len(products) >= 7
    contracted = [re.search(r"contracting_dims = (\[\d+\]) x (\[\d\])", each) for each in products]
    for line, axes in zip(products, contracted, strict=True):
        (left,) = re.findall(r": \(tensor<(\d[\dx]*)xbf16>", line)
        assert axes is not None, line
        assert axes[1] == f"[{left.count('x')}]", line
    assert sum(axes[2] == "[1]" for axes in contracted) == 2  # through the kernel and the decoder
    # The others are gradients of matrices: x^T, with one more axis.
    transposes = [line for line in lines if "stablehlo.transpose" in line]
    assert len(transposes) == 4, transposes
