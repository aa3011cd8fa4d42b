"""The random streams: what they depend on, and that no two are the same."""

import itertools

import jax
import numpy as np

from gridjax.prng import Stream, normal, stream


def data(key):
    return tuple(int(word) for word in np.asarray(jax.random.key_data(key)))


def test_the_numbers_of_the_streams_are_part_of_the_results():
    numbers = {"LAYOUT": 1, "WEIGHTS": 2, "MOTION": 3, "PROGRESS": 4, "EVALUATION": 5}
    numbers |= {"READOUTS": 6, "DROPOUT": 7, "DRIFT": 8, "STATE_NOISE": 9, "VELOCITY_NOISE": 10}
    numbers |= {"MAP_NULLS": 11, "PERTURBATIONS": 12, "ENVIRONMENTS": 13, "OUTSIDE": 14}
    numbers |= {"CLOSED_LOOP": 15, "LANDMARKS": 16, "LANDMARK_PATHS": 17}
    numbers |= {"AGENT_CODES": 18, "AGENTS": 19, "AGENT_TESTS": 20, "OWN_PATHS": 21}
    assert {member.name: member.value for member in Stream} == numbers


def test_a_stream_is_the_seed_folded_with_its_purpose_and_then_its_index():
    key = jax.random.fold_in(jax.random.key(11, impl="threefry2x32"), 3)
    assert data(stream(11, Stream.MOTION)) == data(key)
    assert data(stream(11, Stream.MOTION, 5)) == data(jax.random.fold_in(key, 5))


def test_the_generator_is_threefry_whatever_the_default():
    with jax.default_prng_impl("rbg"):
        key = stream(11, Stream.MOTION, 5)
    assert str(jax.random.key_impl(key)) == "threefry2x32"
    assert data(key) == data(stream(11, Stream.MOTION, 5))


def test_no_two_seeds_purposes_or_indices_share_a_stream():
    seeds = np.array([0, 1, 2, 3, 4, 5, 6, 7, 1000, 2**31 - 1], np.int32)
    indices = np.arange(20)
    every = [
        jax.vmap(lambda seed, purpose=purpose: stream(seed, purpose))(seeds) for purpose in Stream
    ]
    for purpose in Stream:
        at = jax.vmap(jax.vmap(stream, (None, None, 0)), (0, None, None))
        every.append(at(seeds, purpose, indices).ravel())
    keys = [tuple(row) for part in every for row in np.asarray(jax.random.key_data(part)).tolist()]
    assert len(keys) == len(seeds) * len(Stream) * (1 + len(indices))
    assert len(set(keys)) == len(keys)


def test_a_stream_does_not_depend_on_its_neighbours_under_vmap():
    seeds, steps = np.array([4, 9, 4], np.int32), np.array([0, 7, 7], np.int32)

    def draw(seed, step):
        return jax.random.uniform(stream(seed, Stream.MOTION, step), (3,))

    together = jax.vmap(draw)(seeds, steps)
    for i, (seed, step) in enumerate(zip(seeds, steps, strict=True)):
        np.testing.assert_array_equal(together[i], draw(seed, step))
    rows = np.asarray(together)
    assert all(set(rows[a]).isdisjoint(rows[b]) for a, b in itertools.combinations(range(3), 2))


def test_normal_is_that_of_jax_and_the_padded_draw_begins_with_it():
    key = stream(3, Stream.STATE_NOISE, 2)
    own = jax.random.normal(key, (4, 3, 5))
    np.testing.assert_array_equal(normal(key, (4, 3, 5)), own)
    padded = normal(key, (6, 4, 5), (4, 3, 5))
    np.testing.assert_array_equal(padded[:4, :3], own)
    assert np.isfinite(padded).all()
