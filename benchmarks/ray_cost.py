"""Cost of the engine on a Ray cluster: Ray's own calls, the scheduling of blocks, a large start.

`python -m benchmarks.ray_cost [--actors 2] [--blocks 400] [--run DIR] [--json FILE]` starts Ray on
this machine and measures

- the round trip of an exchange with one actor, which is Ray's cost per task;
- the time between two blocks of an actor whose blocks take no time: scheduling, messages and
  events, of this process and of the actors, without training and without files;
- the time from the call of train() to the first block for 11,608 networks, with the start of Ray
  and of the actors, and with the manifest;
- with ``--run``, the commit of the first block of an existing run, and its share of the time
  that the training of the block took.

A simulation with these measured costs then predicts 1,000 actors: their exchanges and their blocks
wait for one process that serves one exchange at a time.
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import gridjax as gj
from gridjax.callbacks import BlockFinished, CallbackList, RunCallback, RunEvent, Stopped
from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import Message
from gridjax.run.execution.ray_cluster import ray_engine
from gridjax.run.execution.ray_cluster.actors import Actors
from gridjax.run.execution.ray_cluster.cluster_run import ClusterRun
from gridjax.run.execution.ray_cluster.connection import connected
from gridjax.run.planning.blocks import missing_blocks
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.manifest import versions
from gridjax.run.storage.run_folder import SHARDS, commit_block
from gridjax.run.storage.shards import Shard
from gridjax.run.worker.job import Job
from gridjax.run.worker.machine import processor
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import Settings

N_LARGE = 11_608
_DEVICE = {"platform": "cpu", "kind": "none", "threads": 1, "deterministic": False, "xla_flags": ""}


class IdleWorker:
    """Actor in place of RayWorker that finishes every block at once, without training it."""

    def __init__(self, *_: Any):
        import secrets

        self._state: Message = {
            **{"incarnation": secrets.token_hex(8), "host": "here", "pid": 0, "node": "here"},
            **{"sees_folder": True, "order": 0, "answer": None, "events": []},
            "start": {"ready": {"device": _DEVICE} | versions()},
        }

    def exchange(self, number: int, order: Message | None, patience_s: float) -> Message:
        """Take an order and report its end."""
        if order is not None and number > self._state["order"]:
            block = messages.block_of(order, False, {})
            end = BlockFinished(block.name, len(block.rows), 0.0, 0.0, 0.0)
            (Path(order["job"]["folder"]) / "shards" / block.name).mkdir(parents=True)
            answer = {"done": block.name, "is_full": False}
            events = [messages.message_of_event(end)]
            self._state |= {"order": number, "answer": answer, "events": events}
        return self._state

    def ask_to_stop(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def exchange_s(ray: Any, n: int) -> float:
    """Return the median seconds of an exchange with one actor without news."""
    actor = ray.remote(IdleWorker).options(num_cpus=1).remote()
    ray.get(actor.exchange.remote(0, None, 0.0))
    seconds = []
    for _ in range(n):
        began = time.perf_counter()
        ray.get(actor.exchange.remote(0, None, 0.0))
        seconds.append(time.perf_counter() - began)
    ray.kill(actor)
    return statistics.median(seconds)


def block_costs(ray: Any, n_actors: int, n_blocks: int, lane_width: int) -> dict[str, float]:
    """Return the seconds between two blocks of an actor, and the processor time of this process."""
    specs = [NetworkSpec(seed=seed) for seed in range(n_blocks * lane_width)]
    blocks = missing_blocks(make_plan(specs, lane_width=lane_width), set())
    actor = ray.remote(IdleWorker).options(num_cpus=1, max_concurrency=2)
    actors = Actors(ray, actor.remote, "CPU", n_actors)
    actors.fit(n_actors, lambda _: False, 0)
    while not all(each.is_started for each in actors):
        actors.turn(0.2)
    with tempfile.TemporaryDirectory() as base:
        job = Job(Path(base), Settings(), CheckpointPolicy())
        began, cpu = time.perf_counter(), time.process_time()
        ClusterRun(actors, job, blocks, lambda _: 0, CallbackList([])).run()
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    actors.close()
    return {
        "blocks": len(blocks),
        "networks_of_a_block": lane_width,
        "s_per_block_and_actor": seconds * n_actors / len(blocks),
        "driver_cpu_s_per_block": cpu_s / len(blocks),
    }


class FirstBlock(RunCallback):
    """Callback that stops a run at its first block and keeps the time."""

    at: float = 0.0
    cpu_at: float = 0.0

    def on_event(self, event: RunEvent) -> None:
        """Stop at the first finished block."""
        self.at, self.cpu_at = time.perf_counter(), time.process_time()
        raise Stopped("the first block")


def large_start_s(n_actors: int) -> dict[str, float]:
    """Return the seconds until the sweep is made, and from the call of train() to the first block.

    The processor time of this process is the time on a machine that does nothing else, without the
    start of Ray and of the actors in processes of their own.
    """
    ray_engine.RayWorker, original = IdleWorker, ray_engine.RayWorker
    try:
        began = time.perf_counter()
        specs = [NetworkSpec(seed=seed) for seed in range(N_LARGE)]
        sweep = gj.Sweep.from_specs(specs)
        made, cpu = time.perf_counter(), time.process_time()
        first = FirstBlock()
        with tempfile.TemporaryDirectory() as base, suppress(Stopped):
            gj.train(sweep, Path(base) / "run", [first], engine="ray", workers=n_actors)
        return {
            "sweep_s": made - began,
            "train_to_first_block_s": first.at - made,
            "of_which_cpu_s": first.cpu_at - cpu,
        }
    finally:
        ray_engine.RayWorker = original


def commit_cost(run: Path, n: int = 10) -> dict[str, float]:
    """Return the median seconds of the commit of a run's first block, and its share of training."""
    first = min(path for path in (run / SHARDS).iterdir() if path.name[0] != ".")
    results = Shard(first).read()
    seconds = []
    for _ in range(n):
        with tempfile.TemporaryDirectory(dir=run.parent) as base:
            (Path(base) / SHARDS).mkdir()
            began = time.perf_counter()
            commit_block(Path(base), results)
            seconds.append(time.perf_counter() - began)
    train_s = float(results.tables["timings"].to_pandas()["train_seconds"].sum())
    commit_s = statistics.median(seconds)
    return {
        "networks_of_the_block": len(results.run_ids),
        "bytes": sum(path.stat().st_size for path in first.iterdir()),
        "commit_s": commit_s,
        "training_s": train_s,
        "share_of_the_training": commit_s / train_s,
    }


