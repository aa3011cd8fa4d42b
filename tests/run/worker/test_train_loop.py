"""Lanes that become free go to networks that wait: nothing idles, no bit moves, nothing is lost."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tiny import CARTESIAN, DIVERGING, StopAt, sweep_content
from torture.sweeps import promised, shards

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.storage.integrity import verify
from gridjax.run.worker import train_loop
from gridjax.training import population

pytestmark = [pytest.mark.bits, pytest.mark.usefixtures("evaluation_without_compilation")]

WIDTH = 4
STEPS = [20, 200, 50, 110, 170, 80, 140]
SMALL = {
    "Ng": {"value": 8},
    "batch_size": {"value": 4},
    "sequence_length": {"value": 3},
    "bin_side_in_m": {"value": 0.22},
}


def sweep(steps, **parameters):
    lengths = {"n_grad_steps_per_epoch": {"values": steps}}
    content = sweep_content(**CARTESIAN | SMALL | lengths | parameters)
    content["gridjax"] = content["gridjax"] | {"lane_width": WIDTH, "keep_maps": "all"}
    return gj.Sweep.from_dict(content)


class Counting:
    """Counts what lanes do in the training of a run: their steps, and the steps they idle."""

    def __init__(self):
        self.made, self.idle = 0, 0
        self._make, self._lock = population.make_trainer, threading.Lock()

    def __call__(self, static, lane_width, is_fused):
        trainer = self._make(static, lane_width, is_fused)

        def chunk(traced, state, until):
            before = np.array(state.step)
            state = trainer.chunk(traced, state, until)
            steps = np.array(state.step) - before
            with self._lock:
                self.made += steps.sum()
                self.idle += (steps.max() - steps).sum()
            return state

        return trainer._replace(chunk=chunk)

    def cache_clear(self):
        self._make.cache_clear()


@contextmanager
def counting():
    """Count the steps of the runs inside the context."""
    with pytest.MonkeyPatch.context() as patch:
        counted = Counting()
        patch.setattr(population, "make_trainer", counted)
        yield counted


class Whole(NamedTuple):
    """A run that nothing happened to, and what its lanes did."""

    folder: Path
    counted: Counting


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Seven networks of seven lengths in one block of four lanes."""
    folder = tmp_path_factory.mktemp("repacked") / "run"
    with counting() as counted:
        gj.train(sweep(STEPS), folder)
    return Whole(folder, counted)


def test_lanes_that_become_free_are_refilled(whole):
    """In two blocks one after the other, 200 170 140 110 and 80 50 20 steps, lanes idle for 450."""
    assert whole.counted.made == sum(STEPS)
    assert whole.counted.idle < 100


def test_a_network_has_the_bits_that_it_has_alone(whole, tmp_path):
    alone = {}
    for steps in STEPS:
        gj.train(sweep([steps]), tmp_path / f"{steps}")
        alone |= shards(tmp_path / f"{steps}")
    assert len(alone) == len(STEPS)
    assert shards(whole.folder) == alone


def test_a_network_that_diverges_leaves_at_once_and_changes_no_bit_of_another(whole, tmp_path):
    others = sweep(STEPS)
    (longest,) = (spec for spec in others.specs if spec.n_grad_steps == max(STEPS))
    diverging = replace(longest, learning_rate=DIVERGING["learning_rate"]["value"])
    beside = gj.Sweep.from_specs([*others.specs, diverging], others.settings)
    with counting() as counted:
        run = gj.train(beside, tmp_path / "run")
    assert run.networks["status"].to_list().count("diverged") == 1
    assert counted.idle < 100, "its lane waited for its last step"
    ours, theirs = shards(tmp_path / "run"), shards(whole.folder)
    assert {run_id: ours[run_id] for run_id in theirs} == theirs


def test_a_repacked_block_that_is_stopped_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(train_loop, "CHUNK_SECONDS", 0.0)  # a step a chunk
    folder = tmp_path / "run"
    n_stops, blocks, kept = 0, set(), 0
    for _ in range(20):
        try:
            gj.train(sweep(STEPS), folder, [StopAt(60)], checkpoint_every=0.3)
        except Stopped:
            n_stops += 1
        else:
            break
        listed = [each for block in block_folders(folder)[0] for each in block.listed()]
        for checkpoint in listed:
            checkpoint.read()
            blocks.add(frozenset(checkpoint.run_ids))
        kept, before = max(each.block_steps for each in listed), kept
        assert kept > before
        verify(folder)
    assert n_stops > 2
    assert len(blocks) > 2, "no block was repacked"
    assert promised(folder) == promised(whole.folder)
    assert not (folder / "checkpoints").exists()
