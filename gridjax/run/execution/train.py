"""The function train(): preparation of the folder, lock and plan, then training of the blocks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gridjax.callbacks import CallbackList, RunCallback, RunEnd, RunStart, RunWarning
from gridjax.errors import GridjaxError, Problem
from gridjax.forked_process import refuse_forked_process
from gridjax.io.folder_lock import locked, record_writer, shared_lock, workers_lock
from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.run.execution.checks.fused_check import check_fused
from gridjax.run.execution.checks.jax_settings import check_jax_settings
from gridjax.run.execution.checks.plugin_check import check_plugins
from gridjax.run.execution.checks.train_arguments import check_train_arguments
from gridjax.run.execution.engine import LOCAL, RAY, RunContext, check_engine, choose_engine
from gridjax.run.execution.job_arrays.array_task import part_named
from gridjax.run.execution.progress_bar import progress_bar
from gridjax.run.execution.ray_cluster.ray_engine import RayRequest, ray_engine
from gridjax.run.execution.sign_of_life import SignOfLife
from gridjax.run.execution.stop_signal import time_limit_callbacks
from gridjax.run.planning.blocks import Block, missing_blocks
from gridjax.run.planning.merging import plan_under
from gridjax.run.planning.parts import divide, plan_of_blocks, run_ids_of
from gridjax.run.planning.plan import Plan
from gridjax.run.results.run import Run
from gridjax.run.storage.admission import admit_worker
from gridjax.run.storage.kept_weights.weight_retention import keep_best_of_run
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.output_folder import (
    check_folder,
    check_space,
    open_folder,
    remove_leftovers,
    started_blocks,
)
from gridjax.run.storage.parts.joint_run import finish_parts, join_folder
from gridjax.run.storage.parts.part_folders import (
    manifest_lock,
    part_folder,
    part_lock,
    refuse_running,
    whole_run_refusal,
    write_division,
)
from gridjax.run.storage.resume_policy import accepted_changes
from gridjax.run.storage.run_folder import DAMAGED, FolderStore
from gridjax.run.worker.worker import Job
from gridjax.sweep.settings.run_settings import change_settings
from gridjax.sweep.sweep import Sweep
from gridjax.training.population import MATMUL_PRECISION


def train(
    sweep: Sweep,
    out: str | Path | None = None,
    callbacks: Sequence[RunCallback] = (),
    *,
    progress: bool | None = None,
    keep_maps: str | None = None,
    keep_weights: str | None = None,
    merge: bool | None = None,
    workers: int | None = None,
    checkpoint_every: float = 60.0,
    time_limit: float | str | None = None,
    accept: Sequence[str] = (),
    deterministic: bool = False,
    part: str | None = None,
    engine: str = LOCAL,
    address: str | None = None,
) -> Run:
    """Train, evaluate and store every network of a sweep that ``out`` does not hold yet.

    Ctrl-C stops at the end of a chunk, saves the networks in training and raises KeyboardInterrupt;
    the same call resumes the run.

    Args:
        sweep: The networks and the settings of the run.
        out: Folder of the results, created if missing. None keeps the results in a temporary
            folder, which is removed when the returned Run is no longer used.
        callbacks: Objects that receive the progress of the run and can stop it
            (gridjax.callbacks).
        progress: Whether the progress is shown; None shows it in terminals and notebooks.
        keep_maps: Units of each network whose rate maps are kept: ``all``, ``none`` or ``best:N``.
            This and the next two arguments replace the sweep's settings of the same names.
        keep_weights: Networks whose weights are kept, in the same form.
        merge: Whether networks of several shapes are trained together, by padding.
        workers: Number of blocks that are trained at the same time. The default is one for each
            accelerator, or one process for each CPU core (or the value of the environment variable
            GRIDJAX_WORKERS). The number does not change the results.
        checkpoint_every: Seconds between two checkpoints of the networks in training; 0 saves
            after every chunk.
        time_limit: Time after which the run stops with all networks saved: seconds, or text such as
            ``30m`` or ``1h30m``. None: no limit.
        accept: Names of the accepted changes since an earlier call, which can change results:
            ``sweep``, ``settings``, ``lane-width``, ``versions``, ``precision``, ``device``. The
            column ``segment`` of the tables marks the rows of networks finished after a change.
        deterministic: Whether GPUs sum in a fixed order; a resumed run then gives the same bits.
        part: The part of the networks that this call trains, such as ``3/16``, or ``auto`` or
            ``auto/16`` in a task of a job array. Parts can be trained at the same time or one after
            the other, on any hosts that see the folder. None: all networks.
        engine: ``local`` trains on this machine, ``ray`` on a Ray cluster (extra ``ray``): on all
            its GPUs, or else on all its CPU cores. All its hosts must see the folder under the same
            path.
        address: The Ray cluster: ``auto`` (the cluster of this host), ``HOST:PORT`` or
            ``ray://HOST:PORT``. None: the value of RAY_ADDRESS, or else a cluster of this machine
            alone, which ends with the run.

    Returns:
        The results; those of all parts that are finished so far.

    Raises:
        GridjaxError: The folder cannot be written, or contains a run that must not be resumed; or
            an argument is invalid; or this process was forked after JAX had started.
        Stopped: A callback requested a stop, or the time limit has passed.
    """
    check_train_arguments(
        sweep,
        callbacks,
        progress=progress,
        workers=workers,
        checkpoint_every=checkpoint_every,
        time_limit=time_limit,
        deterministic=deterministic,
        part=part,
    )
    refuse_forked_process()
    check_engine(engine, address, part)
    own_part = None if part is None else part_named(part)
    chosen = {"keep_maps": keep_maps, "keep_weights": keep_weights, "merge": merge}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    sweep = replace(sweep, settings=change_settings(sweep.settings, chosen))
    callbacks = [*progress_bar(progress), *callbacks, *time_limit_callbacks(time_limit)]
    temporary = None
    if out is None:
        if own_part is not None:
            message = f"part {own_part} of a run needs a folder that all parts write"
            raise GridjaxError(Problem(message, fix="give the same out in every call"))
        temporary = tempfile.TemporaryDirectory(prefix="gridjax-")
        out = Path(temporary.name) / "run"
    folder, accepted = Path(out), accepted_changes(accept)
    me: dict[str, Any] = {}
    with ExitStack() as stack:
        check_jax_settings()
        check_plugins(sweep.specs, sweep.settings.evaluation)
        check_folder(folder, sweep, accepted)
        if own_part is None:
            me = stack.enter_context(locked(folder, whole_run_refusal(folder)))
        else:
            stack.enter_context(shared_lock(folder))
            refuse_running(folder, own_part)
        check_folder(folder, sweep, accepted)  # another process may have written it
        locks = [stack.enter_context(workers_lock(folder, is_shared=own_part is not None))]
        if engine == RAY:
            poll = CallbackList(callbacks).on_poll
            request = RayRequest(folder, me, address, workers, deterministic)
            crew = stack.enter_context(ray_engine(sweep.specs, request, poll))
        else:
            crew = choose_engine(sweep.specs, workers, deterministic)
        settings = sweep.settings
        platform = crew.device["platform"]
        kind = "cpu" if platform == "cpu" else crew.device["kind"]
        plan = plan_under(settings, sweep.specs, kind)
        if settings.fused_recurrence:
            check_fused(plan, crew.device["kind"])
        manifest = make_manifest(sweep, plan, crew.device, MATMUL_PRECISION)
        if own_part is None:
            own = folder
            check_space(folder, plan, crew.n_workers)
            store = open_folder(folder, manifest, accepted)
            segment = len(store.manifest["segments"]) - 1
        else:
            own = part_folder(folder, own_part)
            division = divide(plan, own_part.n_parts)
            blocks = division[own_part.number - 1]
            plan = plan_of_blocks(plan, blocks)
            check_space(folder, plan, crew.n_workers)
            with manifest_lock(folder):
                store, segment = join_folder(folder, manifest, accepted, blocks)
                write_division(folder, [run_ids_of(blocks) for blocks in division])
                me = stack.enter_context(part_lock(folder, own_part))
            locks.append(stack.enter_context(workers_lock(own)))
        policy = CheckpointPolicy(
            every_s=checkpoint_every,
            segment=segment,
            exact=platform == "cpu" or deterministic,
        )
        job = Job(folder, settings, policy)
        sign = SignOfLife(partial(record_writer, own, me), crew.device["kind"], crew.n_workers)
        held = tuple(lock for lock in locks if lock is not None)
        callback = CallbackList([sign, *callbacks])
        admit = partial(admit_worker, store, manifest, accepted)
        run_blocks = partial(crew.run, RunContext(job, held, admit))
        _run(plan, job, store, run_blocks, callback, is_whole=own_part is None)
    if own_part is not None:
        finish_parts(folder, settings.keep_weights, {spec.run_id for spec in sweep.specs})
    return Run(store, temporary)


def _run(
    plan: Plan,
    job: Job,
    store: FolderStore,
    run_blocks: Callable[[Sequence[Block], CallbackList], None],
    callbacks: CallbackList,
    is_whole: bool,
) -> None:
    """Run the blocks without results, and report the start and the end.

    ``is_whole`` says that no other process writes the folder; the end of a part is finish_parts.
    """
    run_ids = {spec.run_id for specs in plan.equivalent_specs.values() for spec in specs}
    committed = store.committed()
    start = RunStart(
        n_networks=plan.n_networks,
        n_finished=len(committed & run_ids),
        n_buckets=len(plan.buckets),
        flop=float(plan.flop),
        flop_left=float(sum(block.flop for block in missing_blocks(plan, committed))),
        folder=job.folder,
    )
    try:
        callbacks.on_start(start)
        for damage in store.set_aside:
            what = f"damaged results were moved to {DAMAGED}/: {damage}; those of networks of this"
            other = "those of an earlier sweep are missing until its command is run again"
            callbacks.on_event(RunWarning(f"{what} sweep are computed again; {other}"))
        blocks = missing_blocks(plan, committed, started_blocks(job.folder))
        if blocks:
            run_blocks(blocks, callbacks)
        if is_whole:
            keep_best_of_run(store, job.settings.keep_weights)
            remove_leftovers(job.folder, committed | run_ids)
    except BaseException as error:
        with suppress(GridjaxError):  # only the first error is reported
            if is_whole:
                keep_best_of_run(store, job.settings.keep_weights)
        with suppress(Exception):
            callbacks.on_end(RunEnd(len(store.committed() & run_ids), error))
        raise
    callbacks.on_end(RunEnd(n_finished=len(store.committed() & run_ids), error=None))
