"""The engine on a Ray cluster: an actor for each accelerator or CPU core, which it finds first."""

from __future__ import annotations

import io
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridjax.callbacks import CallbackList
from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.child_process import ON_ONE_CORE, Message, sources_message
from gridjax.run.execution.engine import RunContext
from gridjax.run.execution.plugins import plugin_sources
from gridjax.run.execution.ray_cluster.actors import Actor, Actors, cpu_or_gpu
from gridjax.run.execution.ray_cluster.cluster_run import (
    ClusterRun,
    actor_failure,
    start_error,
)
from gridjax.run.execution.ray_cluster.connection import connected
from gridjax.run.execution.ray_cluster.ray_worker import RayWorker
from gridjax.run.planning.blocks import Block
from gridjax.run.storage.admission import has_used
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.run_folder import FolderStore
from gridjax.spec.network import NetworkSpec

_LOG = logging.getLogger(__name__)
_SAY_S, _FIRST_S = 30.0, 900.0
"""Seconds without a worker until a line says so, and until the run ends with an error."""
_OTHERS_S = 5.0
"""Seconds that the first worker waits for workers on a device that the run has had before."""
_POLL_S = 0.2


class RayRequest(NamedTuple):
    """The cluster and the workers that a run asks for."""

    folder: Path
    """the run folder, which all hosts of the cluster see"""
    driver: Message
    """the record of this process in the run folder"""
    address: str | None
    """see connection.connected"""
    workers: int | None
    """largest number of workers; None: all GPUs of the cluster, or else all its CPUs"""
    deterministic: bool
    """whether GPUs sum in a fixed order"""


@dataclass(frozen=True)
class RayEngine:
    """The actors of a run, and the device of the first of them."""

    actors: Actors
    device: dict[str, Any]
    """entry of the manifest"""

    @property
    def n_workers(self) -> int:
        """Number of blocks that can be trained at the same time now."""
        return max(1, sum(actor.is_started for actor in self.actors))

    def run(self, context: RunContext, blocks: Sequence[Block], callbacks: CallbackList) -> None:
        """Train, evaluate and commit blocks; pass the events to the callbacks."""
        ClusterRun(self.actors, context.job, blocks, context.admit, callbacks).run()


@contextmanager
def ray_engine(
    specs: Sequence[NetworkSpec], request: RayRequest, poll: Callable[[], None]
) -> Iterator[RayEngine]:
    """Connect to a cluster and start actors; end them after the run.

    If the cluster has several kinds of devices, the run uses a kind that it has used before, or
    else that of the first worker. ``poll`` is called during the wait for the first worker, and may
    raise an exception.

    Raises GridjaxError if Ray is missing, if there is no cluster, if a plugin cannot be loaded by
    other processes, if no worker starts, and if the first worker has other versions than this
    process.
    """
    sources = plugin_sources(specs)
    if sources is None:
        message = "a plugin that a script or notebook registers itself is not on other hosts"
        fix = "put it in a file, and load it with --plugin FILE.py or import it"
        raise GridjaxError(Problem(f"--engine ray: {message}", fix=fix))
    setup = sources_message(sources.files, sources.modules, ())
    setup |= {"deterministic": request.deterministic}
    folder = request.folder.absolute()
    with connected(request.address, request.workers) as ray:
        resource = cpu_or_gpu(ray.cluster_resources(), os.environ.get("JAX_PLATFORMS", ""))
        needs = {"num_gpus": 1, "num_cpus": 0} if resource == "GPU" else {"num_cpus": 1}
        # Two threads: a request to stop does not wait for the end of an exchange.
        options = needs | {"max_restarts": -1, "max_task_retries": 0, "max_concurrency": 2}
        actor = ray.remote(RayWorker).options(**options)
        environment = ON_ONE_CORE if resource == "CPU" else {}
        files = _place_maps(specs)
        maps = ray.put(files) if files else {}

        def remote() -> Any:
            return actor.remote(setup, environment, maps, str(folder), request.driver)

        actors = Actors(ray, remote, resource, request.workers)
        try:
            first = _first_worker(actors, folder, len(specs), poll)
            yield RayEngine(actors, first.reply["start"]["ready"]["device"])
        finally:
            actors.close()


def _first_worker(
    actors: Actors,
    folder: Path,
    n_wanted: int,
    poll: Callable[[], None],
) -> Actor:
    """Return a started actor; if there are several kinds, one that the run has used before."""
    began, started_at, has_said = time.monotonic(), None, False
    is_run = (folder / MANIFEST).exists()
    before = FolderStore.open(folder).manifest if is_run else None
    while True:
        poll()
        actors.fit(n_wanted, lambda _: False, 0)
        actors.turn(_POLL_S)
        started = [actor for actor in actors if actor.is_started]
        for actor in started:
            if before is None or has_used(before, actor.reply["start"]["ready"]):
                return actor
        now = time.monotonic()
        if started:
            started_at = started_at or now
            if now - started_at > _OTHERS_S or len(started) >= min(actors.n_places, n_wanted):
                return started[0]
            continue
        _raise_if_none_can_start(actors, folder)
        if now - began > _FIRST_S:
            fix = "see `ray status`; other jobs of the cluster may use its resources"
            raise GridjaxError(Problem(f"no worker has started in {_FIRST_S:.0f} s", fix=fix))
        if now - began > _SAY_S and not has_said:
            has_said = True
            _LOG.warning("no worker has started yet; the cluster has room for %d", actors.n_places)


def _raise_if_none_can_start(actors: Actors, folder: Path) -> None:
    errors: list[GridjaxError] = []
    for actor in actors:
        error = start_error(actor, folder) if actor.reply else None
        if actor.failure:
            error = actor_failure(actor)
        if error is None:
            return
        errors.append(error)
    if errors:
        raise errors[0]


def _place_maps(specs: Sequence[NetworkSpec]) -> dict[str, bytes]:
    """Return the measured place cells of networks as .npy files, by their sha256."""
    files = {}
    for each in {spec.place_maps for spec in specs if spec.place_maps is not None}:
        sink = io.BytesIO()
        np.save(sink, np.asarray(each.maps), allow_pickle=False)
        files[each.digest] = sink.getvalue()
    return files
