"""Lanes that become free go to networks that wait: nothing idles, no bit moves, nothing is lost."""

import threading
from dataclasses import replace

import jax
import numpy as np
import pytest
from tiny import CARTESIAN, DIVERGING, StopAt, sweep_content
from torture.sweeps import promised, shards

import gridjax as gj
from gridjax.callbacks import Stopped, TrainingSteps
from gridjax.run.checkpointing.checkpoints import Checkpoints
from gridjax.run.execution import train_loop
from gridjax.run.execution.block_queue import BlockQueue
from gridjax.run.execution.lane_block import Block
from gridjax.run.execution.train_loop import steps_together, train_block
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import status
from gridjax.spec.network import NetworkSpec
from gridjax.training.population import Trainer, make_trainer
from gridjax.training.train_step import NOT_DIVERGED, Progress, TrainState

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
    """A trainer that only counts: it makes every step at once and notes which lanes had to."""

    def __init__(self, diverging=()):
        self.diverging = np.asarray(diverging)
        self.made, self.padded, self.n_measured = 0, 0, 0

    def init(self, traced):
        n = len(traced.n_grad_steps)
        params = {"seed": np.asarray(traced.weight_seed)}
        nothing = np.zeros(n, np.int32)
        return TrainState(nothing, nothing + NOT_DIVERGED, params, None, None)

    def chunk(self, traced, state, until):
        step, until = np.asarray(state.step), np.asarray(until)
        goes_on = np.asarray(state.diverged_at) == NOT_DIVERGED
        diverges = goes_on & (until > step) & np.isin(traced.weight_seed, self.diverging)
        to = np.where(goes_on & ~diverges, np.maximum(step, until), step)
        self.made += (to - step).sum()
        self.padded += len(step) * max(0, (until - step)[goes_on].max()) - (to - step).sum()
        at = np.where(diverges, step, state.diverged_at)
        return state.replace(step=to, diverged_at=at)

    def progress(self, traced, state):
        self.n_measured += 1
        return Progress(*(np.asarray(state.step, np.float32) for _ in range(3)))


def specs_of(steps):
    return [
        NetworkSpec(seed=seed, n_epochs=1, n_grad_steps_per_epoch=n) for seed, n in enumerate(steps)
    ]


def train(counting, specs, width=WIDTH):
    """Train specs in one block as they come; what came out, group by group."""
    waiting = list(specs)

    def more(n):
        taken = waiting[:n]
        del waiting[:n]
        return taken

    stack = make_trainer(specs[0].static, width).stack
    trainer = Trainer(counting.init, counting.chunk, counting.progress, stack)
    block = Block(trainer, width, jax.devices()[0])
    events = []
    groups = list(train_block(block, more(width), more, threading.Event(), events.append, 7))
    steps = [event for event in events if isinstance(event, TrainingSteps)]
    assert all(event.flop == 7 * event.network_steps for event in steps)
    return groups, sum(event.network_steps for event in steps)


def test_a_lane_that_is_free_goes_to_the_next_network_and_every_network_is_itself():
    counting = Counting()
    specs = specs_of([10, 70, 40, 300, 90, 120, 5, 20])
    groups, n_steps = train(counting, specs)
    trained = {trainee.spec.seed: trainee for group in groups for trainee in group.trainees}
    assert sorted(trained) == list(range(8))
    for group in groups:
        seeds = [trainee.spec.seed for trainee in group.trainees]
        assert group.state.params["seed"].tolist() == seeds
        assert group.state.step.tolist() == [specs[seed].n_grad_steps for seed in seeds]
        assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(group.state))
    for seed, trainee in trained.items():
        assert [step for step, _ in trainee.history] == trainee.points
        assert [float(measured.loss) for _, measured in trainee.history] == trainee.points
        assert trainee.made == specs[seed].n_grad_steps
    assert n_steps == counting.made == sum(spec.n_grad_steps for spec in specs)
    assert [trainee.spec.seed for trainee in groups[0].trainees] == [0]
    assert groups[-1].trainees[0].spec.seed == 3


def test_nothing_idles_while_networks_wait_but_what_measuring_less_often_saves():
    rng = np.random.default_rng(1)
    specs = specs_of(sorted(rng.integers(20, 200, 64).tolist(), reverse=True))
    counting = Counting()
    train(counting, specs)
    waits = train_loop.IDLE_STEPS * WIDTH * counting.n_measured
    last = max(spec.n_grad_steps for spec in specs[-WIDTH:]) * WIDTH
    assert counting.padded <= waits + last
    assert counting.padded < 0.1 * counting.made
    alone = Counting()
    train(alone, specs[:1])
    assert alone.padded == (WIDTH - 1) * alone.made


