"""Random draws of one sweep file.

Draw k of a parameter depends only on the sweep seed, the position of the file among the files with
random draws, the name of the parameter, and k. Other parameters and the number of draws have no
effect on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.spec.constraints import make_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.validation import DEFAULTS, TARGET_CODE, FieldValue, read_field_value
from gridjax.sweep.search.distribution_keys import SampledParameter
from gridjax.sweep.search.distributions import draw, picker
from gridjax.sweep.validator import Validator

_BITS = 52  # of each number u: the middle of each of the 2**52 steps is then an exact float below 1

Sampler = Callable[[float, str], FieldValue]
"""Function from a number u, 0 < u < 1, and the target code to the value of a parameter."""


def uniform_numbers(
    sweep_seed: int, position: int, name: str, n_draws: int
) -> Float[np.ndarray, " n_draws"]:
    """Return the first ``n_draws`` numbers u, 0 < u < 1, from which a parameter is drawn.

    The numbers are computed from the raw output of Philox, which is equal on every machine and in
    every version of NumPy.
    """
    text = f"gridjax sweep {sweep_seed} {position} {name}"
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    raw = np.random.Philox(key=key).random_raw(n_draws)
    return ((raw >> np.uint64(64 - _BITS)) + 0.5) * 2.0**-_BITS


@dataclass(frozen=True)
class RandomSearch:
    """The listed values or the distribution from which a file draws each parameter."""

    space: Mapping[str, Sequence[FieldValue] | SampledParameter]
    position: int
    """position of the file among the files with random draws"""
    place: Place
    probabilities: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """parameter -> probabilities of its listed values. The listed values of a missing parameter are
    equally likely"""

    def points(
        self, sweep_seed: int, n_draws: int
    ) -> Iterator[tuple[NetworkSpec, tuple[Problem, ...]]]:
        """Yield the drawn networks, each with every reason why it cannot run.

        If reasons differ only in the drawn number, the first of them is used for all draws.
        """
        names = sorted(self.space, key=lambda name: (name != TARGET_CODE, name))
        numbers = {
            name: uniform_numbers(sweep_seed, self.position, name, n_draws) for name in names
        }
        samplers = {name: self._sampler(name) for name in names}
        validator = Validator(names, self.place)
        for k in range(n_draws):
            point: dict[str, FieldValue] = {}
            for name in names:
                code = point.get(TARGET_CODE, DEFAULTS[TARGET_CODE])
                point[name] = samplers[name](float(numbers[name][k]), code.value)
            spec = make_spec({name: one.value for name, one in point.items()})
            yield spec, validator.problems(point)

    def _sampler(self, name: str) -> Sampler:
        space = self.space[name]
        if isinstance(space, SampledParameter):
            return _distribution_sampler(name, space)
        number = picker(len(space), self.probabilities.get(name))
        return lambda u, _: space[number(u)]


def _distribution_sampler(name: str, space: SampledParameter) -> Sampler:
    reported: dict[str, Problem] = {}

    def share(problem: Problem | None) -> Problem | None:
        """Return the first problem that differs from this problem only in the number."""
        if problem is None:
            return None
        _, _, reason = problem.message.split(" ", 2)  # "name: number reason"
        return reported.setdefault(reason, problem)

    def sample(u: float, code: str) -> FieldValue:
        number = draw(space.distribution, u)
        try:
            one = read_field_value(name, number, space.place, (code,), is_sampled=True)
        except GridjaxError as error:  # the number is too large for single precision
            problem = share(replace(error.problems[0], place=space.place))
            return FieldValue(number, space.place, problem, problem, is_sampled=True)
        if one.problem_if_read is one.problem_if_unread is None:
            return one
        shared = (share(one.problem_if_read), share(one.problem_if_unread))
        return one._replace(problem_if_read=shared[0], problem_if_unread=shared[1])

    return sample
