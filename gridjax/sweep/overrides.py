"""Reader of overrides of the values in sweep files: --set NAME=VALUE, or a dict in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.source_location import Problems, SourcedValue, attach_places
from gridjax.io.text import show
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.files.other_names import SAME_MEANING, hint
from gridjax.sweep.files.place_map_files import read_place_maps_at
from gridjax.sweep.settings.run_settings import OF_NETWORKS, SETTINGS

_WITH_COMMAS = ("fidelity", "place_maps")
"""Parameters of networks of which one value may contain commas."""


def is_list_with_commas(name: str) -> bool:
    """Return whether a text with commas is several values of a parameter, and never one value."""
    own = name.removeprefix("gridjax.")
    return own in FIELDS and own not in _WITH_COMMAS


def read_overrides(
    overrides: Mapping[str, Any], problems: Problems
) -> tuple[dict[str, SourcedValue], dict[str, SourcedValue]]:
    """Return the overrides of network parameters, and the overrides of settings of the run.

    Raises GridjaxError if ``overrides`` is not a dict; other errors are added to ``problems``.
    """
    if not isinstance(overrides, Mapping):
        fix = 'give a dict of values by name, such as {"Ng": 3} or {"Ng": [3, 4]}'
        raise GridjaxError(Problem(f"overrides: {show(overrides)} is not a dict", fix=fix))
    of_networks: dict[str, SourcedValue] = {}
    of_run: dict[str, SourcedValue] = {}
    for name, value in overrides.items():
        text = value if isinstance(value, str) and value.isprintable() else show(value)
        place = Place(f"--set {show(name, 40)[1:-1]}={text[:60]}")
        located = attach_places({"value": value}, place.file, problems)
        if located is None:
            continue
        item = SourcedValue(located.value["value"].value, place, place)
        own = SAME_MEANING.get(name, name)
        setting = str(own).removeprefix("gridjax.")
        if setting == "place_maps":
            item = read_place_maps_at(item, problems)
        if own in FIELDS or setting in OF_NETWORKS:
            into, key = of_networks, setting
        elif setting in SETTINGS:
            into, key = of_run, setting
        else:
            known = (*FIELDS, *(f"gridjax.{setting}" for setting in SETTINGS))
            fix = hint(str(name), known) or "the parameters and settings are " + ", ".join(known)
            problems.add(f"unknown parameter {show(name)}", place, fix)
            continue
        if key in into:
            problems.add(f"{key} is set twice", place, "give one --set for it")
        into[key] = item
    return of_networks, of_run
