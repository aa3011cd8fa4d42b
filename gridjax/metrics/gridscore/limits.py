"""Limits below which a lag of an autocorrelogram has no correlation and its value is 0."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

# A window is constant up to rounding if its variance is below this share of its mean square.
FLAT = 1e-13
# Smallest number of pairs of visited bins at a lag (as in Sargolini et al. 2006).
MIN_OVERLAP = 20
# If this share of all pairs of a lag is a smaller number, it is used instead.
MIN_OVERLAP_SHARE = 0.5


def fewest_pairs(overlap: Any) -> Float[Array, "..."]:
    """Return the least number of pairs of visited bins at lags with ``overlap`` pairs of bins."""
    return jnp.maximum(2.0, jnp.minimum(MIN_OVERLAP, MIN_OVERLAP_SHARE * overlap))
