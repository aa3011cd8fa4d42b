"""The workers of a measurement: as many as a run has, in processes of their own."""

import os
import signal
from types import SimpleNamespace
from typing import Any

import jax
import pytest
from tiny import CARTESIAN, PLACE_CELLS, sweep_content

import gridjax as gj
from gridjax.errors import MemoryShortageError
from gridjax.run.calibration import timed_process
from gridjax.run.calibration.lane_widths import measure
from gridjax.run.calibration.timed_worker import TimedWorker
from gridjax.run.calibration.timed_workers import TimedProcess, timed_workers
from gridjax.run.execution.messages import message_of_block
from gridjax.run.planning.blocks import Block
from gridjax.run.planning.merging import bucket_shape, padded_shape
from gridjax.run.planning.plan import make_plan


def pid_of(worker):
    assert isinstance(worker, TimedProcess)
    assert worker._process is not None
    return worker._process.pid


def block_of(n_networks=2, **parameters: Any):
    content = sweep_content(**parameters | {"seed": {"values": list(range(n_networks))}})
    specs = gj.Sweep.from_dict(content).specs
    return Block(specs[0].static, n_networks, {spec: (spec,) for spec in specs})


@pytest.mark.slow
def test_processes_train_at_the_same_time_and_count_what_they_do(monkeypatch):
    monkeypatch.setenv("GRIDJAX_WORKERS", "2")
    block = block_of(**CARTESIAN)
    with timed_workers(block.specs) as workers:
        workers.at_once(lambda _, worker: worker.begin(block))
        pids = workers.at_once(lambda _, worker: pid_of(worker))
        assert len({*pids, os.getpid()}) == 3
        made = workers.at_once(lambda _, worker: worker.train(3))
        assert [each.n_steps for each in made] == [6, 6]
        assert all(0 < each.cpu_s <= 1.1 * each.seconds for each in made)  # in one thread
        new = workers.at_once(lambda number, worker: worker.train_new(block, 2 + number))
        assert [each.n_steps for each in new] == [4, 6]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_of_this_process_counts_the_same_steps():
    block = block_of(**CARTESIAN)
    with timed_workers(block.specs) as workers:
        (first,) = workers.at_once(lambda _, worker: worker.begin(block))
        (made,) = workers.at_once(lambda _, worker: worker.train(3))
        (long,) = workers.at_once(lambda _, worker: worker.train_for(0.05))
    assert (first.n_steps, made.n_steps) == (4, 6)
    assert long.n_steps > 0
    assert 0.05 <= long.seconds < 60


@pytest.mark.slow
def test_a_killed_process_is_a_lack_of_memory_and_the_next_block_starts_another(monkeypatch):
    monkeypatch.setenv("GRIDJAX_WORKERS", "2")
    block = block_of(**CARTESIAN)
    with timed_workers(block.specs) as workers:
        workers.at_once(lambda _, worker: worker.begin(block))

        def kill_one(number, worker):
            if number == 0:
                os.kill(pid_of(worker), signal.SIGKILL)
            return worker.train(1)

        with pytest.raises(MemoryShortageError, match="SIGKILL"):
            workers.at_once(kill_one)
        made = workers.at_once(lambda _, worker: worker.begin(block))
        assert [each.n_steps for each in made] == [4, 4]


@pytest.mark.slow
def test_an_error_of_a_process_arrives_with_its_traceback(monkeypatch):
    monkeypatch.setenv("GRIDJAX_WORKERS", "2")
    with (
        timed_workers(block_of(**CARTESIAN).specs) as workers,
        pytest.raises(RuntimeError, match=r"(?s)Traceback.*begin\(\) was called"),
    ):
        workers.at_once(lambda _, worker: worker.train(1))


@pytest.mark.parametrize("merge", [True, False])
def test_processes_train_in_padded_sizes_if_the_run_merges(merge):
    spec = gj.Sweep.from_dict(sweep_content(**PLACE_CELLS)).specs[0]
    assert spec.static != padded_shape(spec)
    block = message_of_block(Block(bucket_shape(merge)(spec), 1, {spec: (spec,)}))
    message = {"call": "begin", "arguments": {"block": block, "is_fused": False}, "merge": merge}
    received = []
    worker = SimpleNamespace(begin=lambda block, is_fused: received.append(block))
    timed_process._call(worker, message, {"place_maps": {}})
    assert received[0].static == (padded_shape(spec) if merge else spec.static)


def test_a_width_without_enough_memory_is_left_out(monkeypatch):
    fill = TimedWorker._filled

    def small(self, block, is_fused):
        if block.lane_width > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return fill(self, block, is_fused)

    monkeypatch.setattr(TimedWorker, "_filled", small)
    specs = block_of(**CARTESIAN).specs
    with timed_workers(specs) as workers:
        measured = measure(make_plan(specs, None, "cpu"), "cpu", workers, seconds=0.05)
    assert {rate.lane_width for rate in measured.rates} == {1}
    assert measured.best == 1
