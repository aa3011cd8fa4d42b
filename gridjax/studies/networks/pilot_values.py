"""Values that the pilot of a study chose for its networks, as a table for its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import ALL_SEEDS

Table = tuple[tuple[str, ...], ...]


def chosen_values(
    pilot: Sequence[NetworkSpec], before: Sequence[NetworkSpec], after: Sequence[NetworkSpec]
) -> Table:
    """Return the values that a pilot chose, for each group of networks.

    A chosen parameter has several values in the pilot, and one value in the sweep files of the
    study. The groups are those of the other parameters with several values in the pilot. Parameters
    that others determine in the pilot are left out.

    Args:
        pilot: networks of the pilot.
        before: networks of the study as its sweep files give them.
        after: networks of the study with the values that the pilot chose.

    Returns a heading, and a row for each group and value: the parameters of the group, the chosen
    values (with a remark if one is the smallest or the largest in the pilot of this group), the
    values in the pilot and the number of networks. Empty if nothing is chosen.
    """
    several = [name for name, values in _values(pilot).items() if len(values) > 1]
    varied = _independent(pilot, several)
    given = _values(before)
    chosen = [name for name in varied if len(given[name]) == 1]
    groups = [name for name in varied if name not in chosen]
    if not chosen:
        return ()
    rows: dict[tuple[str, ...], int] = {}
    for spec in after:
        of_group = _of(spec, groups)
        tried = _values([one for one in pilot if _of(one, groups) == of_group])
        texts = [_text(value) for value in of_group]
        for name in chosen:
            value, options = getattr(spec, name), tried.get(name, [])
            texts += [_text(value) + _at_the_edge(value, options)]
            texts += [", ".join(_text(option) for option in options) or "no network"]
        rows[tuple(texts)] = rows.get(tuple(texts), 0) + 1
    heading = [*groups]
    for name in chosen:
        heading += [f"{name}, chosen", f"{name} in the pilot"]
    return ((*heading, "networks"), *((*texts, f"{n:,}") for texts, n in rows.items()))


def _values(specs: Sequence[NetworkSpec]) -> dict[str, list[Any]]:
    """Return the distinct values of every parameter but the seeds."""
    if not specs:
        return {}
    names = [name for name in specs[0].to_dict() if name not in ALL_SEEDS]
    found = {name: list({getattr(spec, name) for spec in specs}) for name in names}
    return {name: sorted(values, key=_order) for name, values in found.items()}


def _order(value: Any) -> tuple[bool, Any, str]:
    is_number = isinstance(value, int | float)
    return (not is_number, value if is_number else 0, str(value))


def _independent(specs: Sequence[NetworkSpec], names: list[str]) -> list[str]:
    """Return names without those that follow from the others."""
    kept = list(names)
    for name in reversed(names):
        others = [one for one in kept if one != name]
        if len({_of(spec, others) for spec in specs}) == len({_of(spec, kept) for spec in specs}):
            kept = others
    return kept


def _of(spec: NetworkSpec, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(spec, name) for name in names)


def _at_the_edge(value: Any, options: list[Any]) -> str:
    """Return the remark that a number is the smallest or the largest option."""
    if len(options) < 2 or not all(isinstance(one, int | float) for one in options):
        return ""
    if value == options[0]:
        return " (the smallest)"
    return " (the largest)" if value == options[-1] else ""


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
