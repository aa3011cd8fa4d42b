"""Remarks on networks of a sweep that can be trained but may not be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.fields.distributions import Uniform
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS, is_read
from gridjax.spec.records.start_info import PLACE_CODE


def doubts(specs: Sequence[NetworkSpec]) -> Iterator[str]:
    """Yield one line for each reason why some networks cannot do what they are trained for."""
    n_lost = sum(map(_lacks_heading, specs))
    if n_lost:
        yield (
            f"{n_lost:,} networks with inputs: egocentric cannot path-integrate, because they do"
            " not know their heading at the start; the place code of the start has it with"
            " n_head_direction_cells above 0"
        )
    n_wide = sum(map(_has_fields_wider_than_its_box, specs))
    if n_wide:
        yield (
            f"{n_wide:,} networks have place fields wider than their box, which hardly tell places"
            " apart; place_cell_rf is in metres"
        )


def _lacks_heading(spec: NetworkSpec) -> bool:
    """Return whether a network integrates turns from a known position and an unknown heading.

    With landmarks, it can infer the heading.
    """
    if spec.inputs != "egocentric" or not is_recurrent(spec) or spec.landmark_rate > 0:
        return False
    is_known = spec.start == PLACE_CODE and spec.n_head_direction_cells > 0
    return spec.start in (PLACE_CODE, "position") and not is_known


def _has_fields_wider_than_its_box(spec: NetworkSpec) -> bool:
    """Return whether all place fields are wider than the longer side of the box, as if in cm."""
    width = spec.place_cell_rf
    narrowest = width.low if isinstance(width, Uniform) else width
    longest = max(spec.box_width_in_m, spec.box_height_in_m)
    return is_read(FIELDS["place_cell_rf"], spec) and narrowest > longest
