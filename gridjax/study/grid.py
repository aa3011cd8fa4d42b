"""One sweep file's grid: its parameters, read and checked, and the networks of their product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gridjax.errors import GridjaxError, Place
from gridjax.parameters import FIELDS, did_you_mean, is_read_by, read_value, show
from gridjax.rules import RULES, Rule
from gridjax.spec import SEEDS, NetworkSpec
from gridjax.study.located import Located, Problems
from gridjax.study.settings import OF_NETWORKS, SETTINGS, flatten

WANDB_KEYS = (
    *("program", "project", "entity", "name", "description", "method", "metric", "parameters"),
    *("early_terminate", "command", "run_cap", "controller", "kind", "apiVersion", "job"),
    *("image_uri", "scheduler"),
)
"""Top-level keys of a W&B sweep configuration (config/schema.json of wandb/sweeps)."""

_RANDOM_KEYS = ("distribution", "min", "max", "probabilities", "mu", "sigma", "q", "a", "b")
_MAX_PAIRS = 1_000_000

Choice = tuple[Any, Place | None]
"""A value of a parameter and where it was written; None for a default."""


@dataclass(frozen=True)
class Grid:
    """The grid of one file: for each parameter that it gives, its distinct values in order."""

    values: Mapping[str, tuple[Any, ...]]
    settings: Mapping[str, Located]
    """The ``gridjax:`` block, flattened."""
    place: Place

    @property
    def n_points(self) -> int:
        """Points of the grid."""
        return math.prod(map(len, self.values.values()))

    def networks(self) -> Iterator[NetworkSpec]:
        """The networks of the product over sorted names, the last name fastest."""
        names = sorted(self.values)
        own_seeds = [name for name in SEEDS if name in self.values]
        for point in itertools.product(*(self.values[name] for name in names)):
            values = dict(zip(names, point, strict=True))
            for name in own_seeds:
                if values[name] == values.get("seed", 0):
                    values[name] = None  # the same network under the same run_id
            yield NetworkSpec(**values)


def read_grid(document: Located, overrides: Mapping[str, Located], problems: Problems) -> Grid:
    """The grid of a sweep file's content; ``overrides`` replace parameters by one value each.

    What is wrong goes to ``problems``; the grid is then not to be used.
    """
    if not isinstance(document.value, dict):
        message = f"{show(document.plain())} is not a sweep"
        problems.add(message, document.place, "a sweep file has method: grid and parameters:")
        return Grid({}, {}, document.place)
    _check_keys(document.value, problems)
    _check_method(document.value.get("method"), problems)
    block = document.value.get("gridjax")
    settings = flatten(block, problems) if block else {}
    raw = _raw_values(document, problems)
    for name in OF_NETWORKS:
        if name in settings and name in raw:
            message = f"{name} is given under gridjax: and under parameters:"
            problems.add(message, settings[name].place, "give it once")
        elif name in settings:
            raw[name] = [settings[name]]
    raw |= {name: [item] for name, item in overrides.items()}
    values = _read_values(raw, problems)
    for rule in RULES:
        _check_rule(rule, values, document.place, problems)
    plain = {name: tuple(value for value, _ in choices) for name, choices in values.items()}
    return Grid(plain, settings, document.place)


def _check_keys(content: Mapping[str, Located], problems: Problems) -> None:
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


def _check_method(method: Located | None, problems: Problems) -> None:
    if method is None or method.value == "grid":
        return
    message = f"method: {show(method.plain())}"
    if method.value == "bayes":
        message += " cannot be used: what it draws next depends on results"
        fix = "a population is laid out before it is trained: use method: grid"
    elif method.value == "random":
        message, fix = f"{message} is not there yet", "gridjax has method: grid so far"
    else:
        message, fix = f"{message} is unknown", "use method: grid"
    problems.add(message, method.place, fix)


def _raw_values(document: Located, problems: Problems) -> dict[str, list[Located]]:
    """The values written for each known parameter."""
    parameters = document.value.get("parameters")
    if parameters is None:
        if not did_you_mean("parameters", document.value):  # else that key is noted as unknown
            fix = "add parameters: with {Ng: {value: 1024}}, for instance"
            problems.add("the sweep has no parameters", document.place, fix)
        return {}
    if not isinstance(parameters.value, dict):
        message = f"parameters: {show(parameters.plain())} is not a mapping"
        problems.add(message, parameters.place, "write name: {values: [...]} for each parameter")
        return {}
    raw = {}
    for name, item in parameters.value.items():
        if name in FIELDS:
            raw[name] = _written(name, item, problems)
            continue
        fix = did_you_mean(name, FIELDS)
        if name in SETTINGS or name == "evaluation":
            fix = "it is a setting of the run: put it under gridjax:"
        fix = fix or f"the parameters are {', '.join(FIELDS)}"
        problems.add(f"unknown parameter {show(name)}", item.name_place, fix)
    return raw


def _written(name: str, item: Located, problems: Problems) -> list[Located]:
    """The values of ``{values: [...]}`` or ``{value: x}``."""
    how = f"write {name}: {{values: [...]}} or {name}: {{value: ...}}"
    if not isinstance(item.value, dict):
        problems.add(f"{name}: {show(item.plain())} has neither values nor value", item.place, how)
        return []
    for key, inner in item.value.items():
        if key in _RANDOM_KEYS:
            message = f"{name}: {key}: {show(inner.plain())} is not there yet"
            problems.add(message, inner.name_place, f"draws are not there yet; {how}")
        elif key not in ("values", "value"):
            fix = did_you_mean(key, ("values", "value")) or how
            problems.add(f"{name}: unknown key {show(key)}", inner.name_place, fix)
    values, value = item.value.get("values"), item.value.get("value")
    if values and value:
        problems.add(f"{name} has both values and value", value.name_place, how)
    if value:
        return [value]
    if values is None:
        if not item.value:
            problems.add(f"{name}: {{}} has neither values nor value", item.place, how)
        elif all(key in ("values", "value") for key in item.value):
            problems.add(f"{name} has neither values nor value", item.place, how)
        return []
    if not isinstance(values.value, list):
        message = f"{name}: values: {show(values.plain())} is not a list"
        problems.add(message, values.place, how)
        return []
    if not values.value:
        problems.add(f"{name}: values: [] is empty", values.place, "give at least one value")
    return values.value


def _read_values(raw: dict[str, list[Located]], problems: Problems) -> dict[str, list[Choice]]:
    """The distinct values of every parameter; those that are wrong are noted and left out."""
    code = "place_field_values"
    values = {}
    codes = [NetworkSpec().place_field_values]
    for name in sorted(raw, key=lambda name: name != code):
        distinct: dict[Any, Place] = {}
        for item in raw[name]:
            is_read = any(is_read_by(FIELDS[name], each) for each in codes)
            try:
                value = read_value(FIELDS[name], item.plain(), is_read)
            except GridjaxError as error:
                problems.add_error(error, item.place)
                continue
            distinct.setdefault(value, item.place)
        values[name] = list(distinct.items())
        if name == code:
            codes = list(distinct)
    return values


def _check_rule(
    rule: Rule, values: Mapping[str, list[Choice]], place: Place, problems: Problems
) -> None:
    """Note each value of the rule's first field that breaks it, with the first partner found."""
    choices: list[list[Choice]] = [
        values.get(name, [(FIELDS[name].default, None)]) for name in rule.fields
    ]
    if math.prod(map(len, choices)) > _MAX_PAIRS:
        message = f"too many pairs of {' and '.join(rule.fields)} to check"
        problems.add(message, place, f"give fewer values: at most {_MAX_PAIRS} pairs")
        return
    for first in choices[0]:
        for others in itertools.product(*choices[1:]):
            pair = (first, *others)
            broken = rule.broken(*(value for value, _ in pair))
            if broken:
                where = next((where for _, where in pair if where), place)
                problems.add(broken[0], where, broken[1])
                break
