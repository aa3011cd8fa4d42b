"""From a Sweep to a Run: devices, folder, lock, then the runner."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import jax
from filelock import FileLock, Timeout

from gridjax.errors import GridjaxError, Problem
from gridjax.study.manifest import MANIFEST, check_same, make_manifest, read_manifest
from gridjax.study.plan import Plan, make_plan
from gridjax.study.results import Run
from gridjax.study.runner import Devices, Event, Runner
from gridjax.study.stores import FolderStore, MemoryStore, Store
from gridjax.study.sweep import Sweep
from gridjax.training.population import MATMUL_PRECISION

LOCK = ".lock"


class Show:
    """What a run tells while it goes on; this one tells nothing."""

    def begin(self, plan: Plan, n_committed: int) -> None:
        """Say what is going to be trained, and how much is there already."""

    def event(self, event: Event) -> None:
        """Take in something that happened."""

    def end(self, stopped: bool, n_committed: int) -> None:
        """Say how it ended, with how many networks finished."""


def train(
    sweep: Sweep,
    out: str | Path | None = None,
    show: Show | None = None,
) -> Run:
    """Train, evaluate and keep every network of a sweep that ``out`` does not hold yet.

    ``out`` is a folder, made where missing; None keeps the results in memory. Ctrl-C stops at the
    end of a chunk, with everything finished already in the folder, and raises KeyboardInterrupt.

    Raises GridjaxError where the folder cannot be written or holds another sweep's results.
    """
    show = show or Show()
    with ExitStack() as stack:
        if out is not None:
            check_folder(Path(out), sweep)
            stack.enter_context(_locked(Path(out)))
            check_folder(Path(out), sweep)  # another sweep may have begun before the lock
        devices = start_devices()
        plan = make_plan(sweep.specs, sweep.settings.lane_width, devices.evaluation.platform)
        manifest = make_manifest(sweep, plan, describe(devices), MATMUL_PRECISION)
        store: Store
        store = MemoryStore(manifest) if out is None else FolderStore.create(Path(out), manifest)
        n_committed = len(store.committed())
        show.begin(plan, n_committed)
        if n_committed < plan.n_networks:
            _follow(Runner(plan, sweep.settings, store, devices), show, store)
        else:
            store.finish()
            show.end(False, n_committed)
        return Run(store)


def _follow(runner: Runner, show: Show, store: Store) -> None:
    try:
        with closing(runner.run()) as events:
            for event in events:
                show.event(event)
    except BaseException:
        with suppress(GridjaxError):  # the first error is the one to show
            store.finish()
        show.end(True, len(store.committed()))
        raise
    store.finish()
    show.end(False, len(store.committed()))


def start_devices() -> Devices:
    """Return the devices to train on: all accelerators, or one virtual CPU device per core.

    On a CPU several small devices beat one vmap; they must be asked for before JAX starts. A
    process that has used JAX already keeps the devices it has. The first device evaluates too: one
    more for it alone would slow training on the others by 15 %.
    """
    with suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", n_cores())
    devices = jax.local_devices()
    return Devices(tuple(devices), devices[0])


def n_cores() -> int:
    """Return the number of CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe(devices: Devices) -> dict[str, Any]:
    """Return what the manifest says of the devices; on a CPU their number decides bits too."""
    return {
        "platform": devices.evaluation.platform,
        "kind": devices.evaluation.device_kind,
        "count": len(devices.training),
        "cpu_cores": n_cores(),
    }


def check_folder(folder: Path, sweep: Sweep) -> None:
    """Refuse a folder that cannot be written, or that holds another sweep's results.

    Changes nothing that was there; makes the folder where it is missing.
    """
    probe = folder / ".write-probe"
    try:
        if (folder / MANIFEST).exists():
            check_same(folder, read_manifest(folder), sweep)
        elif folder.is_dir() and any(entry.name != LOCK for entry in folder.iterdir()):
            message = f"--out {folder} is not empty and holds no run"
            raise GridjaxError(Problem(message, fix="name a new or empty folder"))
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        message = f"--out {folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="name a folder that you may write to")) from None


def _locked(folder: Path) -> AbstractContextManager[Any]:
    try:
        return FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout:
        message = f"--out {folder} is being written by another gridjax sweep"
        raise GridjaxError(Problem(message, fix="wait for it, or name another folder")) from None
