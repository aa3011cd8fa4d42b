"""Recurrence over time in one kernel of an NVIDIA GPU for each pass (Pallas, Triton).

One program of a kernel computes all times of up to 64 trajectories of one network. It reads the
recurrent kernel matrix once, and keeps it in the shared memory of its multiprocessor. A matrix
above 128 KiB is too large for that: TF32 with more than 128 units, or UGRNN with more than 128.
The program then reads it in chunks at every time; the cache of the card holds it.

On a CPU, JAX interprets the kernels. gridjax.model.fused_recurrence.limits lists what they cannot
do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from gridjax.model.fused_recurrence.tile import Tile, choose_tile, read, write
from gridjax.model.matmul import BF16, multiply_on_matrix_units, multiply_rounded

NextState = Callable[[Array, tuple[Array, ...]], Array]
"""h and, for each gate, drive + product with the recurrent kernel -> the next h; elementwise"""


class Recurrence(NamedTuple):
    """A recurrence whose state is h alone; see gridjax.model.recurrence.Update."""

    next_state: NextState
    pull_back: Callable[[Array, Array], Array] | None
    """h and its gradient -> the gradient of drive + product; None keeps these sums instead"""
    precision: str
    is_interpreted: bool = False
    """whether JAX interprets the kernel, as it does on a CPU"""


def _multiply(x: Array, matrix: Array, of: Recurrence) -> Array:
    multiply = multiply_rounded if of.is_interpreted else multiply_on_matrix_units
    return multiply(x, matrix, of.precision)


def _matrices(ref: Any, tile: Tile, of: Recurrence) -> list[Array]:
    """Read the matrix of each gate from [unit, gate, unit], as operands of products."""
    own = tile.own_weights((tile.units, tile.units))
    matrices = [read(ref.at[:, gate, :], own) for gate in tile.gates]
    if of.precision == BF16 and not of.is_interpreted:
        return [each.astype(jnp.bfloat16) for each in matrices]
    return matrices


def _over_chunks(
    tile: Tile, add: Callable[[Any, Any, tuple[Array, ...]], tuple[Array, ...]], n_sums: int
) -> tuple[Array, ...]:
    """Return sums [row, unit] over all chunks of units; ``add`` adds the terms of one chunk."""

    def one(i: Array, sums: tuple[Array, ...]) -> tuple[Array, ...]:
        first = i * tile.chunk
        return add(first, pl.ds(first, tile.chunk), sums)

    nothing = jnp.zeros((tile.rows, tile.units), jnp.float32)
    return lax.fori_loop(0, tile.units // tile.chunk, one, (nothing,) * n_sums)


def _forward_kernel(of: Recurrence, tile: Tile, has_mask: bool, *refs: Any) -> None:
    kernel_ref, state_ref, drive_ref, *rest = refs
    mask_ref = rest.pop(0) if has_mask else None
    h_ref, *sums_ref = rest
    program = pl.program_id(0)
    own = tile.own(program, tile.units)
    matrices = _matrices(kernel_ref, tile, of) if tile.is_whole else []

    def of_whole(h: Array) -> list[Array]:
        entering = h if mask_ref is None else h * read(mask_ref, own)
        return [_multiply(entering, matrix, of) for matrix in matrices]

    def of_chunks(t: Array) -> tuple[Array, ...]:
        """Return the products of all gates; h is read from the memory it was written to."""
        if not of.is_interpreted:
            triton.debug_barrier()

        def add(first: Any, part: Any, sums: tuple[Array, ...]) -> tuple[Array, ...]:
            own = tile.own(program, tile.chunk, first)
            inside = jnp.full((tile.rows, tile.chunk), True) if own is None else own
            h = triton.load(state_ref.at[:, part], mask=inside & (t == 0), other=0.0)
            last = h_ref.at[jnp.maximum(t - 1, 0), :, part]
            h = h + triton.load(last, mask=inside & (t > 0), other=0.0)
            h = h if mask_ref is None else h * read(mask_ref.at[:, part], own)
            own = tile.own_weights((tile.chunk, tile.units), (first, 0))
            return tuple(
                each + _multiply(h, read(kernel_ref.at[part, gate, :], own), of)
                for gate, each in zip(tile.gates, sums, strict=True)
            )

        return _over_chunks(tile, add, tile.n_gates)

    def step(t: Array, h: Array) -> Array:
        drive = [read(drive_ref.at[t, :, gate, :], own) for gate in tile.gates]
        products = of_whole(h) if tile.is_whole else of_chunks(t)
        sums = tuple(a + b for a, b in zip(drive, products, strict=True))
        h = of.next_state(h, sums)
        write(h_ref.at[t], h, own)
        for ref in sums_ref:
            for gate, each in zip(tile.gates, sums, strict=True):
                write(ref.at[t, :, gate, :], each, own)
        return h

    lax.fori_loop(0, tile.n_times, step, read(state_ref, own))


def _backward_kernel(of: Recurrence, tile: Tile, has_mask: bool, *refs: Any) -> None:
    kernel_ref, gradient_ref, kept_ref, *rest = refs
    before_ref = rest.pop(0) if of.pull_back is None else None
    mask_ref = rest.pop(0) if has_mask else None
    d_sums_ref, d_state_ref = rest
    program = pl.program_id(0)
    own = tile.own(program, tile.units)
    matrices = _matrices(kernel_ref, tile, of) if tile.is_whole else []

    def through(t: Array, delta: Array) -> tuple[Array | None, tuple[Array, ...]]:
        """Return the gradients of h, unless it is 0, and of the sums of all gates."""
        if of.pull_back is not None:
            return None, (of.pull_back(read(kept_ref.at[t], own), delta),)
        assert before_ref is not None
        sums = tuple(read(kept_ref.at[t, :, gate, :], own) for gate in tile.gates)
        return jax.vjp(of.next_state, read(before_ref.at[t], own), sums)[1](delta)

    def of_whole(d_sums: tuple[Array, ...]) -> Array:
        back = jnp.zeros((tile.rows, tile.units), jnp.float32)
        for each, matrix in zip(d_sums, matrices, strict=True):
            back = back + _multiply(each, matrix.T, of)
        return back

    def of_chunks(t: Array) -> Array:
        """Return the gradient of h; ``d_sums`` are read from the memory they were written to."""
        if not of.is_interpreted:
            triton.debug_barrier()

        def add(first: Any, part: Any, sums: tuple[Array, ...]) -> tuple[Array, ...]:
            own = tile.own(program, tile.chunk, first)
            own_weights = tile.own_weights((tile.units, tile.chunk), (0, first))
            (back,) = sums
            for gate in tile.gates:
                d_sums = read(d_sums_ref.at[t, :, gate, part], own)
                matrix = read(kernel_ref.at[:, gate, part], own_weights)
                back = back + _multiply(d_sums, matrix.T, of)
            return (back,)

        return _over_chunks(tile, add, 1)[0]

    def step(i: Array, delta: Array) -> Array:
        t = tile.n_times - 1 - i
        d_h, d_sums = through(t, delta + read(gradient_ref.at[t], own))
        for gate, each in zip(tile.gates, d_sums, strict=True):
            write(d_sums_ref.at[t, :, gate, :], each, own)
        back = of_whole(d_sums) if tile.is_whole else of_chunks(t)
        back = back if mask_ref is None else back * read(mask_ref, own)
        return back if d_h is None else d_h + back

    nothing = jnp.zeros((tile.rows, tile.units), jnp.float32)
    write(d_state_ref, lax.fori_loop(0, tile.n_times, step, nothing), own)


def forward(
    of: Recurrence,
    kernel: Float[Array, "Ng gates"],
    state_0: Float[Array, "batch Ng"],
    drive: Float[Array, "time batch gates"],
    mask: Float[Array, "batch Ng"] | None,
) -> tuple[Float[Array, "time batch Ng"], Float[Array, "time batch gates"] | None]:
    """Return h at all times and, for a recurrence without ``pull_back``, drive + product."""
    tile = choose_tile(of.precision, *drive.shape[:2], *kernel.shape)
    shape = (tile.n_times, tile.n_batch, tile.n_gates, tile.n_units)
    outputs = [(*shape[:2], tile.n_units)] + ([shape] if of.pull_back is None else [])
    inputs = [kernel.reshape(tile.n_units, *shape[2:]), state_0, drive.reshape(shape)]
    h, *sums = _call("recurrence_forward", _forward_kernel, of, tile, mask, inputs, outputs)
    return h, sums[0].reshape(drive.shape) if sums else None


def backward(
    of: Recurrence,
    kernel: Float[Array, "Ng gates"],
    gradient: Float[Array, "time batch Ng"],
    kept: Float[Array, "time batch units"],
    before: Float[Array, "time batch Ng"] | None,
    mask: Float[Array, "batch Ng"] | None,
) -> tuple[Float[Array, "time batch gates"], Float[Array, "batch Ng"]]:
    """Return the gradients of drive + product at all times, and of the state at time 0.

    Args:
        of: the recurrence.
        kernel: the recurrent kernel matrix, not transposed.
        gradient: the gradient of h at all times.
        kept: h of ``forward`` with ``pull_back``, otherwise its sums.
        before: h before each time; None with ``pull_back``.
        mask: that of the forward pass.
    """
    n_times, n_batch, n_units = gradient.shape
    width = kernel.shape[1]
    tile = choose_tile(of.precision, n_times, n_batch, *kernel.shape)
    shape = (n_times, n_batch, tile.n_gates, n_units)
    is_sum = of.pull_back is not None
    inputs = [kernel.reshape(n_units, *shape[2:]), gradient]
    inputs += [kept] if is_sum else [kept.reshape(shape), before]
    outputs = [shape, (n_batch, n_units)]
    d_sums, d_state = _call(
        "recurrence_backward", _backward_kernel, of, tile, mask, inputs, outputs
    )
    return d_sums.reshape(n_times, n_batch, width), d_state


def _call(
    name: str,
    body: Callable[..., None],
    of: Recurrence,
    tile: Tile,
    mask: Array | None,
    inputs: list[Array],
    outputs: list[tuple[int, ...]],
) -> list[Array]:
    """Run a kernel with one program for each tile of the batch; the first input is the matrix.

    A vmap over networks adds an axis to the grid. gridjax.accelerators.arithmetic reads the name.
    """
    kernel, *others = inputs
    if of.precision == BF16 and not tile.is_whole:
        kernel = kernel.astype(jnp.bfloat16)  # halves what every time step reads
    arrays = [kernel, *others, *([] if mask is None else [mask])]

    def run(is_interpreted: bool, *arrays: Array) -> list[Array]:
        kernel = partial(body, of._replace(is_interpreted=is_interpreted), tile, mask is not None)
        return pl.pallas_call(
            kernel,
            grid=(tile.n_programs,),
            in_specs=[
                pl.BlockSpec((tile.units, tile.n_gates, tile.units), lambda i: (0, 0, 0)),
                *(tile.blocks(each.shape) for each in arrays[1:]),
            ],
            out_specs=[tile.blocks(shape) for shape in outputs],
            out_shape=[jax.ShapeDtypeStruct(shape, jnp.float32) for shape in outputs],
            interpret=is_interpreted,
            compiler_params=triton.CompilerParams(
                num_warps=8, num_stages=1 if tile.is_whole else 2
            ),
            name=f"{name}_{of.precision}",
        )(*arrays)

    return lax.platform_dependent(*arrays, cpu=partial(run, True), cuda=partial(run, False))
