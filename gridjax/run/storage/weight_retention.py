"""Retention of the weights of the N best networks (``keep_weights: best:N``)."""

from __future__ import annotations

import heapq
import math

from gridjax.run.storage.result_store import Store

_SCORE = "score_60_by_neuron_max"
_BEST = "best:"


class BestWeights:
    """Removes the weights of all networks except the N best from a store.

    If the setting is not ``best:N``, it does not remove weights.
    """

    def __init__(self, store: Store, keep_weights: str):
        self._store = store
        self._n_best = int(keep_weights.removeprefix(_BEST)) if _BEST in keep_weights else None
        self._best: list[tuple[float, str]] = []

    def recall(self) -> None:
        """Rank the networks whose weights are in the store; remove all but the N best weights."""
        if self._n_best is None or not self._store.committed():
            return
        networks = self._store.table("networks").select(["run_id", _SCORE])
        for row in networks.to_pylist():
            if self._store.has_weights(row["run_id"]):
                self.add(row["run_id"], row[_SCORE])

    def add(self, run_id: str, score: float) -> None:
        """Add a network with stored weights to the ranking; remove surplus weights."""
        if self._n_best is None:
            return
        heapq.heappush(self._best, (-math.inf if math.isnan(score) else score, run_id))
        while len(self._best) > self._n_best:
            self._store.drop_weights([heapq.heappop(self._best)[1]])
