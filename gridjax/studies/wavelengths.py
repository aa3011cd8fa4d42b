"""Size of the box in wavelengths of the lattice that the targets of a network select.

A box with few wavelengths holds no lattice that could be told from a mode of the box. Claims about
lattices and their periods therefore use networks in whose box at least 2.5 wavelengths fit. The
other networks of a width scan are shown, in a hatched part of the figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax import plotting
from gridjax.metrics.spectral.turing import dos_wavenumber

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LEAST_WAVELENGTHS = 2.5
_DIFFERENCE_OF_SOFTMAXES, _VARIANCE = "difference_of_gaussians", "variance"


def wavelengths_in_box(networks: pd.DataFrame) -> pd.Series:
    """Return the side of each network's box over 2 pi / k*, the wavelength of its targets.

    k* is the wavenumber of largest power of Difference-of-Softmaxes targets
    (gridjax.metrics.dos_wavenumber). The shorter side counts. NaN for other target codes, for
    widths or surrounds that are drawn for each place field, and for boxes that are no rectangles.

    Args:
        networks: rows of the table of networks.
    """
    sides = networks[["box_width_in_m", "box_height_in_m"]].min(axis=1)
    found = [
        side_m * _wavenumber(row) / (2 * math.pi)
        for row, side_m in zip(networks.itertuples(), sides, strict=True)
    ]
    return sides * 0.0 + found


def _wavenumber(row: Any) -> float:
    """Return k* of a network's targets, rad/m; NaN if it is unknown."""
    ratio = row.surround_scale
    if row.surround_convention == _VARIANCE:
        ratio = math.sqrt(ratio)
    is_dos = row.place_field_values == _DIFFERENCE_OF_SOFTMAXES and row.dimensions == 2
    is_known = is_dos and row.place_cell_rf > 0 and ratio > 1  # a drawn width or surround is NaN
    return dos_wavenumber(row.place_cell_rf, ratio) if is_known else math.nan


def with_lattices_that_fit(networks: pd.DataFrame) -> pd.DataFrame:
    """Return the networks in whose box at least 2.5 wavelengths fit, or whose number is unknown."""
    return networks[~(wavelengths_in_box(networks) < LEAST_WAVELENGTHS)]


def mark_small_boxes(axes: Axes, x: pd.Series, networks: pd.DataFrame) -> None:
    """Hatch the part of an axis whose networks have fewer than 2.5 wavelengths in their box.

    Args:
        axes: axes with widths of place cells, or wavelengths of their targets, on x.
        x: the position of each network on x; the number of wavelengths is proportional to 1 / x.
        networks: the networks, in the same order.
    """
    fits = wavelengths_in_box(networks)
    if not (fits < LEAST_WAVELENGTHS).any():
        return
    start = float(np.nanmedian(np.asarray(x, float) * fits)) / LEAST_WAVELENGTHS
    limits = axes.get_xlim()
    text = f"fewer than {LEAST_WAVELENGTHS:g} wavelengths in the box"
    look = {"facecolor": "none", "edgecolor": plotting.LIGHT, "hatch": "//", "alpha": 0.5}
    axes.axvspan(start, max(start, limits[1]), **look, lw=0, label=text, zorder=0)
    axes.set_xlim(limits)
