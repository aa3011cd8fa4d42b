"""The memory that a plan predicts beside what the compiler says."""

from dataclasses import replace

import pytest

from gridjax.run.planning.memory_model import bytes_of_checkpoint, bytes_per_lane
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CELL_INFOS
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block

SPEC = NetworkSpec(Ng=96, Np=128, batch_size=48, sequence_length=15)
WORST = 0.18
"""Of 60 random networks the worst was off by 17 % (benchmarks/memory.py)."""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("rnn_type", [one.name for one in CELL_INFOS])
def test_a_block_takes_about_what_was_predicted(rnn_type, width):
    spec = replace(SPEC, rnn_type=rnn_type)
    shapes = shapes_of_block(spec, spec.static, width)
    needed = bytes_needed(compile_chunk(spec.static, width, *shapes))
    assert bytes_per_lane(spec.static) * width == pytest.approx(needed, rel=WORST)


@pytest.mark.slow
@pytest.mark.parametrize("rnn_type", ["RNN", "UGRNN"])
def test_noise_on_the_state_takes_about_what_was_predicted(rnn_type):
    spec = replace(SPEC, rnn_type=rnn_type, state_noise=0.1)
    needed = bytes_needed(compile_chunk(spec.static, 4, *shapes_of_block(spec, spec.static, 4)))
    assert bytes_per_lane(spec.static) * 4 == pytest.approx(needed, rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("rnn_type", ["RNN", "GRU"])
def test_landmarks_take_about_what_was_predicted(rnn_type):
    spec = replace(SPEC, rnn_type=rnn_type, landmark_rate=0.1)
    needed = bytes_needed(compile_chunk(spec.static, 1, *shapes_of_block(spec, spec.static, 1)))
    assert bytes_per_lane(spec.static) == pytest.approx(needed, rel=WORST)


def test_memory_grows_with_what_is_held():
    least = bytes_per_lane(SPEC.static)
    for change in ({"Ng": 97}, {"Np": 129}, {"batch_size": 49}, {"sequence_length": 16}):
        assert bytes_per_lane(replace(SPEC, **change).static) > least
    assert bytes_per_lane(replace(SPEC, state_noise=0.1).static) > least
    assert bytes_per_lane(replace(SPEC, landmark_rate=0.1).static) > least
    gates = [bytes_per_lane(replace(SPEC, rnn_type=one.name).static) for one in CELL_INFOS]
    assert gates == sorted(gates)


def test_a_checkpoint_holds_weights_and_two_moments_of_every_lane():
    weights = 96 * 96 + 2 * 96 + 2 * 96 * 128
    one, three = (bytes_of_checkpoint(SPEC.static, lane_width=width) for width in (1, 3))
    assert one == 4 * (3 * weights + 4 * 128)
    assert three == 3 * one
