"""Settings in a report: parameters, fidelity, and the bins and samples of the rate maps."""

from __future__ import annotations

from typing import Any

from gridjax.plotting import listed
from gridjax.report.run_data import NetworkRecord, RunData
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.parameters import FIELDS, is_read

_MOST_VALUES = 24
"""Largest number of values of a parameter that are all listed.

Of more values, only the first and the last are listed.
"""
_NEVER_SHOWN = {"layout_seed", "weight_seed", "motion_seed", "n_grad_steps"}


def varied_parameters(records: list[NetworkRecord]) -> list[tuple[str, str]]:
    """Return the name and the values of each parameter that differs between networks."""
    values = {name: _values(records, name) for name in _shown()}
    return [(name, _text(each)) for name, each in values.items() if len(each) > 1]


def constant_parameters(records: list[NetworkRecord]) -> list[tuple[str, str, str]]:
    """Return the name, value and meaning of each parameter that is equal in all networks."""
    values = {name: _values(records, name) for name in _shown()}
    return [
        (name, _text(each), FIELDS[name].metadata["doc"])
        for name, each in values.items()
        if len(each) == 1
    ]


def fidelity_switches(records: list[NetworkRecord]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return each fidelity of the networks, with the name, value and meaning of its switches."""
    fidelities = dict.fromkeys(record.spec.fidelity for record in records)
    return [
        (str(fidelity), [(n, getattr(fidelity, n), f.metadata["doc"]) for n, f in SWITCHES.items()])
        for fidelity in fidelities
    ]


def coverage(data: RunData) -> str:
    """Return a sentence about the bins and samples of the networks' rate maps."""
    finished = data.finished
    if not finished:
        return "No network has been evaluated yet."
    visited = min(record.row["share_of_bins_visited"] for record in finished)
    samples = sum(record.row["samples_per_bin"] for record in finished) / len(finished)
    moves = number_range([record.row["evaluation_sequence_length"] for record in finished])
    sizes = {(one.spec.dimensions, one.spec.n_bins_reported) for one in finished}
    bins = listed([" × ".join([str(n)] * dimensions) for dimensions, n in sorted(sizes)])
    return (
        f"Rate maps have {bins} bins and come from fresh trajectories of {moves} moves: on average"
        f" {samples:.0f} samples per bin; at least {100 * visited:.1f} % of the bins were visited."
    )


def number_range(values: list[int]) -> str:
    """Return the smallest and the largest number as text; a dash if there are no numbers."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _shown() -> list[str]:
    return [name for name in FIELDS if name not in _NEVER_SHOWN]


def _values(records: list[NetworkRecord], name: str) -> list[Any]:
    """Return the distinct values of a parameter over the networks that use it.

    Numbers come first, then distributions as text. Values that are not set are omitted.
    """
    read = (getattr(m.spec, name) for m in records if is_read(FIELDS[name], m.spec))
    distinct = {v if isinstance(v, int | float | str) else str(v) for v in read if v is not None}
    return sorted(distinct, key=lambda value: (isinstance(value, str), value))


def _text(values: list[Any]) -> str:
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    if len(texts) <= _MOST_VALUES:
        return ", ".join(texts)
    return f"{len(texts):,} values from {texts[0]} to {texts[-1]}"
