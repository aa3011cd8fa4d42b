"""Retention of the weights of the N best networks (``keep_weights: best:N``)."""

from __future__ import annotations

from collections.abc import Mapping

from gridjax.run.storage.block_results import BlockResults, score_by_run_id
from gridjax.run.storage.run_folder import FolderStore

_BEST = "best:"


def keep_best_of_block(results: BlockResults, keep_weights: str) -> BlockResults:
    """Return the results of a block without the weights of all but its N best networks.

    If the setting is not ``best:N``, the results do not change.
    """
    if not keep_weights.startswith(_BEST):
        return results
    scores = score_by_run_id(results.tables["networks"])
    return results.with_weights_of(_best(scores, keep_weights))


def keep_best_of_run(store: FolderStore, keep_weights: str) -> None:
    """Remove the weights of all but the N best networks of a run.

    If the setting is not ``best:N``, no weights are removed.
    """
    if not keep_weights.startswith(_BEST):
        return
    there = store.with_weights()
    scores = score_by_run_id(store.table("networks"))
    best = _best({run_id: scores[run_id] for run_id in there if run_id in scores}, keep_weights)
    if there - best:
        store.keep_weights(best)


def _best(scores: Mapping[str, float], keep_weights: str) -> set[str]:
    """Return the run_ids of the highest scores; run_ids decide ties."""
    ranked = sorted(((score, run_id) for run_id, score in scores.items()), reverse=True)
    return {run_id for _, run_id in ranked[: int(keep_weights.removeprefix(_BEST))]}
