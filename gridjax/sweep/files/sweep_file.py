"""Reader of one sweep file: its method, its settings, and the search space of each parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from gridjax.errors import Place, Problem
from gridjax.io.source_location import MAX_VALUES, Problems, SourcedValue
from gridjax.io.text import did_you_mean, show
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.files.parameter_names import first_of_2019, known_parameters
from gridjax.sweep.files.run_config import is_run_config, sweep_of_run
from gridjax.sweep.parameter_values import read_listed_values
from gridjax.sweep.search.distribution_keys import SampledParameter, read_number
from gridjax.sweep.search.grid_search import GridSearch, make_grid_search
from gridjax.sweep.search.random_search import RandomSearch
from gridjax.sweep.search.search_space import GridBudget, ListedValues, read_parameter
from gridjax.sweep.settings.run_settings import OF_NETWORKS, SETTINGS, flatten

WANDB_KEYS = (
    *("program", "project", "entity", "name", "description", "method", "metric", "parameters"),
    *("early_terminate", "command", "run_cap", "controller", "kind", "apiVersion", "job"),
    *("image_uri", "scheduler"),
)
"""Top-level keys of a W&B sweep configuration (config/schema.json of wandb/sweeps)."""
METHODS = ("grid", "random")
_MIN_POINTS = 1000
"""Smallest number of grid points that are listed if ranges are too long to be listed completely."""


@dataclass(frozen=True)
class SweepFile:
    """The content of one sweep file: a grid or random draws, and settings."""

    networks: GridSearch | RandomSearch
    settings: Mapping[str, SourcedValue]
    """the settings of the ``gridjax:`` block, by dotted name"""
    place: Place
    method_place: Place
    run_cap: int | None
    """number of random draws; not used in a grid"""
    says_number: bool
    """whether the file has a run_cap, valid or not"""
    remarks: tuple[str, ...] = ()
    """one line for each entry that gridjax does not use, or reads in another way than W&B or the
    code of 2019"""

    @property
    def sampled(self) -> tuple[SampledParameter, ...]:
        """The parameters that are drawn from distributions."""
        space = self.networks.space if isinstance(self.networks, RandomSearch) else {}
        return tuple(each for each in space.values() if isinstance(each, SampledParameter))

    def n_points(self, first: int | None) -> int:
        """Return the number of grid points, or the number of draws: ``first``, run_cap or 0."""
        if isinstance(self.networks, GridSearch):
            return self.networks.n_points
        return first or self.run_cap or 0

    def points(
        self, first: int | None, sweep_seed: int
    ) -> Iterator[tuple[NetworkSpec, tuple[Problem, ...]]]:
        """Yield the file's networks, each with every reason why it cannot run."""
        if isinstance(self.networks, GridSearch):
            return self.networks.points()
        return self.networks.points(sweep_seed, self.n_points(first))


def read_file(
    document: SourcedValue,
    overrides: Mapping[str, SourcedValue],
    position: int,
    problems: Problems,
    first: int | None = None,
) -> SweepFile:
    """Return the content of a sweep file.

    ``overrides`` replace parameters by one value or a list of values. ``position`` is the position
    of the file among the files with random draws. ``first`` is the number of wanted networks, None
    for all. The ``config.yaml`` of a W&B run is read as one network. Errors are added to
    ``problems``; do not use the content after an error.
    """
    place = document.place
    if not isinstance(document.value, dict):
        message = f"{show(document.plain())} is not a sweep"
        problems.add(message, place, "a sweep file has method: grid and parameters:")
        nothing = make_grid_search({}, {}, place, problems)
        return SweepFile(nothing, {}, place, place, None, False)
    if is_run_config(document):
        document = sweep_of_run(document)
    content: dict[str, SourcedValue] = document.value
    _check_keys(content, problems)
    method = content.get("method")
    is_grid = _is_grid(method, problems)
    settings = flatten(content["gridjax"], problems) if content.get("gridjax") else {}
    # the distributions of bayes, which is refused, are those of random
    has_list = is_grid and (method is None or method.value != "bayes")
    n_points = max(_MIN_POINTS, first or 0) if has_list else None
    space = _search_space(document, n_points, settings, overrides, problems)
    is_grid = is_grid and not any(isinstance(each, SampledParameter) for each in space.values())
    listed = {name: each for name, each in space.items() if isinstance(each, ListedValues)}
    values = read_listed_values({name: each.items for name, each in listed.items()}, problems)
    networks: GridSearch | RandomSearch
    if is_grid:
        truncated = {name: each.truncated for name, each in listed.items() if each.truncated}
        networks = make_grid_search(values, truncated, place, problems)
    else:
        sampled = {n: each for n, each in space.items() if isinstance(each, SampledParameter)}
        probabilities = {n: each.probabilities for n, each in listed.items() if each.probabilities}
        networks = RandomSearch(values | sampled, position, place, probabilities)
    cap = None if is_grid else content.get("run_cap")
    run_cap = _run_cap(cap, problems)
    method_place = method.place if method else place
    remarks = tuple(_remarks(content, {*space, *settings}))
    return SweepFile(networks, settings, place, method_place, run_cap, cap is not None, remarks)


