"""Heading tuning of a network: paths of its own motion, and units of a known tuning."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.run.evaluation.one_network.heading_samples import heading_samples
from gridjax.run.evaluation.rollout import evaluation_paths
from gridjax.run.results.network import Network
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training import train_step

SPEC = NetworkSpec(Ng=6, Np=16, batch_size=8, sequence_length=5, place_cell_rf=0.3)
DIRECTIONS = np.array([0.0, 1.0, 2.0, 3.0, -1.0, -2.0])


def network(spec=SPEC):
    """Return an RNN whose units see the last move alone: relu(move . d)."""
    state = train_step.init(spec.static, spec.traced)
    cell = {"W": jnp.zeros((6, 6)), "W_x": jnp.stack([jnp.cos(DIRECTIONS), jnp.sin(DIRECTIONS)])}
    return Network(spec, state.params | {"cell": cell}, state.layout)


def test_units_that_see_the_last_move_alone_are_tuned_to_its_direction():
    found = network().heading_tuning(n_paths=3000, n_bins=10, n_shuffles=20)
    np.testing.assert_allclose(found.p_value, 1 / 21)
    np.testing.assert_allclose(
        np.angle(np.exp(1j * (found.preferred_rad - DIRECTIONS))), 0, atol=0.1
    )
    # the mean vector of a rectified cosine has the length pi / 4
    np.testing.assert_allclose(found.vector_length, np.pi / 4, atol=0.05)


def test_a_sample_is_the_end_of_an_evaluation_path():
    one, design = network(), design_of(SPEC, EvaluationSettings())
    found = heading_samples(SPEC, one.params, one.layout, design.batch_size + 2)
    for index, rows in enumerate([slice(0, design.batch_size), slice(design.batch_size, None)]):
        paths = evaluation_paths(SPEC.static, design, SPEC.traced, jnp.asarray(index))
        x, y = np.asarray(paths.moves[design.sequence_length - 1]).T
        own = [each[rows] for each in found]
        along = np.maximum(np.outer(x, np.cos(DIRECTIONS)) + np.outer(y, np.sin(DIRECTIONS)), 0)
        n = len(own[0])
        np.testing.assert_allclose(own[0], along[:n], atol=1e-6)
        np.testing.assert_allclose(own[1], paths.positions[design.sequence_length - 1][:n])
        np.testing.assert_allclose(own[2], np.arctan2(y, x)[:n], atol=1e-6)


def test_other_boxes_and_numbers_are_refused():
    one = network()
    with pytest.raises(GridjaxError, match="n_paths is 1"):
        one.heading_tuning(n_paths=1)
    for seed in (-1, "a"):
        with pytest.raises(GridjaxError, match="seed is"):
            one.heading_tuning(seed=seed)
    line = replace(SPEC, dimensions=1)
    with pytest.raises(GridjaxError, match="1 dimensions"):
        heading_samples(line, {}, one.layout, 10)
