"""Scores of maps and sessions: grid score, lattice and null scores, with one row for each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from gridjax.io.source_location import Problems
from gridjax.recordings.cell_scores import PERCENTILES, InputScores
from gridjax.recordings.map_scores import bin_cm, score_maps
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.session import Session
from gridjax.recordings.session_scores import prepare_session, score_session


def score_inputs(
    inputs: Sequence[MapSet | Session],
    options: ScoreOptions,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> list[InputScores]:
    """Return the scores of every cell of every input, in the order of the inputs.

    Args:
        inputs: rate maps and sessions.
        options: options of scoring.
        progress: function that receives the name of an input, the number of its finished cells and
            the number of all its cells.

    Raises GridjaxError before scoring, for invalid options and for inputs that cannot be scored
    with these options.
    """
    options.check()
    problems = Problems()
    prepared = []
    for each in inputs:
        if isinstance(each, Session):
            prepared.append(prepare_session(each, options, problems))
        else:
            bin_cm(each, options, problems)
            prepared.append(each)
    problems.raise_any()
    return [
        score_maps(each, options, progress)
        if isinstance(each, MapSet)
        else score_session(each, options, progress)
        for each in prepared
        if each is not None
    ]


def pooled_thresholds(scored: Sequence[InputScores]) -> dict[str, Float[np.ndarray, "2"]]:
    """Return the 95th and 99th percentile of the pooled null scores of all cells, for each null."""
    from gridjax.metrics.nulls.chance_scores import thresholds

    pools: dict[str, list[np.ndarray]] = {}
    for one in scored:
        if one.null_scores.size:
            pools.setdefault(one.null, []).append(one.null_scores.ravel())
    return {
        null: thresholds(np.concatenate(parts), PERCENTILES).pooled for null, parts in pools.items()
    }
