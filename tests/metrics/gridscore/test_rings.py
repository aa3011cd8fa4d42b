"""Where adaptive rings start, and what they are for."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from oracles.hard_maps import lattice

from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.gridscore.rings import central_radius


def test_central_field_ends_below_a_fifth_or_at_a_minimum():
    profiles = {
        3: [0.9, 0.6, 0.21, 0.19, 0.5, 0.1, 0.0, 0.0, 0.0, 0.0],  # falls below 0.2
        2: [0.8, 0.5, 0.45, 0.45, 0.6, 0.1, 0.0, 0.0, 0.0, 0.0],  # a local minimum before that
        1: [0.1, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4],  # at once, but a bin at least
        7: [0.9, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.35, 0.3],  # never: 0.7 n
    }
    radii = central_radius(jnp.asarray(list(profiles.values())).T)
    assert radii.tolist() == list(profiles)


@pytest.mark.slow
def test_adaptive_rings_score_lattices_alike_whatever_their_period():
    maps = np.stack([lattice(44, period) for period in (9, 12, 16, 20)])
    study = grid_score(maps, nan="zero").score_60
    adaptive = grid_score(maps, nan="zero", rings="adaptive").score_60
    assert np.ptp(adaptive) < 0.25 < np.ptp(study)
    assert adaptive.min() > 1.1
