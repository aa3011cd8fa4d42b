"""Choice of the workers of a run: in this process, or in one process for each CPU core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridjax.callbacks import CallbackList, RunEvent
from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution import messages
from gridjax.run.execution.devices import describe, describe_cpu, start_devices
from gridjax.run.execution.plugins import PluginSources, plugin_sources
from gridjax.run.execution.process_worker import ProcessWorker, WorkerSetup
from gridjax.run.execution.worker_pool import AnyWorker, WorkerPool
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.machine import default_workers, device_kind, n_threads
from gridjax.run.worker.worker import Job, Worker
from gridjax.spec.network import NetworkSpec
from gridjax.training.population import Device


@dataclass(frozen=True)
class Engine:
    """The workers of a run, before they are started."""

    device: dict[str, Any]
    """entry of the manifest"""
    n_workers: int
    """largest number of blocks that are trained at the same time"""
    local_devices: tuple[Device, ...] = ()
    """devices of workers in this process; empty for worker processes"""
    sources: PluginSources | None = None
    """sources of the plugins that worker processes load"""

    def run(
        self,
        job: Job,
        blocks: Sequence[Block],
        locks: tuple[int, ...],
        callbacks: CallbackList,
    ) -> None:
        """Train, evaluate and commit blocks; pass the events to the callbacks.

        ``locks`` are file descriptors of locks that worker processes hold until they end.
        """
        if self.local_devices:

            def local(emit: Callable[[RunEvent], None]) -> Sequence[AnyWorker]:
                return [Worker(job, device, emit) for device in self.local_devices[: len(blocks)]]

            WorkerPool(blocks, local).run(callbacks)
            return
        sources = self.sources or PluginSources((), ())
        with tempfile.TemporaryDirectory(prefix="gridjax-") as folder:
            specs = [spec for block in blocks for rows in block.rows.values() for spec in rows]
            maps = messages.write_place_maps(specs, Path(folder))
            setup = WorkerSetup(job, sources.files, sources.modules, maps, locks)

            def processes(emit: Callable[[RunEvent], None]) -> Sequence[AnyWorker]:
                n_workers = min(self.n_workers, len(blocks))
                return [ProcessWorker(setup, emit) for _ in range(n_workers)]

            WorkerPool(blocks, processes).run(callbacks)


def choose_engine(specs: Sequence[NetworkSpec], workers: int | None, deterministic: bool) -> Engine:
    """Return the workers for the networks of a sweep on this machine.

    Each accelerator has one worker, in this process. A CPU has one worker process for each core,
    and JAX is not started in this process. On a CPU there are two exceptions, both with one worker
    in this process. The first is a single worker, if JAX computes in one thread. The second is a
    plugin that a script or notebook registers itself, because other processes cannot load it; the
    worker then computes in as many threads as JAX uses.

    Raises GridjaxError if ``workers`` is not positive.
    """
    if workers is not None and workers < 1:
        fix = "give a positive number, or leave it out"
        raise GridjaxError(Problem(f"{workers} workers cannot train anything", fix=fix))
    if device_kind() != "cpu":
        devices = start_devices(deterministic)
        return _in_process(devices[:workers], deterministic)
    n_workers = workers or default_workers()
    sources = plugin_sources(specs)
    if sources is None or (n_workers == 1 and n_threads() == 1):
        return _in_process(start_devices(deterministic), deterministic)
    return Engine(describe_cpu(1), n_workers, sources=sources)


def _in_process(devices: Sequence[Device], deterministic: bool) -> Engine:
    if devices[0].platform == "cpu":
        entry = describe_cpu(n_threads())
    else:
        entry = describe(devices, deterministic)
    return Engine(entry, len(devices), local_devices=tuple(devices))
