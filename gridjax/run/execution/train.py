"""The train() call: devices, folder and lock, then the main loop."""

from __future__ import annotations

from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from gridjax.errors import GridjaxError
from gridjax.io.folder_lock import locked
from gridjax.run.checkpointing.block_checkpoints import Keeping
from gridjax.run.execution.devices import describe, start_devices
from gridjax.run.execution.plugin_check import check_plugins
from gridjax.run.execution.scheduler import Event, Runner
from gridjax.run.execution.stop_signal import StopSwitch
from gridjax.run.planning.plan import Plan, make_plan
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.output_folder import check_folder, check_space, open_folder
from gridjax.run.storage.result_store import MemoryStore, Store
from gridjax.run.storage.run_folder import DAMAGED, FolderStore
from gridjax.run.storage.run_reader import Run
from gridjax.run.storage.weight_retention import BestWeights
from gridjax.sweep.sweep import Sweep
from gridjax.training.population import MATMUL_PRECISION


class Show:
    """What a run tells while it goes on; this one tells nothing."""

    def begin(self, plan: Plan, n_committed: int) -> None:
        """Say what is going to be trained, and how much is there already."""

    def event(self, event: Event) -> None:
        """Take in something that happened."""

    def end(self, stopped: bool, n_committed: int) -> None:
        """Say how it ended, with how many networks finished."""


@dataclass(frozen=True)
class Wishes:
    """How a run is kept and continued."""

    checkpoint_every_s: float = 60.0
    accept: tuple[str, ...] = ()
    """changes since the run began that are accepted; see gridjax.run.storage.resume_policy"""
    deterministic: bool = False
    """make GPUs keep one order of summing, so that a stopped run gives the same bits"""


def train(
    sweep: Sweep,
    out: str | Path | None = None,
    show: Show | None = None,
    wishes: Wishes | None = None,
    switch: StopSwitch | None = None,
) -> Run:
    """Train, evaluate and keep every network of a sweep that ``out`` does not hold yet.

    ``out`` is a folder, made where missing; None keeps the results in memory. Ctrl-C stops at the
    end of a chunk with everything saved, and raises KeyboardInterrupt; the same call goes on.

    Raises GridjaxError where the folder cannot be written or holds what may not be continued, and
    Stopped where ``switch`` asked for it.
    """
    show, wishes, switch = show or Show(), wishes or Wishes(), switch or StopSwitch()
    with ExitStack() as stack:
        if out is not None:
            check_folder(Path(out), sweep, wishes.accept)
            stack.enter_context(locked(Path(out)))
            check_folder(Path(out), sweep, wishes.accept)  # another may have begun before the lock
        devices = start_devices(wishes.deterministic)
        check_plugins(sweep.specs)
        settings, platform = sweep.settings, devices.evaluation.platform
        plan = make_plan(sweep.specs, settings.lane_width, platform, settings.merge)
        told = describe(devices, wishes.deterministic)
        manifest = make_manifest(sweep, plan, told, MATMUL_PRECISION)
        store: Store
        store, checkpoints = MemoryStore(manifest), None
        if out is not None:
            check_space(Path(out), plan, len(devices.training))
            store, checkpoints = open_folder(Path(out), manifest, wishes.accept)
        keeping = Keeping(
            checkpoints=checkpoints,
            every_s=wishes.checkpoint_every_s,
            segment=len(store.manifest["segments"]) - 1,
            exact=told["platform"] == "cpu" or wishes.deterministic,
            told=lambda what: None,
        )
        n_committed = len(store.committed() & set(manifest["run_ids"]))
        show.begin(plan, n_committed)
        if isinstance(store, FolderStore):
            for what in store.set_aside:
                show.event(Event(remark=f"damaged, set aside in {DAMAGED}/, made again: {what}"))
        if n_committed < plan.n_networks:
            _follow(Runner(plan, sweep.settings, store, devices, keeping, switch), show, store)
        else:
            BestWeights(store, sweep.settings.keep_weights).recall()
            store.finish()
            show.end(False, n_committed)
        if checkpoints is not None:
            checkpoints.drop_finished(store.committed())
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
