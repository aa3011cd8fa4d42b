"""Local precision of a position code: Fisher information of rates with independent noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_float
from gridjax.metrics.coding.code_book import WIDEST_BOX_M, check_maps

MOST_NOISE = 1e12


def fisher_information(
    maps: Any, box_width_m: float, noise_sd: float
) -> Float[np.ndarray, "n n 2 2"]:
    """Return the Fisher information about the position at each bin, in 1/cm^2.

    J(x) = sum over units of grad f grad f^T / noise_sd^2, for Gaussian noise that is independent in
    each unit. The slopes are central differences between neighbouring bins (one-sided at the
    walls), so that a wave of period p and bins of width h has slopes that are too small by the
    factor sin(2 pi h / p) / (2 pi h / p).

    Source: Seung and Sompolinsky (1993), PNAS 90:10749; Mathis, Herz and Stemmler (2012), Neural
    Computation 24:2280, for grid cells.

    Args:
        maps: [unit, n, n], the axes x and y. Where a neighbour is NaN, the information is NaN.
        box_width_m: side of the box.
        noise_sd: standard deviation of the noise of each unit, in the unit of the maps.

    Raises GridjaxError for invalid arguments.
    """
    maps = check_maps(maps)
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    noise_sd = check_float("noise_sd", noise_sd, 1e-12, MOST_NOISE)
    step_cm = 100 * width / maps.shape[-1]
    slopes = np.stack(np.gradient(maps, step_cm, axis=(1, 2)), axis=-1) / noise_sd
    return np.einsum("uxya,uxyb->xyab", slopes, slopes)


def local_error_cm(maps: Any, box_width_m: float, noise_sd: float) -> float:
    """Return the least error (cm) of a local decoder: the median over bins of sqrt(tr J^-1).

    This is the Cramer-Rao bound of the root mean square error of an unbiased decoder. It assumes
    that the decoder confuses no distant positions; the noise at which it does is
    `noise_threshold`. A bin where the rates change along fewer than two directions has an infinite
    error. NaN if no bin has slopes.

    The arguments and the errors are those of `fisher_information`.
    """
    information = fisher_information(maps, box_width_m, noise_sd)
    trace = information[..., 0, 0] + information[..., 1, 1]
    determinant = np.linalg.det(np.nan_to_num(information))
    # the determinant of a singular matrix is rounding error
    is_regular = determinant > 1e-12 * np.square(trace)
    error = np.sqrt(trace / np.where(is_regular, determinant, 1.0))
    error = np.where(is_regular, error, np.inf)[np.isfinite(trace)]
    return float(np.median(error)) if error.size else np.nan
