"""Part of the arrays that one program of a fused recurrence computes, and how it reads and writes.

Arrays of a program have sides that are powers of two. What lies outside the arrays is read as 0
and not written.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array

from gridjax.model.matmul import BF16

_MOST_BYTES = 128 << 10
"""Largest kernel matrix that stays in shared memory, in bytes. A multiprocessor of an H100 has
227 KiB; h, and copies between the layouts of operands, need the rest."""
_SMALLEST = 16
"""Smallest side of an operand of the matrix units."""
_ROWS = 64
"""Rows of an operand of the matrix units of an H100 at full speed."""
_CHUNK = 32
"""Units of a chunk of a larger matrix."""


class Tile(NamedTuple):
    """Sizes of the arrays of one program, and of the whole arrays of one network."""

    rows: int
    """trajectories of a program"""
    units: int
    """Ng, raised to a power of two"""
    chunk: int
    """units whose rows or columns of the kernel matrix are on the chip at the same time"""
    n_batch: int
    n_units: int
    n_times: int
    n_gates: int

    @property
    def is_whole(self) -> bool:
        """Whether the whole kernel matrix is on the chip."""
        return self.chunk == self.units

    @property
    def n_programs(self) -> int:
        """Programs of one network."""
        return -(-self.n_batch // self.rows)

    @property
    def gates(self) -> list[Any]:
        """Indices of the gates, of a type that JAX's interpreter accepts in every version."""
        return [np.int32(gate) for gate in range(self.n_gates)]

    def own(self, program: Any, n_units: int, first_unit: Any = 0) -> Array | None:
        """Return which elements [row, unit] are inside the arrays; None if all are.

        ``n_units`` units, from ``first_unit`` on.
        """
        if self.n_batch % self.rows == 0 and self.units == self.n_units:
            return None
        row, unit = _indices(self.rows, n_units)
        return (row + program * self.rows < self.n_batch) & (unit + first_unit < self.n_units)

    def own_weights(self, shape: tuple[int, int], first: tuple[Any, Any] = (0, 0)) -> Array | None:
        """Return which elements [unit, unit] are inside the kernel matrix; None if all are.

        The part has the shape ``shape`` and begins at ``first``.
        """
        if self.units == self.n_units:
            return None
        row, column = _indices(*shape)
        return (row + first[0] < self.n_units) & (column + first[1] < self.n_units)

    def blocks(self, shape: tuple[int, ...]) -> pl.BlockSpec:
        """Return the part of an array [(time,) batch, (gate,) unit]: some rows at all times."""
        if len(shape) == 2:
            return pl.BlockSpec((self.rows, self.units), lambda i: (i, 0))
        if len(shape) == 3:
            return pl.BlockSpec((shape[0], self.rows, self.units), lambda i: (0, i, 0))
        block = (shape[0], self.rows, shape[2], self.units)
        return pl.BlockSpec(block, lambda i: (0, i, 0, 0))


def choose_tile(precision: str, n_times: int, n_batch: int, n_units: int, width: int) -> Tile:
    """Return the sizes for a network; ``width`` is the number of columns of its kernel matrix."""
    n_gates = width // n_units
    units = max(_SMALLEST, pl.next_power_of_2(n_units))
    is_whole = n_gates * units**2 * (2 if precision == BF16 else 4) <= _MOST_BYTES
    # The sums of 64 rows and two gates of 256 units do not fit into the registers.
    most_rows = _ROWS if is_whole or n_gates == 1 else _ROWS // 2
    return Tile(
        rows=min(most_rows, max(_SMALLEST, pl.next_power_of_2(n_batch))),
        units=units,
        chunk=units if is_whole else _CHUNK,
        n_batch=n_batch,
        n_units=n_units,
        n_times=n_times,
        n_gates=n_gates,
    )


def read(ref: Any, own: Array | None) -> Array:
    """Return a part of an array; 0 for elements that are not ``own``."""
    return ref[...] if own is None else triton.load(ref, mask=own, other=0.0)


def write(ref: Any, value: Array, own: Array | None) -> None:
    """Write the ``own`` elements of a part of an array."""
    triton.store(ref, value, mask=own)


def _indices(*shape: int) -> tuple[Array, ...]:
    return tuple(lax.broadcasted_iota(jnp.int32, shape, axis) for axis in (0, 1))
