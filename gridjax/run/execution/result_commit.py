"""Commit of trained networks: their evaluation, then a write to the store."""

from __future__ import annotations

from dataclasses import replace

import jax

from gridjax.callbacks import NetworkFinished
from gridjax.run.evaluation.evaluation import (
    DIVERGED,
    NullScores,
    evaluate_block,
    evaluation_shape,
)
from gridjax.run.evaluation.network_metrics import spec_columns
from gridjax.run.execution.compilation_cache import COMPILED
from gridjax.run.planning.merging import padding_column
from gridjax.run.planning.plan import Plan
from gridjax.run.storage.result_store import Store
from gridjax.run.storage.schema import NetworkResult
from gridjax.run.storage.weight_retention import BestWeights
from gridjax.run.storage.weights import flatten_weights
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import Settings
from gridjax.training.lane import Trainee
from gridjax.training.train_step import TrainState


class ResultCommitter:
    """Evaluates networks one by one; commits each result for all specs of the same computation."""

    def __init__(self, plan: Plan, settings: Settings, store: Store, segment: int):
        self._plan, self._settings, self._store = plan, settings, store
        self._segment = segment
        self._committed = store.committed()
        self._best = BestWeights(store, settings.keep_weights)
        self._nulls: dict[str, NullScores] = {}

    def recall(self) -> None:
        """Rank by score the networks that earlier calls committed."""
        self._best.recall()

    def is_missing(self, spec: NetworkSpec) -> bool:
        """Return whether a network, or a spec of the same computation, has no results yet."""
        return any(one.run_id not in self._committed for one in self._plan.equivalent_specs[spec])

    def commit(self, trainee: Trainee, state: TrainState) -> NetworkFinished:
        """Evaluate one trained network, on the device that holds its state, and commit it."""
        spec = trainee.spec
        COMPILED.evaluate(evaluation_shape(spec, self._settings.evaluation))
        block = jax.tree.map(lambda leaf: leaf[None], state)
        settings = self._settings
        (evaluation,) = evaluate_block(
            [spec], block, settings.evaluation, self._nulls, settings.keep_maps
        )
        if evaluation.null is not None:
            self._nulls[evaluation.null.null_id] = evaluation.null
        weights = {} if self._settings.keep_weights == "none" else flatten_weights(state)
        missing = [s for s in self._plan.equivalent_specs[spec] if s.run_id not in self._committed]
        for described in missing:
            columns = evaluation.network | spec_columns(described)
            columns |= padding_column(described, self._settings.merge)
            result = NetworkResult(
                evaluation=replace(evaluation, network=columns),
                history=trainee.history,
                maps=evaluation.maps,
                weights=weights,
                train_seconds=trainee.seconds,
                segment=self._segment,
                resumed=trainee.resumed,
            )
            self._store.commit(result)
            self._best.add(described.run_id, columns["score_60_by_neuron_max"])
        diverged = evaluation.network["status"] == DIVERGED
        return NetworkFinished(tuple(each.run_id for each in missing), diverged)
