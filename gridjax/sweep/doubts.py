"""Remarks on networks of a sweep that can be trained but may not be meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.start_info import PLACE_CODE


def doubts(specs: Iterable[NetworkSpec]) -> Iterator[str]:
    """Yield one line for each reason why some networks cannot do what they are trained for."""
    n_lost = sum(map(_lacks_heading, specs))
    if n_lost:
        yield (
            f"{n_lost:,} networks with inputs: egocentric cannot path-integrate, because they do"
            " not know their heading at the start; the place code of the start has it with"
            " n_head_direction_cells above 0"
        )


def _lacks_heading(spec: NetworkSpec) -> bool:
    """Return whether a network integrates turns from a known position and an unknown heading.

    With landmarks, it can infer the heading.
    """
    if spec.inputs != "egocentric" or not is_recurrent(spec) or spec.landmark_rate > 0:
        return False
    is_known = spec.start == PLACE_CODE and spec.n_head_direction_cells > 0
    return spec.start in (PLACE_CODE, "position") and not is_known
