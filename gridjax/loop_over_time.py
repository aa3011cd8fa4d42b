"""A loop over the moves of trajectories, in the form that is fastest on the device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax import lax

ROLLED, UNROLLED = "rolled", "unrolled"
"""Forms of the loop: a loop of XLA; the same, unrolled on accelerators, which is faster to run and
slower to compile."""
MOST_UNROLLED = 32
"""Largest number of moves for which a loop over time is unrolled."""


def scan_over_time(
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    inputs: Any,
    loop: str,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Return the result of ``lax.scan``; UNROLLED unrolls the loop on an accelerator.

    On an accelerator, an XLA loop runs several kernels for each move, in addition to the kernels of
    the step. On a CPU the loop costs nothing, and unrolling costs compilation time.
    """
    n_moves = len(jax.tree.leaves(inputs)[0])
    scan = partial(lax.scan, step, reverse=reverse)
    if loop == ROLLED or n_moves > MOST_UNROLLED:
        return scan(carry, inputs)

    return lax.platform_dependent(carry, inputs, cpu=scan, default=partial(scan, unroll=n_moves))
