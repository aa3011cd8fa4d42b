"""The function train(): preparation of devices, folder and lock, then the main loop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from gridjax.callbacks import CallbackList, RunCallback, RunEnd, RunStart, RunWarning
from gridjax.errors import GridjaxError
from gridjax.io.folder_lock import locked
from gridjax.run.checkpointing.block_checkpoints import CheckpointPolicy
from gridjax.run.execution.devices import Devices, describe, start_devices
from gridjax.run.execution.plugin_check import check_plugins
from gridjax.run.execution.scheduler import Runner
from gridjax.run.planning.merging import bucket_shape
from gridjax.run.planning.plan import Plan, make_plan
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.output_folder import check_folder, check_space, open_folder
from gridjax.run.storage.result_store import MemoryStore, Store
from gridjax.run.storage.run_folder import DAMAGED, FolderStore
from gridjax.run.storage.run_reader import Run
from gridjax.run.storage.weight_retention import BestWeights
from gridjax.sweep.run_settings import Settings
from gridjax.sweep.sweep import Sweep
from gridjax.training.population import MATMUL_PRECISION


def train(
    sweep: Sweep,
    out: str | Path | None = None,
    callbacks: Sequence[RunCallback] = (),
    *,
    checkpoint_every_s: float = 60.0,
    accept: Sequence[str] = (),
    deterministic: bool = False,
) -> Run:
    """Train, evaluate and store every network of a sweep that ``out`` does not hold yet.

    Ctrl-C stops at the end of a chunk, saves the networks in training and raises KeyboardInterrupt;
    the same call resumes the run.

    Args:
        sweep: The networks and the settings of the run.
        out: Folder of the results, created if missing. None keeps the results in memory.
        callbacks: Objects that receive the progress of the run and can stop it
            (gridjax.callbacks).
        checkpoint_every_s: Seconds between two checkpoints of the networks in training; 0 saves
            after every chunk.
        accept: Names of the accepted changes since an earlier call, which can change results:
            ``sweep``, ``settings``, ``lane-width``, ``versions``, ``precision``, ``device``. The
            column ``segment`` of the tables marks the rows of networks finished after a change.
        deterministic: Whether GPUs sum in a fixed order; a resumed run then gives the same bits.

    Returns:
        The results.

    Raises:
        GridjaxError: The folder cannot be written, or contains a run that must not be resumed.
        Stopped: A callback requested a stop.
    """
    with ExitStack() as stack:
        if out is not None:
            check_folder(Path(out), sweep, tuple(accept))
            stack.enter_context(locked(Path(out)))
            check_folder(Path(out), sweep, tuple(accept))  # another process may have written it
        devices = start_devices(deterministic)
        check_plugins(sweep.specs)
        settings, platform = sweep.settings, devices.evaluation.platform
        plan = make_plan(sweep.specs, settings.lane_width, platform, bucket_shape(settings.merge))
        device = describe(devices, deterministic)
        manifest = make_manifest(sweep, plan, device, MATMUL_PRECISION)
        store: Store
        store, checkpoints = MemoryStore(manifest), None
        if out is not None:
            check_space(Path(out), plan, len(devices.training))
            store, checkpoints = open_folder(Path(out), manifest, tuple(accept))
        policy = CheckpointPolicy(
            checkpoints=checkpoints,
            every_s=checkpoint_every_s,
            segment=len(store.manifest["segments"]) - 1,
            exact=device["platform"] == "cpu" or deterministic,
        )
        _run(plan, settings, store, devices, policy, CallbackList(callbacks))
        if checkpoints is not None:
            checkpoints.drop_finished(store.committed())
        return Run(store)


def _run(
    plan: Plan,
    settings: Settings,
    store: Store,
    devices: Devices,
    policy: CheckpointPolicy,
    callbacks: CallbackList,
) -> None:
    """Train the networks without results, write the tables, and report the start and the end."""
    run_ids = {spec.run_id for specs in plan.equivalent_specs.values() for spec in specs}
    n_finished = len(store.committed() & run_ids)
    start = RunStart(plan.n_networks, n_finished, len(plan.buckets), float(plan.flop))
    try:
        callbacks.on_start(start)
        if isinstance(store, FolderStore):
            for damage in store.set_aside:
                what = f"damaged results are in {DAMAGED}/ now, and are made again: {damage}"
                callbacks.on_event(RunWarning(what))
        if n_finished < plan.n_networks:
            Runner(plan, settings, store, devices, policy).run(callbacks)
        else:
            BestWeights(store, settings.keep_weights).recall()
        store.finish()
    except BaseException as error:
        with suppress(GridjaxError):  # only the first error is reported
            store.finish()
        with suppress(Exception):
            callbacks.on_end(RunEnd(len(store.committed() & run_ids), error))
        raise
    callbacks.on_end(RunEnd(n_finished=len(store.committed() & run_ids), error=None))
