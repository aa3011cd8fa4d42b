"""The run of one block: training, evaluation and commit of its networks in one loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import jax
import pyarrow as pa

from gridjax.callbacks import (
    BlockFinished,
    EvaluationStarted,
    NetworkFinished,
    RunEvent,
    RunWarning,
)
from gridjax.errors import MemoryShortageError, StorageError
from gridjax.run.checkpointing.block_checkpointer import BlockCheckpointer
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.run.evaluation.emergence import emergence_row
from gridjax.run.evaluation.evaluation import DIVERGED, Evaluation, NullScores
from gridjax.run.evaluation.network_metrics import spec_columns
from gridjax.run.planning.blocks import Block
from gridjax.run.planning.merging import padded_to
from gridjax.run.planning.plan import flop_per_step
from gridjax.run.storage.block_results import BlockResults, join_results, results_of
from gridjax.run.storage.kept_weights.weight_retention import keep_best_of_block
from gridjax.run.storage.kept_weights.weights import flatten_weights
from gridjax.run.storage.partial_results import PartialResults
from gridjax.run.storage.run_folder import commit_block, networks_of_block
from gridjax.run.storage.tables.network_result import NetworkResult
from gridjax.run.worker.job import Job
from gridjax.run.worker.lanes import DueNetworks, Lanes
from gridjax.run.worker.out_of_memory import (
    is_exhausted,
    shortage_in_evaluation,
    shortage_in_training,
)
from gridjax.run.worker.program_cache import compiled_by_one_process
from gridjax.run.worker.train_loop import train_lanes
from gridjax.sweep.settings import perturbations
from gridjax.training import population
from gridjax.training.lane_progress import LaneProgress
from gridjax.training.population import Device, Trainer
from gridjax.training.train_step import TrainState

_STAGES = ("train_s", "evaluate_s", "store_s")


class BlockRun:
    """The training, evaluation and commit of one block."""

    def __init__(
        self,
        block: Block,
        job: Job,
        device: Device,
        emit: Callable[[RunEvent], None],
        must_stop: Callable[[], bool],
        nulls: dict[str, NullScores],
        attempt: str = "",
    ):
        """``attempt`` names this attempt at the block if there can be another at the same time."""
        self._is_alone = not attempt
        self._block, self._job, self._nulls = block, job, nulls
        self._emit, self._must_stop = emit, must_stop
        self._partial = PartialResults(job.folder, block.name)
        self._checkpointer = BlockCheckpointer(job.folder, block, job.policy, emit, attempt)
        self._parts: list[BlockResults] = []
        """results on the disk, in ``partial/``"""
        self._new: list[NetworkResult] = []
        """results in memory alone"""
        self._n_steps_finished = 0
        self._is_trained = False
        self._seconds: dict[str, float] = dict.fromkeys(_STAGES, 0.0)
        self._lanes = Lanes(
            _compiled_by_one_process(block, job.settings.fused_recurrence),
            block.lane_width,
            device,
            self._checkpointer.restore,
            job.settings.evaluation.along_training,
        )

    def run(self) -> None:
        """Train, evaluate and commit the block, or save its networks if the run must stop.

        After an error, it returns only when the checkpoint that is being written is complete or
        removed, so that nothing writes to the folder afterwards.
        """
        try:
            self._run()
        except BaseException as error:
            with suppress(Exception):  # the first error is reported
                self._checkpointer.wait()
            if not isinstance(error, StorageError) or self._is_trained:
                raise
            networks = networks_of_block(self._job.folder, self._block.name)
            if networks is None:
                raise
            self._end(networks)  # another process has finished the block and removed its files

    def _run(self) -> None:
        networks = networks_of_block(self._job.folder, self._block.name)
        if networks is not None:  # a process was killed between the commit and its report
            self._end(networks)
            return
        self._parts, damage = self._partial.read(self._is_alone)
        for each in damage:
            self._emit(RunWarning(f"damaged results are not used: {each}"))
        done = {run_id for part in self._parts for run_id in part.run_ids}
        waiting = []
        for spec, rows in self._block.rows.items():
            if done.issuperset(row.run_id for row in rows):
                self._n_steps_finished += spec.n_grad_steps
            else:
                waiting.append(spec)
        self._checkpointer.unfinished = {spec.run_id for spec in waiting}
        training = train_lanes(
            self._lanes,
            waiting,
            self._must_stop,
            self._save_if_due,
            self._emit,
            flop_per_step(self._block.static),
            self._block.name,
        )
        while (due := self._next_of(training)) is not None:
            self._evaluate(due)
        if self._lanes.networks or len(self._run_ids()) < len(self._block.run_ids):
            self._save()
            self._checkpointer.wait()
        else:
            self._commit()

    def _next_of(self, training: Iterator[DueNetworks]) -> DueNetworks | None:
        with (
            self._timed("train_s"),
            _shortage(lambda error: shortage_in_training(self._block, error)),
        ):
            return next(training, None)

    def _evaluate(self, due: DueNetworks) -> None:
        """Evaluate networks; if that fails, save the networks in training first."""
        specs = [progress.spec for progress in due.progress]
        settings = self._job.settings
        is_last = any(progress.is_done for progress in due.progress)
        keep_maps, sizes = settings.keep_maps, settings.evaluation
        if not is_last:
            keep_maps = "none"
            sizes = replace(sizes, robustness=perturbations.NONE, environments=False)
        self._emit(EvaluationStarted(self._block.name, len(specs)))
        try:
            with (
                self._timed("evaluate_s"),
                _shortage(lambda error: shortage_in_evaluation(specs, error)),
            ):
                shape = (self._block.static, self._block.lane_width, specs[0].n_bins_reported)
                evaluate = compiled_by_one_process(evaluate_block, shape, sizes)
                evaluations = evaluate(specs, due.state, sizes, self._nulls, keep_maps)
        except BaseException:
            with suppress(Exception):  # the first error is reported
                self._save()
                self._checkpointer.wait()
            raise
        with self._timed("store_s"):
            self._add_results(due, evaluations)

    def _add_results(self, due: DueNetworks, evaluations: Sequence[Evaluation]) -> None:
        """Add the rows along training to the networks; keep the results of those at their end."""
        settings = self._job.settings
        pairs = zip(due.progress, evaluations, strict=True)
        for lane, (progress, evaluation) in enumerate(pairs):
            if evaluation.null is not None:
                self._nulls[evaluation.null.null_id] = evaluation.null
            if settings.evaluation.along_training and not progress.has_diverged:
                progress.emergence.append(emergence_row(progress.made, evaluation))
            if progress.is_done:
                self._finish(progress, evaluation, due.state, lane)

    def _finish(
        self, progress: LaneProgress, evaluation: Evaluation, state: TrainState, lane: int
    ) -> None:
        """Keep the results of a network that is at its end, in lane ``lane`` of ``state``."""
        settings = self._job.settings
        weights = {}
        if settings.keep_weights != "none":
            own = population.unpadded_lane(state, lane, progress.spec)
            weights = flatten_weights(own)
        for row in self._block.rows[progress.spec]:
            result = NetworkResult(
                evaluation=replace(evaluation, network=evaluation.network | spec_columns(row)),
                history=progress.history,
                maps=evaluation.maps,
                weights=weights,
                train_seconds=progress.seconds,
                segment=self._job.policy.segment,
                resumed=progress.resumed,
                emergence=progress.emergence,
                padded_to=padded_to(row, settings.merge),
            )
            self._new.append(result)
        self._n_steps_finished += progress.spec.n_grad_steps

    def _run_ids(self) -> list[str]:
        on_disk = [run_id for part in self._parts for run_id in part.run_ids]
        return on_disk + [result.run_id for result in self._new]

    def _save_if_due(self) -> None:
        if self._checkpointer.is_due:
            self._save()

    def _save(self) -> None:
        """Write the results of the finished networks; start to save the networks in training."""
        if self._new:
            part = results_of(self._new)
            self._partial.add(part)
            self._parts.append(part)
            self._new = []
        self._lanes.spend()
        n_steps = self._n_steps_finished + self._lanes.n_steps_made
        self._checkpointer.save(self._lanes.networks, self._lanes.state, n_steps)

    def _commit(self) -> None:
        """Write the shard of the block."""
        self._is_trained = True
        with self._timed("store_s"):
            new = [results_of(self._new)] if self._new else []
            results = join_results([*self._parts, *new], self._block.run_ids)
            settings = self._job.settings
            commit_block(self._job.folder, keep_best_of_block(results, settings.keep_weights))
        self._end(results.tables["networks"])

    def _end(self, networks: pa.Table) -> None:
        """Report the networks of the committed block, and remove its checkpoints and parts."""
        self._is_trained = True
        columns = (networks[name].to_pylist() for name in ("run_id", "status"))
        status = dict(zip(*columns, strict=True))
        for rows in self._block.rows.values():
            run_ids = tuple(row.run_id for row in rows)
            self._emit(NetworkFinished(run_ids, status[run_ids[0]] == DIVERGED))
        with self._timed("store_s"):
            self._checkpointer.remove()
            self._partial.remove()
        self._emit(BlockFinished(self._block.name, len(self._block.rows), **self._seconds))

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of the block of code to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] += time.perf_counter() - start


def _compiled_by_one_process(block: Block, is_fused: bool) -> Trainer:
    """Return the training functions of a block; other processes wait for their compilation."""
    trainer = population.make_trainer(block.static, block.lane_width, is_fused)
    shape = block.static
    return trainer._replace(
        init=compiled_by_one_process(trainer.init, shape, block.lane_width, "init"),
        chunk=compiled_by_one_process(trainer.chunk, shape, block.lane_width, "chunk"),
        progress=compiled_by_one_process(trainer.progress, shape, block.lane_width, "progress"),
    )


@contextmanager
def _shortage(error_of: Callable[[str], MemoryShortageError]) -> Iterator[None]:
    """Turn an out-of-memory error of JAX into a MemoryShortageError."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not is_exhausted(error):
            raise
        raise error_of(str(error)) from None
