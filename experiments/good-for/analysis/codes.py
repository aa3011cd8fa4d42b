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
NOISES = (1e-4, 1e4)
"""Noises, in root mean square rates, between which thresholds are sought: 0 and infinite ones
count as these."""
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


def codes_of(network, maps, lattice, rest, period_cm):
    """Return maps of the lattice units and of all that they are compared with, by name.

    ``rest`` are the units from which as many other ones are taken, those of the nearest rates. All
    codes have equally many units and the same mean squared rate. Silent codes are left out.
    """
    spec, n = network.spec, len(lattice)
    key, width = jax.random.key(spec.seed), spec.box_width_in_m
    keys = jax.random.split(key, 5)
    both = np.concatenate([lattice, rest])
    rate = jnp.asarray(np.sqrt(np.nanmean(np.square(maps[both]), axis=(1, 2))))
    partners = metrics.matched_units(jnp.arange(len(both)), n, rate, jnp.ones(len(both)))
    others = both[np.asarray(partners)]
    own = maps[lattice]
    module = (n, period_cm, width, N_BINS)
    codes = {
        "lattice": own,
        "annulus": metrics.isotropic_maps(keys[0], own, 1)[:, 0],
        "others": maps[others],
        "hexagonal": metrics.lattice_module(keys[1], *module),
        "square": metrics.lattice_module(keys[2], *module, "square"),
        "place": metrics.place_code(keys[3], n, 100 * spec.place_cell_rf, width, N_BINS),
    }
    active = {name: code for name, code in codes.items() if np.nanmax(np.abs(code)) > 0}
    return {name: metrics.with_unit_power(code) for name, code in active.items()}


def measures_of(maps, spec, period_cm):
    """Return the measures of one code. All codes of a network share noise, places and targets.

    No measure is infinite: no error in the box exceeds its diagonal.
    """
    keys = jax.random.split(jax.random.key(1000 + spec.seed), 4)
    width = spec.box_width_in_m
    targets = metrics.place_code(keys[3], N_TARGETS, 100 * spec.place_cell_rf, width, N_BINS)
    within = metrics.noise_threshold(keys[0], maps, width, within_cm=period_cm / 2)
    return {
        "threshold": np.clip(metrics.noise_threshold(keys[0], maps, width), *NOISES),
        "threshold_within": np.clip(within, *NOISES),
        "local_cm": min(metrics.local_error_cm(maps, width, NOISE), 100 * width * np.sqrt(2)),
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], maps, width, NOISE).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], maps, width, NOISE).far,
        "unexplained": metrics.unexplained_shares(maps, targets, [STEPS])[0],
    }


@cache
def measured(run, run_id, lattice, rest, period_cm):
    """Return the measures of each code of a network; nothing if its weights are not stored."""
    try:
        network = run.network(run_id)
    except gj.GridjaxError:
        return {}
    maps = np.asarray(network.rate_maps(N_BINS, SAMPLES), np.float64)
    codes = codes_of(network, maps, np.array(lattice), np.array(rest), period_cm)
    return {name: measures_of(code, network.spec, period_cm) for name, code in codes.items()}
