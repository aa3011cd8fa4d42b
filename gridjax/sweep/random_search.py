"""The random draws of one sweep file, each network by itself.

Draw k of a parameter is a function of the sweep seed, of the file's position among the files that
draw, of the parameter's name and of k alone: of no other parameter, nor of the number of draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.spec.constraints import RULES, Rule
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.distribution_keys import Drawn
from gridjax.sweep.distributions import draw, picker
from gridjax.sweep.grid_constraints import broken_rule
from gridjax.sweep.parameter_values import CODE, Choice, default_choice, read_choice, spec_of

_BITS = 52  # so many that the middle of every step is a number of its own below 1


class ListedChoices(NamedTuple):
    """Choices to draw from, with their probabilities; None where all are equally likely."""

    choices: tuple[Choice, ...]
    probabilities: tuple[float, ...] | None


def uniform_numbers(
    sweep_seed: int, position: int, name: str, n_draws: int
) -> Float[np.ndarray, " n_draws"]:
    """Return the first numbers u, 0 < u < 1, that a parameter is drawn by.

    Of Philox's raw output, which is the same on every machine and in every version of NumPy.
    """
    text = f"gridjax sweep {sweep_seed} {position} {name}"
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    raw = np.random.Philox(key=key).random_raw(n_draws)
    return ((raw >> np.uint64(64 - _BITS)) + 0.5) * 2.0**-_BITS


@dataclass(frozen=True)
class Draws:
    """What a file draws each of its parameters from."""

    space: Mapping[str, ListedChoices | Drawn]
    position: int
    """of the file among the files that draw"""
    place: Place

    def points(self, sweep_seed: int, n_draws: int) -> Iterator[tuple[NetworkSpec, Problem | None]]:
        """The networks drawn, each with the reason why it can never run; None where it can.

        Draws that differ in a number alone share the reason of the first of them.
        """
        names = sorted(self.space, key=lambda name: (name != CODE, name))
        numbers = {
            name: uniform_numbers(sweep_seed, self.position, name, n_draws) for name in names
        }
        drawers = {name: _drawer(name, self.space[name]) for name in names}
        # one of which nothing is written holds for the defaults
        rules = [rule for rule in RULES if not self.space.keys().isdisjoint(rule.fields)]
        reasons: dict[Hashable, Problem] = {}
        for k in range(n_draws):
            point: dict[str, Choice] = {}
            for name in names:
                code = point.get(CODE) or default_choice(CODE)
                point[name] = drawers[name](float(numbers[name][k]), code.value)
            found = _why(point, rules, self.place)
            why = reasons.setdefault(*found) if found else None
            yield spec_of({name: choice.value for name, choice in point.items()}), why


def _drawer(name: str, space: ListedChoices | Drawn) -> Callable[[float, str], Choice]:
    """The choice of a parameter as a function of a number u and the target code."""
    if isinstance(space, Drawn):
        return lambda u, code: _draw(name, space, u, code)
    number = picker(len(space.choices), space.probabilities)
    return lambda u, code: space.choices[number(u)]


def _draw(name: str, space: Drawn, u: float, code: str) -> Choice:
    number = draw(space.distribution, u)
    try:
        return read_choice(name, number, space.place, (code,))
    except GridjaxError as error:  # beyond single precision
        problem = replace(error.problems[0], place=space.place)
        return Choice(number, space.place, problem, problem)


def _why(
    point: Mapping[str, Choice], rules: Sequence[Rule], place: Place
) -> tuple[Hashable, Problem] | None:
    """The first reason why a point can never run, under a key that is the same for every number."""
    code = (point.get(CODE) or default_choice(CODE)).value
    for name, one in point.items():
        problem = one.refusal(name, code)
        if problem:
            reason = problem.message.split(" ", 2)[2:]  # without "name: number"
            return (name, problem.place, *reason), problem
    for rule in rules:
        problem = broken_rule(rule, point, place)
        if problem:
            names = (point.get(name) or default_choice(name) for name in rule.fields)
            texts = tuple(one.value for one in names if isinstance(one.value, str))
            return (rule.fields, texts), problem
    return None
