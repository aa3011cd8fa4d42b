"""Codes of lattice units and of all that they are compared with, and the measures of each code."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

import gridjax as gj
from gridjax import metrics

N_BINS, SAMPLES = 32, 100
NOISE = 0.3
"""Noise of the readouts, in root mean square rates."""
STEPS = 1000
N_TARGETS = 256
CODES = {
    "lattice": "lattice units",
    "annulus": "same spectrum",
    "others": "other units",
    "hexagonal": "hexagonal module",
    "square": "square module",
    "place": "place cells",
}
MEASURES = {
    "threshold": "noise threshold",
    "threshold_within": "... within\nhalf a period",
    "local_cm": "local error\n(cm)",
    "few_shot_cm": "few-shot\nerror (cm)",
    "navigation_cm": "navigation\nerror (cm)",
    "unexplained": "new places,\nunexplained",
}


def codes_of(network, maps, lattice, period_cm):
    """Return maps of the lattice units and of all that they are compared with, by name.

    All have equally many units and the same mean squared rate. Silent codes are left out.
    """
    spec, n = network.spec, len(lattice)
    key, width = jax.random.key(spec.seed), spec.box_width_in_m
    keys = jax.random.split(key, 5)
    rate = np.sqrt(np.nanmean(np.square(maps), axis=(1, 2)))
    rest = np.setdiff1d(np.arange(len(maps)), lattice)
    order = jnp.concatenate([lattice, rest])
    others = metrics.matched_units(order, n, jnp.asarray(rate), jnp.ones(len(rate)))
    own = maps[lattice]
    module = (n, period_cm, width, N_BINS)
    codes = {
        "lattice": own,
        "annulus": metrics.isotropic_maps(keys[0], own, 1)[:, 0],
        "others": maps[np.asarray(others)],
        "hexagonal": metrics.lattice_module(keys[1], *module),
        "square": metrics.lattice_module(keys[2], *module, "square"),
        "place": metrics.place_code(keys[3], n, 100 * spec.place_cell_rf, width, N_BINS),
    }
    active = {name: code for name, code in codes.items() if np.nanmax(np.abs(code)) > 0}
    return {name: metrics.with_unit_power(code) for name, code in active.items()}


def measures_of(maps, spec, period_cm):
    """Return the measures of one code. All codes of a network share noise, places and targets."""
    keys = jax.random.split(jax.random.key(1000 + spec.seed), 4)
    width = spec.box_width_in_m
    targets = metrics.place_code(keys[3], N_TARGETS, 100 * spec.place_cell_rf, width, N_BINS)
    within = metrics.noise_threshold(keys[0], maps, width, within_cm=period_cm / 2)
    return {
        "threshold": metrics.noise_threshold(keys[0], maps, width),
        "threshold_within": within,
        "local_cm": metrics.local_error_cm(maps, width, NOISE),
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], maps, width, NOISE).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], maps, width, NOISE).far,
        "unexplained": metrics.unexplained_shares(maps, targets, [STEPS])[0],
    }


@cache
def measured(run, run_id, lattice, period_cm):
    """Return the measures of each code of a network; nothing if its weights are not stored."""
    try:
        network = run.network(run_id)
    except gj.GridjaxError:
        return {}
    maps = np.asarray(network.rate_maps(N_BINS, SAMPLES), np.float64)
    codes = codes_of(network, maps, np.array(lattice), period_cm)
    return {name: measures_of(code, network.spec, period_cm) for name, code in codes.items()}
