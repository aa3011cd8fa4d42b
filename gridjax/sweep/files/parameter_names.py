"""Names of parameters in sweep files: plain, nested and dotted."""

from __future__ import annotations

import re

from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import show
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.files.other_names import OF_2019, SAME_MEANING, hint
from gridjax.sweep.settings.run_settings import SETTINGS


def known_parameters(
    parameters: dict[str, SourcedValue], problems: Problems
) -> dict[str, SourcedValue]:
    """Return parameter name -> its mapping in the file, for each known parameter.

    A nested group (``model: {parameters: {Ng: ...}}``) and a dotted name (``model.Ng``) stand for
    the parameter of the last name. Names of published code with exactly the same meaning are
    replaced. Adds a problem for each unknown name, and for each parameter that is given twice.
    """
    known: dict[str, SourcedValue] = {}
    for name, item in _flattened(parameters):
        own = name if name in FIELDS else name.rpartition(".")[2]
        own = SAME_MEANING.get(own, own)
        if own not in FIELDS:
            fix = hint(own) or _as_written_here(name, item)
            fix = fix or f"the parameters are {', '.join(FIELDS)}"
            if name in SETTINGS or name == "evaluation":
                fix = "it is a setting of the run: put it under gridjax:"
            problems.add(f"unknown parameter {show(name)}", item.name_place, fix)
        elif own in known:
            message = f"{own} is given twice: as {show(name)} and at {known[own].name_place}"
            problems.add(message, item.name_place, "give it once")
        else:
            known[own] = item
    return known


def _as_written_here(name: str, item: SourcedValue) -> str:
    """Return how gridjax writes a group of parameters, or a path to one; empty for other names."""
    last = re.split(r"[./]|__", name)[-1]
    if last in FIELDS:
        return f"write {last}"
    group = item.value if isinstance(item.value, dict) else {}
    value = group.get("value")
    if value is not None and isinstance(value.value, dict):
        group = value.value
    inner = next((each for each in group if each in FIELDS), None)
    if inner is None:
        return ""
    return (
        f"write {inner}: {{values: [...]}} beside it, or {name}: {{parameters: {{{inner}: ...}}}}"
    )


def first_of_2019(parameters: dict[str, SourcedValue]) -> SourcedValue | None:
    """Return the first parameter with a name of the code of 2019; None if there is none."""
    given = _flattened(parameters)
    return next((item for name, item in given if name.rpartition(".")[2] in OF_2019), None)


def _flattened(parameters: dict[str, SourcedValue]) -> list[tuple[str, SourcedValue]]:
    """Return the parameters, including those in nested groups, in the order of the file."""
    flat = []
    for name, item in parameters.items():
        group = item.value.get("parameters") if isinstance(item.value, dict) else None
        if name not in FIELDS and group is not None and isinstance(group.value, dict):
            flat += _flattened(group.value)
        else:
            flat.append((str(name), item))
    return flat
