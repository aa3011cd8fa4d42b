"""The recurrence in one kernel against the scan over time; JAX interprets the kernel on a CPU."""

from functools import partial

import jax
import numpy as np
import pytest

from gridjax.loop_over_time import UNROLLED
from gridjax.model.cells import ACTIVATIONS, CELLS, PULL_BACKS
from gridjax.model.fused_recurrence.tile import choose_tile
from gridjax.model.recurrence import FUSED, Update, recurrence

N_GATES = {"RNN": 1, "UGRNN": 2}
N_LANES = 2
# cell, activation, precision, Ng, trajectories, has a dropout mask, whether the matrix is whole
CASES = {
    "fits exactly": ("RNN", "relu", "bf16", 16, 16, False, True),
    "odd sizes": ("RNN", "tanh", "tf32", 19, 70, True, True),
    "sigmoid": ("RNN", "sigmoid", "bf16", 21, 9, False, True),
    "linear": ("RNN", "linear", "tf32", 16, 7, True, True),
    "large": ("RNN", "relu", "bf16", 130, 5, False, True),
    "gates": ("UGRNN", "tanh", "tf32", 19, 21, True, True),
    "gates, relu": ("UGRNN", "relu", "bf16", 16, 64, False, True),
    "in chunks": ("RNN", "relu", "tf32", 130, 5, True, False),
    "in chunks, gates": ("UGRNN", "tanh", "bf16", 130, 40, True, False),
    "in chunks, no padding": ("UGRNN", "tanh", "tf32", 256, 16, False, False),
}
QUICK = ("odd sizes", "gates", "in chunks, gates")
N_TIMES = 4


def update_of(cell, activation):
    parts, phi = CELLS[cell].factored, ACTIVATIONS[activation]
    pull_back = PULL_BACKS[activation] if parts.is_sum else None
    return Update(partial(parts.update, phi), pull_back, FUSED, partial(parts.of_sums, phi))


def arguments(cell, n_units, n_batch, has_mask):
    """Arrays of two networks: kernel, state, drive, mask, gradient of h."""
    rng, width = np.random.default_rng(3), N_GATES[cell] * n_units

    def draw(*shape):
        return rng.normal(size=(N_LANES, *shape)).astype(np.float32)

    mask = rng.choice(np.float32([0, 1 / 0.7]), (N_LANES, n_batch, n_units))
    return (
        draw(n_units, width) / np.float32(np.sqrt(n_units)),
        draw(n_batch, n_units),
        draw(N_TIMES, n_batch, width),
        mask if has_mask else None,
        draw(N_TIMES, n_batch, n_units),
    )


def h_and_gradients(update, precision, given):
    """h, and the gradients of kernel, state and drive, of two networks under one vmap."""

    def of_one(kernel, state, drive, mask, gradient):
        def function(kernel, state, drive):
            return recurrence(update, precision, kernel, None, (state,), drive, mask)

        h, pull_back = jax.vjp(function, kernel, state, drive)
        return h, *pull_back(gradient)

    return jax.jit(jax.vmap(of_one))(*given)


def norm(array):
    return np.sqrt(np.square(array, dtype=np.float64).mean())


def marked(case):
    return pytest.param(case, marks=() if case in QUICK else pytest.mark.slow)


@pytest.mark.slow
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_one_kernel_gives_the_states_and_gradients_of_the_scan(case):
    cell, activation, precision, n_units, n_batch, has_mask, is_whole = CASES[case]
    width = N_GATES[cell] * n_units
    assert choose_tile(precision, N_TIMES, n_batch, n_units, width).is_whole == is_whole
    update = update_of(cell, activation)
    given = arguments(cell, n_units, n_batch, has_mask)
    ours = h_and_gradients(update, precision, given)
    scan = update._replace(loop=UNROLLED)
    expected = h_and_gradients(scan, precision, given)
    exact = h_and_gradients(scan, "float32", given)
    for one, other, unrounded in zip(ours, expected, exact, strict=True):
        assert one.shape == other.shape
        # The scale is the error of the precision itself. Sums in another order differ by 5e-7.
        # The share 5e-7 / 2^-10 of them is rounded to the other neighbour as operands of the next
        # product (TF32; fewer in bfloat16), which gives sqrt(12 * 5e-4) = 0.08 of that error.
        # A kernel that rounds one operand of a product alone is at sqrt(1/2).
        rounding = norm(other - unrounded)
        assert 1e-5 * norm(other) < rounding
        assert norm(one - other) < 0.3 * rounding


@pytest.mark.slow
def test_each_network_has_its_own_kernel_matrix():
    update, given = update_of("RNN", "tanh"), arguments("RNN", 19, 21, True)
    together = h_and_gradients(update, "bf16", given)
    for lane in range(N_LANES):
        both = jax.tree.map(lambda leaf, i=lane: leaf[[i, i]], given)
        alone = h_and_gradients(update, "bf16", both)
        for ours, theirs in zip(together, alone, strict=True):
            np.testing.assert_allclose(ours[lane], theirs[0], rtol=0, atol=1e-4 * norm(theirs[0]))


def test_a_cell_without_a_form_for_the_kernel_is_refused():
    parts = CELLS["GRU"].factored
    update = Update(partial(parts.update, np.tanh), None, FUSED)
    kernel, state = np.zeros((4, 12), np.float32), np.zeros((3, 4), np.float32)
    drive = np.zeros((2, 3, 12), np.float32)
    with pytest.raises(ValueError, match="no fused recurrence"):
        recurrence(update, "bf16", kernel, None, (state,), drive, None)
