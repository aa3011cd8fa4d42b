"""Rate maps with the positions of their bins, as xarray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax.spec.network import NetworkSpec

if TYPE_CHECKING:
    import xarray as xr


def labelled_maps(
    spec: NetworkSpec, maps: np.ndarray, units: np.ndarray, samples: np.ndarray
) -> xr.DataArray:
    """Return maps [unit, ...] of a network with the coordinates of their bins, in metres.

    Args:
        spec: the network.
        maps: mean activity, with as many axes of bins as the box has dimensions.
        units: number of the unit of each map.
        samples: number of samples in each bin.
    """
    import xarray as xr

    n, axes = samples.shape[0], ("x", "y", "z")[: samples.ndim]
    half = spec.box_width_in_m / 2
    edges = np.linspace(-half, half, n + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return xr.DataArray(
        maps,
        dims=("unit", *axes),
        coords={
            "unit": units,
            **{axis: (axis, centres, {"units": "m"}) for axis in axes},
            "samples": (axes, samples),
        },
        name="activity",
        attrs={"run_id": spec.run_id},
    )
