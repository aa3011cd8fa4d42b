"""Radial power spectra of the rate maps of one network and of its target code."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.spectral.radial_spectrum import radial_power
from gridjax.spec.lowering import StaticConfig, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.task.target_codes import encoding
from gridjax.task.task import Layout


def spectra(
    spec: NetworkSpec, layout: Layout, maps: Float[np.ndarray, "unit n n"]
) -> dict[str, np.ndarray]:
    """Return radial power by cycles per box: means over units and over outputs of the code.

    Each map is scaled to variance 1; maps without variance are left out. The code is evaluated at
    the centres of the same bins. NaN if no map varies.
    """
    width, n = spec.box_width_in_m, maps.shape[-1]
    centres = (np.arange(n) + 0.5) * width / n - width / 2
    grid = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(1, -1, 2)
    static = readout_config(spec.static)
    code = np.asarray(encode_code(static, layout, jnp.asarray(grid, jnp.float32)))[0]
    of_units = radial_power(maps, width)
    of_code = radial_power(code.T.reshape(-1, n, n), width)
    return {
        "cycles_per_box": of_units.cycles,
        "power": _mean(of_units.power),
        "power_code": _mean(of_code.power),
    }


@partial(jax.jit, static_argnums=0)
def encode_code(
    static: StaticConfig, layout: Layout, positions: Float[Array, "batch time 2"]
) -> Float[Array, "batch time code"]:
    """Return a target code along positions, metres."""
    return encoding(static).encode(layout.code, positions)


def _mean(power: Float[np.ndarray, "map ring"]) -> Float[np.ndarray, " ring"]:
    """Return the mean over maps that vary."""
    varies = np.isfinite(power).all(axis=1)
    return power[varies].mean(axis=0) if varies.any() else np.full(power.shape[1], np.nan)
