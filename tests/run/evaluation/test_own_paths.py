"""New paths of one network: those of its motion, and none of its training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.prng import Stream, stream
from gridjax.run.evaluation.one_network.own_paths import own_paths
from gridjax.run.evaluation.rollout import evaluation_paths
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.motion.motion_models import draw_paths

SMALL = {"Ng": 8, "Np": 16, "sequence_length": 7, "batch_size": 5}


@pytest.mark.parametrize("motion", ["walk", "von_mises_walk", "random_positions"])
def test_paths_stay_in_the_box_and_are_those_of_the_motion(motion):
    spec = NetworkSpec(**SMALL, motion=motion)
    paths = own_paths(spec, 50, None)
    assert paths.shape == (50, 8, 2)
    assert np.abs(paths).max() <= spec.box_width_in_m / 2
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=-1)
    assert (steps.mean() > 0.5) == (motion == "random_positions")
    np.testing.assert_array_equal(own_paths(spec, 50, None), paths)


def test_no_path_is_one_of_the_training():
    spec = NetworkSpec(**SMALL, motion="von_mises_walk")
    traced = jax.tree.map(jnp.asarray, spec.traced)
    starts = [
        draw_paths(stream(traced.motion_seed, Stream.MOTION, step), 7, 5, spec.static, traced).start
        for step in range(3)
    ]
    new = own_paths(spec, 15, 7)[:, 0]
    assert not np.isin(new, np.concatenate(starts)).any()


def test_permuted_paths_of_measures_end_in_different_places():
    """In training all paths of a batch end in one place, at which nothing can be measured."""
    spec = NetworkSpec(**SMALL, motion="permuted_velocities", speed_scale=7.5)
    largest = spec.dt_s * spec.speed_scale
    of_evaluation = evaluation_paths(
        spec.static,
        design_of(spec, EvaluationSettings()),
        jax.tree.map(jnp.asarray, spec.traced),
        jnp.asarray(0),
    )
    for moves, ends in (
        (np.diff(own_paths(spec, 400, None), axis=1), own_paths(spec, 400, None)[:, -1]),
        (of_evaluation.moves.swapaxes(0, 1), of_evaluation.positions[-1]),
    ):
        assert np.abs(moves).max() <= largest * (1 + 1e-5)
        assert len(np.unique(np.round(ends, 4), axis=0)) > 0.9 * len(ends)
        expected = largest * np.sqrt(moves.shape[1] / 3)  # sd of a sum of uniform moves
        np.testing.assert_allclose(np.std(ends, axis=0), expected, rtol=0.3)


@pytest.mark.parametrize("numbers", [(0, None), (3, 0), (2.5, None), (10**6, None)])
def test_invalid_numbers_are_refused(numbers):
    with pytest.raises(gj.GridjaxError):
        own_paths(NetworkSpec(**SMALL), *numbers)
