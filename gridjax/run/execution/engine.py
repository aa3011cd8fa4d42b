"""The engines of a run, and the choice of the workers of the local one.

The local engine has workers in this process, or one process for each CPU core. The engine on a Ray
cluster is gridjax.run.execution.ray_cluster.ray_engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gridjax.callbacks import CallbackList, RunEvent
from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import Message
from gridjax.run.execution.devices import describe, describe_cpu, start_devices
from gridjax.run.execution.plugins import PluginSources, plugin_sources
from gridjax.run.execution.process_worker import ProcessWorker, WorkerSetup
from gridjax.run.execution.worker_pool import AnyWorker, WorkerPool
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.machine import default_workers, device_kind, n_threads
from gridjax.run.worker.worker import Job, Worker
from gridjax.spec.network import NetworkSpec
from gridjax.training.population import Device

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)


class RunContext(NamedTuple):
    """What an engine needs to know about a run beside its blocks."""

    job: Job
    locks: tuple[int, ...]
    """file descriptors of locks that worker processes of this host hold until they end"""
    admit: Callable[[Message], int]
    """(device and versions of a worker of another host) -> the segment of its rows; raises
    GridjaxError to refuse it"""


@dataclass(frozen=True)
class Engine:
    """The workers of a run on this machine, before they are started."""

    device: dict[str, Any]
    """entry of the manifest"""
    n_workers: int
    """largest number of blocks that are trained at the same time"""
    local_devices: tuple[Device, ...] = ()
    """devices of workers in this process; empty for worker processes"""
    sources: PluginSources | None = None
    """sources of the plugins that worker processes load"""

    def run(self, context: RunContext, blocks: Sequence[Block], callbacks: CallbackList) -> None:
        """Train, evaluate and commit blocks; pass the events to the callbacks."""
        job = context.job
        if self.local_devices:

            def local(emit: Callable[[RunEvent], None]) -> Sequence[AnyWorker]:
                return [Worker(job, device, emit) for device in self.local_devices[: len(blocks)]]

            WorkerPool(blocks, local).run(callbacks)
            return
        sources = self.sources or PluginSources((), ())
        with tempfile.TemporaryDirectory(prefix="gridjax-") as folder:
            specs = [spec for block in blocks for rows in block.rows.values() for spec in rows]
            maps = messages.write_place_maps(specs, Path(folder))
            setup = WorkerSetup(job, sources.files, sources.modules, maps, context.locks)

            def processes(emit: Callable[[RunEvent], None]) -> Sequence[AnyWorker]:
                n_workers = min(self.n_workers, len(blocks))
                return [ProcessWorker(setup, emit) for _ in range(n_workers)]

            WorkerPool(blocks, processes).run(callbacks)


def check_engine(engine: str, address: str | None, part: str | None) -> None:
    """Raise GridjaxError for an unknown engine, and for options that do not go with it."""
    if engine not in ENGINES:
        fix = did_you_mean(engine, ENGINES) or f"one of {', '.join(ENGINES)}"
        raise GridjaxError(Problem(f"--engine {engine} is unknown", fix=fix))
    if address is not None and engine != RAY:
        fix = "add --engine ray, or leave it out"
        raise GridjaxError(Problem(f"--address {address} needs --engine ray", fix=fix))
    if part is not None and engine == RAY:
        message = f"--part {part} and --engine ray: the cluster trains all networks"
        raise GridjaxError(Problem(message, fix="leave one of them out"))


def choose_engine(specs: Sequence[NetworkSpec], workers: int | None, deterministic: bool) -> Engine:
    """Return the workers for the networks of a sweep on this machine.

    Each accelerator has one worker, in this process. A CPU has one worker process for each core,
    and JAX is not started in this process. On a CPU there are two exceptions, both with one worker
    in this process. The first is a single worker, if JAX computes in one thread. The second is a
    plugin that a script or notebook registers itself, because other processes cannot load it; the
    worker then computes in as many threads as JAX uses.
    """
    if device_kind() != "cpu":
        devices = start_devices(deterministic)
        return _in_process(devices[:workers], deterministic)
    n_workers = workers or default_workers()
    sources = plugin_sources(specs)
    if sources is None or (n_workers == 1 and n_threads() == 1):
        return _in_process(start_devices(deterministic), deterministic)
    return Engine(describe_cpu(1), n_workers, sources=sources)


def _in_process(devices: Sequence[Device], deterministic: bool) -> Engine:
    entry = describe(devices, deterministic)
    return Engine(entry, len(devices), local_devices=tuple(devices))
