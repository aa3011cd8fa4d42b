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
N_DRAWS = 20
"""Draws of the random fields whose noise thresholds are averaged."""
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
CHANCE = "chance"
"""The code of a silent unit: a readout of it answers the mean place, or no displacement."""
MEASURES = {
    "threshold": "noise threshold",
    "threshold_within": "... within\nhalf a period",
    "local_cm": "local error\n(cm)",
    "few_shot_cm": "few-shot\nerror (cm)",
    "navigation_cm": "navigation\nerror (cm)",
    "unexplained": "new places,\nunexplained",
}
READOUTS = ("few_shot_cm", "navigation_cm")
"""Measures of linear readouts whose errors at chance are measured."""


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


def thresholds(maps, spec, period_cm):
    """Return both noise thresholds of a code, by name."""
    key, width = measuring_keys(spec)[0], spec.box_width_in_m
    within = metrics.noise_threshold(key, maps, width, within_cm=period_cm / 2)
    return {
        "threshold": np.clip(metrics.noise_threshold(key, maps, width), *NOISES),
        "threshold_within": np.clip(within, *NOISES),
    }


def thresholds_of_draws(own, spec, period_cm):
    """Return the geometric means of the thresholds of random fields with the spectrum of maps.

    A single draw of few fields has a threshold of chance: of 10 units of one network, its logarithm
    has an sd of .8 over draws.
    """
    key = jax.random.fold_in(jax.random.split(jax.random.key(spec.seed), 5)[0], 1)
    drawn = np.asarray(metrics.isotropic_maps(key, own, N_DRAWS))
    found = [
        thresholds(metrics.with_unit_power(drawn[:, at]), spec, period_cm) for at in range(N_DRAWS)
    ]
    return {name: np.exp(np.mean([np.log(each[name]) for each in found])) for name in found[0]}


def measuring_keys(spec):
    """Return the keys of the noise and of the places of measures, which codes share."""
    return jax.random.split(jax.random.key(1000 + spec.seed), 4)


def measures_of(maps, spec, period_cm):
    """Return the measures of one code. All codes of a network share noise, places and targets.

    No measure is infinite: no error in the box exceeds its diagonal.
    """
    keys = measuring_keys(spec)
    width = spec.box_width_in_m
    targets = metrics.place_code(keys[3], N_TARGETS, 100 * spec.place_cell_rf, width, N_BINS)
    return {
        **thresholds(maps, spec, period_cm),
        "local_cm": min(metrics.local_error_cm(maps, width, NOISE), 100 * width * np.sqrt(2)),
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], maps, width, NOISE).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], maps, width, NOISE).far,
        "unexplained": metrics.unexplained_shares(maps, targets, [STEPS])[0],
    }


def readouts_at_chance(maps, spec):
    """Return the errors of both linear readouts at chance, at the places of the other codes."""
    keys, width = measuring_keys(spec), spec.box_width_in_m
    silent = 0 * maps[:1]
    return {
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], silent, width).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], silent, width).chance_far,
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
    found = {name: measures_of(code, network.spec, period_cm) for name, code in codes.items()}
    if "annulus" in found:
        of_draws = thresholds_of_draws(maps[np.array(lattice)], network.spec, period_cm)
        found["annulus"] = found["annulus"] | of_draws
    found[CHANCE] = readouts_at_chance(maps, network.spec)
    return found