def test_networks_of_one_length_are_measured_together_and_leave_together():
    counting = Counting()
    groups, _ = train(counting, specs_of([90] * WIDTH))
    assert [len(group.trainees) for group in groups] == [WIDTH]
    assert counting.padded == 0
    assert counting.n_measured == len(groups[0].trainees[0].points)


def test_a_network_that_diverges_leaves_at_once():
    counting = Counting(diverging=[1])
    groups, n_steps = train(counting, specs_of([500, 400, 300, 200, 100]))
    (first, *_) = groups
    (gone,) = first.trainees
    assert (gone.spec.seed, gone.has_diverged) == (1, True)
    assert len(gone.history) == 1  # step 0; it diverged in its first
    assert counting.made == 500 + 300 + 200 + 100
    assert n_steps == 500 + 400 + 300 + 200 + 100  # nothing of it is left to do
    assert len(groups) == 5


@pytest.mark.parametrize(
    ("steps", "width", "together"),
    [
        ([7], 1, 7),
        ([0, 1, 1, 1], 4, 1),
        ([0, 5, 5, 5], 4, 0),
        ([3, 3, 3, 3], 4, 3),
        ([1, 2, 9, 9], 4, 2),
        ([1, 2, 9, 9], 64, 9),
        ([4, 5], 4, 5),
        ([4, 6], 4, 4),
    ],
)
def test_a_block_is_measured_where_waiting_would_cost_more(steps, width, together):
    assert steps_together(steps, width) == together


def test_networks_are_handed_out_in_blocks_and_one_by_one_those_of_a_bucket_in_its_order():
    specs = [replace(spec, Ng=units) for units in (8, 9) for spec in specs_of([30, 20, 90, 60, 50])]
    plan = make_plan(specs, lane_width=2)
    done = {specs[3]}
    queue = BlockQueue(plan.buckets, lambda spec: spec not in done)
    by_bucket = [[s.n_grad_steps for s in bucket.specs] for bucket in plan.buckets]
    assert by_bucket == [[90, 60, 50, 30, 20]] * 2
    index, block = queue.take("one")
    assert (index, [s.n_grad_steps for s in block]) == (1, [90, 60])  # of more work
    assert [s.n_grad_steps for s in queue.more(1, 1)] == [50]
    other, block = queue.take("two")
    assert (other, [s.n_grad_steps for s in block]) == (0, [90, 50])
    assert queue.take("three") is None  # one block of each is left: not worth compiling for
    assert [s.n_grad_steps for s in queue.more(0, 9)] == [30, 20]
    assert queue.more(0, 1) == ()
    assert [s.n_grad_steps for s in queue.take("one")[1]] == [30, 20]
    assert queue.take("one") is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Seven networks of seven lengths in one block of four lanes."""
    folder = tmp_path_factory.mktemp("repacked") / "run"
    gj.train(sweep(STEPS), folder)
    return folder


def test_a_network_has_the_bits_that_it_has_alone(whole, tmp_path):
    alone = {}
    for steps in STEPS:
        gj.train(sweep([steps]), tmp_path / f"{steps}")
        alone |= shards(tmp_path / f"{steps}")
    assert len(alone) == len(STEPS)
    assert shards(whole) == alone


def test_divergence_beside_it_changes_no_bit_of_a_network(whole, tmp_path):
    rates = [2e-3, DIVERGING["learning_rate"]["value"]]
    run = gj.train(sweep(STEPS, learning_rate={"values": rates}), tmp_path / "run")
    assert run.networks["status"].to_list().count("diverged") == len(STEPS)
    ours, theirs = shards(tmp_path / "run"), shards(whole)
    assert {run_id: ours[run_id] for run_id in theirs} == theirs


def test_a_repacked_block_that_is_stopped_goes_on_to_the_same_bits(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(train_loop, "CHUNK_SECONDS", 0.0)  # a step a chunk
    folder = tmp_path / "run"
    n_stops, blocks, kept = 0, set(), 0
    for _ in range(20):
        try:
            gj.train(sweep(STEPS), folder, [StopAt(60)], checkpoint_every_s=0.3)
        except Stopped:
            n_stops += 1
        else:
            break
        newest = {}
        for checkpoint in Checkpoints(folder).listed():
            checkpoint.read()
            blocks.add(frozenset(checkpoint.run_ids))
            newest |= {
                run_id: max(steps, newest.get(run_id, 0))
                for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True)
            }
        told = status(folder)
        assert told["finished"] + len(newest) >= WIDTH
        kept, before = sum(newest.values()), kept
        assert kept > before or told["finished"]
        verify(folder)
    assert n_stops > 2
    assert len(blocks) > 2, "no block was repacked"
    assert promised(folder) == promised(whole)
    assert not (folder / "checkpoints").exists()
