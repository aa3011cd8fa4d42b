"""Grid code: the rates of given units at any position, as fixed features for other networks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gridjax.metrics.arguments import check_float, invalid_argument
from gridjax.metrics.coding.code_book import WIDEST_BOX_M, check_maps

LEAST_RATE, LARGEST_RATE = 1e-30, 1e30
"""Limits of the largest absolute rate of a GridCode, whose numbers are float32."""


class GridCode:
    """A layer without parameters: from positions to the rates of units, read from their maps.

    Rates are interpolated linearly between bin centres. A position beyond the outermost centres has
    their rates; a position that is NaN has rates that are NaN. The layer is a function of NumPy or
    JAX arrays; the second can be differentiated, compiled and mapped. It can be a layer of
    ``flax.linen.Sequential`` or ``flax.nnx.Sequential``, or be called in any module; training does
    not change it.

    The maps can be those of a trained network (`gridjax.Network.rate_maps`), of a synthetic module
    (`gridjax.metrics.lattice_module`) or of recorded cells.

    Args:
        maps: [unit, n, n], the axes x and y, without NaN; an array or a DataArray. Maps of several
            modules can be concatenated.
        box_width_m: Side of the box; its middle is 0.

    Raises:
        GridjaxError: The maps or the width are invalid.
    """

    def __init__(self, maps: Any, box_width_m: float):
        checked = check_maps(maps)
        if n_unknown := int(np.isnan(checked).any(axis=(1, 2)).sum()):
            message = f"maps of {n_unknown} of {len(checked)} units have bins without a rate (NaN)"
            fix = "compute maps with more samples or fewer bins, or leave these units out"
            raise invalid_argument(message, fix)
        largest = np.abs(checked).max()
        if largest and not LEAST_RATE <= largest <= LARGEST_RATE:
            fix = f"give rates from {LEAST_RATE:g} to {LARGEST_RATE:g}, as with_unit_power returns"
            raise invalid_argument(f"the largest rate is {largest:g}", fix)
        self.box_width_m = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
        self._rates = np.ascontiguousarray(np.moveaxis(checked, 0, -1), np.float32)
        self._rates.flags.writeable = False

    def __repr__(self) -> str:
        return f"<GridCode of {self.n_units} units in a box of {self.box_width_m:g} m>"

    @property
    def n_units(self) -> int:
        """Number of units: the width of the layer."""
        return self._rates.shape[-1]

    def __call__(self, positions: Any) -> Any:
        """Return the rates [..., unit] at positions [..., 2] in metres from the middle of the box.

        Raises:
            GridjaxError: The last axis of the positions is not x and y.
        """
        is_jax = isinstance(positions, jax.Array)
        xp = jnp if is_jax else np
        # places within a bin need float32, also of positions in half precision
        dtype = jnp.promote_types(positions.dtype, jnp.float32) if is_jax else np.float32
        positions = xp.asarray(positions, dtype)
        if not positions.ndim or positions.shape[-1] != 2:
            message = f"positions have shape {tuple(positions.shape)}"
            raise invalid_argument(message, "give x and y along the last axis, in metres")
        return interpolated_rates(xp, xp.asarray(self._rates), positions, self.box_width_m)


def interpolated_rates(xp: Any, rates: Any, positions: Any, box_width_m: float) -> Any:
    """Return the rates [..., unit] at positions, interpolated linearly between bin centres.

    Args:
        xp: numpy or jax.numpy, whose arrays the others are.
        rates: [n, n, unit], rates at the bin centres, the axes x and y.
        positions: [..., 2], metres from the middle of the box.
        box_width_m: side of the box.
    """
    n = len(rates)
    place = xp.clip((positions / box_width_m + 0.5) * n - 0.5, 0, n - 1)
    low = xp.clip(xp.floor(xp.nan_to_num(place)), 0, n - 2).astype(np.int32)
    x, y = (place - low)[..., :1], (place - low)[..., 1:]
    i, j = low[..., 0], low[..., 1]
    left = (1 - y) * rates[i, j] + y * rates[i, j + 1]
    right = (1 - y) * rates[i + 1, j] + y * rates[i + 1, j + 1]
    return (1 - x) * left + x * right