def is_random(document: SourcedValue) -> bool:
    """Return whether a file draws its networks."""
    method = document.value.get("method") if isinstance(document.value, dict) else None
    return method is not None and method.value == "random"


def _check_keys(content: Mapping[str, SourcedValue], problems: Problems) -> None:
    for name, item in content.items():
        if name in WANDB_KEYS or name == "gridjax":
            continue
        if name in FIELDS:
            fix = f"put it under parameters: as {name}: {{value: ...}}"
        elif name in SETTINGS or name == "evaluation":
            fix = "put it under gridjax:"
        else:
            known = (*WANDB_KEYS, "gridjax")
            fix = did_you_mean(name, known) or f"known are {', '.join(known)}"
        problems.add(f"unknown key {show(name)}", item.name_place, fix)


def _is_grid(method: SourcedValue | None, problems: Problems) -> bool:
    if method is None or method.value in METHODS:
        return method is None or method.value == "grid"
    message = f"method: {show(method.plain())}"
    if method.value == "bayes":
        message += " cannot be used: each of its draws depends on earlier results"
        fix = (
            "use method: random with run_cap: 100 or --networks 100, which draws from the same"
            " distributions, or method: grid"
        )
    else:
        message, fix = f"{message} is unknown", "use method: grid or method: random"
    problems.add(message, method.place, fix)
    return True


def _remarks(content: Mapping[str, SourcedValue], given: Set[str]) -> Iterator[str]:
    """Yield a line for each entry that gridjax does not use, or reads in another way.

    ``given`` are the names of the parameters and settings in the file.
    """
    item = content.get("early_terminate")
    if item is not None:
        line = "early_terminate is not used: every network is trained to its last step"
        yield f"{item.name_place}: {line}"
    parameters = content.get("parameters")
    if parameters is None or "surround_scale" not in given or "surround_convention" in given:
        return
    if isinstance(parameters.value, dict) and (theirs := first_of_2019(parameters.value)):
        yield (
            f"{theirs.name_place}: in the code of 2019 surround_scale is a ratio of variances; here"
            " it is a ratio of standard deviations, unless gridjax: {surround_convention: variance}"
            " is given"
        )


def _run_cap(item: SourcedValue | None, problems: Problems) -> int | None:
    if item is None:
        return None
    number = read_number(item.value)
    if number is not None and number == int(number) and number >= 1:
        return int(number)
    message = f"run_cap: {show(item.plain())} is not a whole number of at least 1"
    problems.add(message, item.place, "give how many networks to draw")
    return None


def _search_space(
    document: SourcedValue,
    n_points: int | None,
    settings: Mapping[str, SourcedValue],
    overrides: Mapping[str, SourcedValue],
    problems: Problems,
) -> dict[str, ListedValues | SampledParameter]:
    """Return the search space of each parameter from the file, its gridjax: block and overrides.

    ``n_points`` is the number of wanted points of a grid with long ranges; None for random draws.
    """
    written = _parameters(document, problems)
    space: dict[str, ListedValues | SampledParameter] = {}
    found = {name: Problems() for name in written}
    n_values, n_faster = MAX_VALUES, 1
    for name in sorted(
        written, reverse=True
    ):  # the parameter that varies fastest is first: all its values are used
        item = written[name]
        if name in settings:
            message = f"{name} is given under gridjax: and under parameters:"
            found[name].add(message, settings[name].place, "give it once")
        # an overridden parameter is also read, to report its errors
        budget = None if n_points is None else GridBudget(n_values, math.ceil(n_points / n_faster))
        read = read_parameter(name, item, budget, found[name])
        space[name] = read or ListedValues([])
        if isinstance(read, ListedValues):
            n_values -= len(read.items)
            n_faster *= 1 if name in overrides else len(read.items)
    for own in found.values():
        problems.take(own)
    space = {name: space[name] for name in written}
    for name in OF_NETWORKS:
        if name in settings and name not in written:
            space[name] = ListedValues([settings[name]])
    return space | {
        name: ListedValues(item.value if isinstance(item.value, list) else [item])
        for name, item in overrides.items()
    }


def _parameters(document: SourcedValue, problems: Problems) -> dict[str, SourcedValue]:
    """Return parameter name -> its mapping in the file, for each known parameter."""
    parameters = document.value.get("parameters")
    if parameters is None:
        if not did_you_mean(
            "parameters", document.value
        ):  # if misspelt, the key is already a problem
            fix = "add parameters: with {Ng: {value: 1024}}, for instance"
            problems.add("the sweep has no parameters", document.place, fix)
        return {}
    if not isinstance(parameters.value, dict):
        message = f"parameters: {show(parameters.plain())} is not a mapping"
        problems.add(message, parameters.place, "write name: {values: [...]} for each parameter")
        return {}
    return known_parameters(parameters.value, problems)
