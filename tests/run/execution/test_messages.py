"""Messages between a run and its worker processes: every value arrives as it was sent."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gridjax import callbacks
from gridjax.errors import DamageError, GridjaxError, MemoryShortageError, Place, Problem
from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.run.execution import child_process, messages
from gridjax.run.planning.blocks import missing_blocks
from gridjax.run.planning.merging import bucket_shape
from gridjax.run.planning.plan import make_plan
from gridjax.run.worker.job import Job
from gridjax.spec.fidelity import PUBLISHED
from gridjax.spec.fields.distributions import parse_distribution
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings

EVENTS = [
    callbacks.BlockStarted("c" * 16, 3, "a host", 12, "a card"),
    callbacks.TrainingSteps(12, 1.5e9),
    callbacks.TrainingMeasures(0.1, math.nan, 0.3),
    callbacks.EvaluationStarted("c" * 16, 3),
    callbacks.NetworkFinished(("a" * 16, "b" * 16), True),
    callbacks.BlockFinished("c" * 16, 3, 1.0, 0.1 + 0.2, 0.0),
    callbacks.NetworkResumed("a" * 16, 3, 10),
    callbacks.CheckpointSaved(("a" * 16,), (3,)),
    callbacks.RunWarning("größer\n"),
]


def sent(message):
    line = child_process.encode(message)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    return child_process.decode(line)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_arrives_as_it_was_sent(event):
    arrived = messages.event_of(sent(messages.message_of_event(event)))
    assert type(arrived) is type(event)
    assert repr(arrived) == repr(event)  # NaN equals no NaN


def test_every_kind_of_event_has_a_message():
    kinds = callbacks.RunEvent.__args__
    assert {type(event) for event in EVENTS} == set(kinds)


@pytest.mark.parametrize("kind", [GridjaxError, DamageError, MemoryShortageError])
def test_an_error_arrives_with_its_problems(kind):
    problems = [Problem("one", Place("file.yaml", 3, 4), "fix it"), Problem("two")]
    arrived = messages.error_of(sent(messages.message_of_error(kind(problems))))
    assert type(arrived) is kind
    assert arrived.problems == tuple(problems)
    assert arrived.exit_code == kind.exit_code


def test_a_job_arrives_as_it_was_sent():
    settings = Settings(
        lane_width=3,
        merge=True,
        evaluation=EvaluationSettings(batch_size=7, samples_per_bin=11),
        keep_maps="none",
        keep_weights="best:2",
    )
    job = Job(Path("/some/run"), settings, CheckpointPolicy(12.5, 3, False))
    assert messages.job_of(sent(messages.message_of_job(job))) == job


@pytest.mark.parametrize("merge", [False, True])
def test_a_block_arrives_with_its_name_shapes_and_networks(merge):
    drawn = NetworkSpec(place_cell_rf=parse_distribution("Uniform(0.1, 0.3)"), seed=4)
    published = NetworkSpec(fidelity=PUBLISHED, Np=128, layout_seed=9, seed=1)
    specs = [drawn, published, NetworkSpec(learning_rate=1e-4 / 3, rnn_type="LSTM")]
    plan = make_plan(specs, 2, "cpu", bucket_shape(merge))
    for block in missing_blocks(plan, set()):
        arrived = messages.block_of(sent(messages.message_of_block(block)), merge, {})
        assert arrived == block
        assert arrived.name == block.name


def test_measured_place_cells_are_read_from_a_file(tmp_path):
    maps = PlaceMaps.of(np.random.default_rng(0).random((8, 10, 10)))
    np.save(tmp_path / "maps.npy", maps.maps)
    base = NetworkSpec(place_field_values="from_file", Np=8)
    spec = replace(base, place_maps=maps)
    (block,) = missing_blocks(make_plan([spec]), set())
    files = {maps.digest: str(tmp_path / "maps.npy")}
    message = sent(messages.message_of_block(block))
    assert len(json.dumps(message)) < 2000, "the maps must not be part of the message"
    (arrived,) = messages.block_of(message, False, files).specs
    np.testing.assert_array_equal(arrived.place_maps.maps, maps.maps)