def simulate(
    n_actors: int, block_s: float, exchange_s: float, block_cost_s: float, seed: int = 0
) -> dict[str, float]:
    """Return the load of the process of a run, and the share of time that its workers wait.

    Every actor has an exchange every ``patience`` seconds (actors.py) and at the end of each of its
    blocks, whose lengths vary by a fifth. One process serves them in the order of their arrival.

    Args:
        n_actors: number of actors.
        block_s: mean seconds of a block.
        exchange_s: processor time of the process for an exchange, seconds.
        block_cost_s: seconds from the end of a block to the start of the next one, without waiting.
    """
    rng = np.random.default_rng(seed)
    patience_s = min(max(n_actors / 100, 1.0), 10.0)
    hours = 4 * block_s
    ends = rng.uniform(0, block_s, n_actors)  # the actors have different starts
    arrivals = [(t, n, False) for n in range(n_actors) for t in [rng.uniform(0, patience_s)]]
    arrivals += [(end, n, True) for n, end in enumerate(ends)]
    heapq.heapify(arrivals)
    free_at, busy_s, waits = 0.0, 0.0, []
    while arrivals and arrivals[0][0] < hours:
        at, actor, is_end = heapq.heappop(arrivals)
        cost = block_cost_s if is_end else exchange_s
        free_at = max(free_at, at) + cost
        busy_s += cost
        if is_end:
            waits.append(free_at - at)
            following = free_at + block_s * rng.uniform(0.8, 1.2)
        else:
            following = free_at + patience_s
        heapq.heappush(arrivals, (following, actor, is_end))
    return {
        "actors": n_actors,
        "block_s": block_s,
        "load_of_the_process": busy_s / hours,
        "wait_per_block_s": float(np.mean(waits)),
        "longest_wait_s": float(np.max(waits)),
        "share_of_a_block": float(np.mean(waits)) / block_s,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=400)
    parser.add_argument("--lanes", type=int, default=16, help="networks of a block")
    parser.add_argument("--run", type=Path, help="run folder whose first block is committed again")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with connected(None, chosen.actors) as ray:
        told: dict[str, Any] = {"processor": processor(), "ray": ray.__version__}
        told["exchange_s"] = exchange_s(ray, 300)
        told["blocks"] = block_costs(ray, chosen.actors, chosen.blocks, chosen.lanes)
    told["large_start"] = large_start_s(chosen.actors)
    if chosen.run:
        told["commit"] = commit_cost(chosen.run)
    cost = told["blocks"]["driver_cpu_s_per_block"]
    told["simulated"] = [
        simulate(n_actors, block_s, told["exchange_s"], max(cost, told["exchange_s"]))
        for n_actors in (8, 100, 1000)
        for block_s in (60.0, 600.0)
    ]
    text = json.dumps(told, indent=1)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
