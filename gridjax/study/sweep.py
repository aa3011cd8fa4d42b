"""From sweep files in the Weights & Biases format to NetworkSpecs, with located errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.parameters import FIELDS, did_you_mean, show
from gridjax.rules import read_spec
from gridjax.spec import NetworkSpec
from gridjax.study.grid import Grid, read_grid
from gridjax.study.located import Located, Problems, locate
from gridjax.study.settings import OF_NETWORKS, SETTINGS, Settings, read_settings
from gridjax.study.yamlfile import read_yaml

MAX_NETWORKS = 100_000
"""Grid points laid out unless the number of networks is given: more is hardly ever meant."""


@dataclass(frozen=True)
class Sweep:
    """A population of networks, the settings it is run with, and the texts it was read from."""

    specs: tuple[NetworkSpec, ...]
    settings: Settings = field(default_factory=Settings)
    sources: tuple[tuple[str, str], ...] = ()
    """(name, text) of every file."""

    @classmethod
    def from_yaml(
        cls,
        *paths: str | Path,
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
    ) -> Sweep:
        """Read W&B sweep files (``method: grid``) as one population.

        The networks are the product over sorted parameter names, the last name fastest, file after
        file, without duplicates; ``first`` takes that many of them. ``overrides`` replace a
        parameter in every network ("Ng") or a setting ("gridjax.lane_width"). Top-level keys for
        W&B's own agents (program, metric, run_cap, ...) are accepted and not used.

        Raises GridjaxError with everything that is wrong in all files.
        """
        problems = Problems()
        if not paths:
            raise GridjaxError(Problem("no sweep file is given", fix="give one or more YAML files"))
        contents = [(Path(path), *read_yaml(path, problems)) for path in paths]
        sources = dict.fromkeys((path.name, text) for path, _, text in contents)
        documents = [document for _, document, _ in contents if document is not None]
        return _lay_out(documents, tuple(sources), overrides or {}, first, problems)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
    ) -> Sweep:
        """The same from a dict of the same structure as one file."""
        problems = Problems()
        document = locate(content, "sweep dict", problems)
        documents = [] if document is None else [document]
        text = json.dumps([one.plain() for one in documents], indent=2, default=repr)
        return _lay_out(documents, (("sweep dict", text),), overrides or {}, first, problems)

    @classmethod
    def from_specs(cls, specs: Iterable[NetworkSpec], settings: Settings | None = None) -> Sweep:
        """A population of specs built in Python, checked as a file's would be."""
        distinct = tuple(dict.fromkeys(read_spec(spec) for spec in specs))
        if not distinct:
            raise GridjaxError(Problem("a sweep without networks", fix="give at least one spec"))
        text = json.dumps([spec.to_dict() for spec in distinct], indent=2)
        return cls(distinct, settings or Settings(), (("specs", text),))


def _lay_out(
    documents: Sequence[Located],
    sources: tuple[tuple[str, str], ...],
    overrides: Mapping[str, Any],
    first: int | None,
    problems: Problems,
) -> Sweep:
    of_networks, of_run = _read_overrides(overrides, problems)
    grids = [read_grid(document, of_networks, problems) for document in documents]
    settings = read_settings([grid.settings for grid in grids], of_run, problems)
    _check_number(grids, first, problems)
    problems.raise_any()
    specs: dict[NetworkSpec, None] = {}
    for spec in itertools.chain.from_iterable(grid.networks() for grid in grids):
        specs[spec] = None
        if len(specs) == first:
            break
    return Sweep(tuple(specs), settings, sources)


def _read_overrides(
    overrides: Mapping[str, Any], problems: Problems
) -> tuple[dict[str, Located], dict[str, Located]]:
    """The overrides of networks' parameters and those of the run's settings."""
    of_networks: dict[str, Located] = {}
    of_run: dict[str, Located] = {}
    for name, value in overrides.items():
        text = value if isinstance(value, str) and value.isprintable() else show(value)
        place = Place(f"--set {show(name, 40)[1:-1]}={text[:60]}")
        located = locate({"value": value}, place.file, problems)
        if located is None:
            continue
        item = Located(located.value["value"].value, place, place)
        setting = str(name).removeprefix("gridjax.")
        if name in FIELDS or setting in OF_NETWORKS:
            into, key = of_networks, setting
        elif setting in SETTINGS:
            into, key = of_run, setting
        else:
            known = [*FIELDS, *(f"gridjax.{setting}" for setting in SETTINGS)]
            fix = did_you_mean(name, known) or "what can be set: " + ", ".join(known)
            problems.add(f"unknown parameter {show(name)}", place, fix)
            continue
        if key in into:
            problems.add(f"{key} is set twice", place, "set it once")
        into[key] = item
    return of_networks, of_run


def _check_number(grids: Sequence[Grid], first: int | None, problems: Problems) -> None:
    if first is not None and (isinstance(first, bool) or not isinstance(first, int) or first < 1):
        message = f"the number of networks: {show(first)} is not a whole number of at least 1"
        problems.add(message, Place("--networks"), "give how many of the first networks to take")
    n_points = sum(grid.n_points for grid in grids)
    if first is None and n_points > MAX_NETWORKS:
        message = f"the sweep has {n_points} grid points, more than {MAX_NETWORKS}"
        fix = "give fewer values, or take the first N networks by --networks N (Python: first=N)"
        problems.add(message, grids[0].place, fix)
