"""Scores of maps and sessions: grid score, lattice and null scores, with one row for each cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
    if not any(isinstance(each, Session) for each in inputs):
        _refuse_unused(options, _OF_SESSIONS, "rate maps", problems)
    if not any(isinstance(each, MapSet) for each in inputs):
        _refuse_unused(options, _OF_MAPS, "sessions", problems)
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


_OF_SESSIONS = {
    "min_shift_s": "--min-shift",
    "n_bins": "--bins",
    "bin_cm": "--bin-cm",
    "smoothing_cm": "--smooth-cm",
    "min_speed_cm_s": "--min-speed",
}
"""Field of ScoreOptions -> its option, for options that rate maps do not use."""


_OF_MAPS = {"width_cm": "--width-cm"}
"""The same for options that sessions do not use."""


def _refuse_unused(
    options: ScoreOptions, names: Mapping[str, str], given: str, problems: Problems
) -> None:
    """Add a problem if some of the named options are set that the given inputs do not use."""
    usual = ScoreOptions()
    unused = [
        option for name, option in names.items() if getattr(options, name) != getattr(usual, name)
    ]
    if unused:
        what = f"{', '.join(unused)} would have no effect: there are {given} only"
        problems.add(what, None, f"leave {', '.join(unused)} out")


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
