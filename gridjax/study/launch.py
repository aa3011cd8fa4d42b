"""From a Sweep to a Run: devices, folder, lock, then the runner."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import jax
from filelock import FileLock, Timeout

from gridjax import __version__
from gridjax.errors import GridjaxError, Problem
from gridjax.study.plan import Plan, make_plan
from gridjax.study.results import Run, sparse_spec
from gridjax.study.runner import Devices, Event, Runner
from gridjax.study.stores import MANIFEST, FolderStore, MemoryStore, Store, read_manifest
from gridjax.study.sweep import Sweep

LOCK = ".lock"
_VERSIONS = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy")
_IDENTITY = ("run_ids", "settings")
"""Parts of the manifest that a folder must share with the sweep that is run into it."""


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
            folder = Path(out)
            check_folder(folder, sweep)
            stack.enter_context(_locked(folder))
        devices = start_devices()
        platform = devices.training[0].platform
        plan = make_plan(sweep.specs, sweep.settings.lane_width, platform)
        manifest = make_manifest(sweep, plan, devices)
        store: Store
        store = MemoryStore(manifest) if out is None else FolderStore.create(Path(out), manifest)
        n_committed = len(store.committed())
        show.begin(plan, n_committed)
        if n_committed < plan.n_networks:
            runner = Runner(plan, sweep.settings, store, devices)
            _follow(runner, show, store)
        else:
            show.end(False, n_committed)
        return Run(store)


def _follow(runner: Runner, show: Show, store: Store) -> None:
    stopped = True
    try:
        with closing(runner.run()) as events:
            for event in events:
                show.event(event)
        stopped = False
    finally:
        store.finish()
        show.end(stopped, len(store.committed()))


def start_devices() -> Devices:
    """Return the devices to train on: all accelerators, or one virtual CPU device per core.

    On a CPU several small devices beat one vmap; they, and one more for the evaluation, must be
    asked for before JAX starts. A process that has used JAX already keeps the devices it has.
    """
    with suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", n_cores() + 1)
    devices = jax.local_devices()
    if devices[0].platform != "cpu" or len(devices) == 1:
        return Devices(tuple(devices), devices[0])
    return Devices(tuple(devices[:-1]), devices[-1])


def n_cores() -> int:
    """Return the number of CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_manifest(sweep: Sweep, plan: Plan, devices: Devices) -> dict[str, Any]:
    """Return all that a run is made from, as JSON values; no clock and no host name."""
    return {
        "gridjax": __version__,
        "sources": [{"name": name, "text": text} for name, text in sweep.sources],
        "settings": sweep.settings.to_dict(),
        "lane_widths": [
            {"networks": len(bucket.specs), "lane_width": bucket.lane_width}
            for bucket in plan.buckets
        ],
        "matmul_precision": "float32",
        "device": {
            "platform": devices.evaluation.platform,
            "kind": devices.evaluation.device_kind,
            "count": len(devices.training),
            "cpu_cores": n_cores(),
        },
        "versions": {"python": python_version()}
        | {name: metadata.version(name) for name in _VERSIONS},
        "run_ids": [spec.run_id for spec in sweep.specs],
        "specs": [sparse_spec(spec) for spec in sweep.specs],
    }


def check_folder(folder: Path, sweep: Sweep) -> None:
    """Refuse a folder that cannot be written, or that holds another sweep's results.

    Changes nothing that was there; makes the folder where it is missing.
    """
    if (folder / MANIFEST).exists():
        _check_same(folder, read_manifest(folder), sweep)
    elif folder.is_dir() and any(entry.name != LOCK for entry in folder.iterdir()):
        message = f"--out {folder} is not empty and holds no run"
        raise GridjaxError(Problem(message, fix="name a new or empty folder"))
    probe = folder / ".write-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        message = f"--out {folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="name a folder that you may write to")) from None


def _check_same(folder: Path, there: dict[str, Any], sweep: Sweep) -> None:
    here = {
        "run_ids": [spec.run_id for spec in sweep.specs],
        "settings": sweep.settings.to_dict(),
    }
    if all(there.get(part) == here[part] for part in _IDENTITY):
        return
    sources = ", ".join(source["name"] for source in there.get("sources", []))
    ours = ", ".join(name for name, _ in sweep.sources)
    differences = [
        f"{name} {there.get('settings', {}).get(name)!r} there, {value!r} here"
        for name, value in here["settings"].items()
        if there.get("settings", {}).get(name) != value
    ]
    what = "; ".join(differences) or "other networks"
    message = (
        f"--out {folder} holds the results of another sweep: {sources}"
        f" ({len(there['run_ids'])} networks), not of {ours} ({len(sweep.specs)} networks): {what}"
    )
    raise GridjaxError(Problem(message, fix="name another folder, or remove this one"))


def _locked(folder: Path) -> AbstractContextManager[Any]:
    try:
        return FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout:
        message = f"--out {folder} is being written by another gridjax sweep"
        raise GridjaxError(Problem(message, fix="wait for it, or name another folder")) from None
