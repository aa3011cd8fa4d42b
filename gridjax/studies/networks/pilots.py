"""Learning rates that the networks of a pilot choose, for ``settle`` of an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridjax.spec.network import NetworkSpec
    from gridjax.studies.evidence import Evidence

RATE = "learning_rate"


def with_best_rates(
    pilot: Evidence, specs: Sequence[NetworkSpec], measure: str, groups: Sequence[str]
) -> list[NetworkSpec]:
    """Return specs with the learning rate that has the least mean of a measure in the pilot.

    One rate is chosen for each group. A rate at which any network of the pilot diverged is out.
    Where every rate of a group is out, or the pilot has no network of it, the spec keeps its own.

    Args:
        pilot: the evidence of the pilot.
        specs: networks of the study.
        measure: a column of errors or losses, such as ``decode_err_ml_cm``; a choice by grid
            scores would select what the study asks about.
        groups: names of parameters; networks that agree in all of them form a group.
    """
    keys = list(groups)
    # a network that diverged has no error: its rate has the mean NaN
    means = (
        pilot.everything.groupby([*keys, RATE])[measure]
        .agg(lambda values: values.mean(skipna=False))
        .dropna()
        .reset_index()
    )
    chosen = means.loc[means.groupby(keys)[measure].idxmin()]
    groups_of_rates = chosen[keys].itertuples(index=False, name=None)
    best = dict(zip(groups_of_rates, chosen[RATE], strict=True))

    def rate(spec: NetworkSpec) -> float:
        return best.get(tuple(getattr(spec, name) for name in keys), spec.learning_rate)

    return [replace(spec, learning_rate=rate(spec)) for spec in specs]
