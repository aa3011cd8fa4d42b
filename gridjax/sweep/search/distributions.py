"""The distributions of W&B sweeps, each as the inverse of its cumulative distribution function.

Each distribution maps one number u, 0 < u < 1, to its value, as in wandb/sweeps (params.py).
``DISTRIBUTIONS`` lists the keys of each distribution by its name in sweep files.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from statistics import NormalDist
from typing import NamedTuple, Protocol

_DIGITS = 12  # of a draw: removes the last bits, which can differ between machines
_FAR_TOO_MANY = 1e18


class Distribution(Protocol):
    """A distribution of one number."""

    def at(self, u: float) -> int | float:
        """Return the inverse cumulative distribution function at u."""
        ...


class IntUniform(NamedTuple):
    """Whole numbers from low to high, both included, equally likely."""

    low: int
    high: int

    def at(self, u: float) -> int:
        """Return the inverse cumulative distribution function at u."""
        return self.low + math.ceil(u * (self.high - self.low + 1)) - 1


class Uniform(NamedTuple):
    """The uniform distribution from low to high."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        return self.low + u * (self.high - self.low)


class LogUniform(NamedTuple):
    """Numbers X whose natural logarithm is uniform from low to high."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        return _exp(Uniform(*self).at(u))


class InvLogUniform(NamedTuple):
    """Numbers X for which the natural logarithm of 1 / X is uniform from low to high."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        return _exp(-Uniform(*self).at(1 - u))


class Normal(NamedTuple):
    """The normal distribution with mean mu and standard deviation sigma."""

    mu: float
    sigma: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        return NormalDist(self.mu, self.sigma).inv_cdf(u)


class LogNormal(NamedTuple):
    """Numbers X whose natural logarithm is normal, with mean mu and standard deviation sigma."""

    mu: float
    sigma: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        return _exp(Normal(*self).at(u))


class Beta(NamedTuple):
    """The beta distribution with shape parameters a and b, from 0 to 1."""

    a: float
    b: float

    def at(self, u: float) -> float:
        """Return the inverse cumulative distribution function at u."""
        from scipy.special import betaincinv

        return float(betaincinv(self.a, self.b, u))


class Quantized(NamedTuple):
    """Numbers round(X / q) q, where X has another distribution; halves are rounded to even.

    The result is a whole number if q is a whole number.
    """

    of: Distribution
    q: int | float

    def at(self, u: float) -> int | float:
        """Return the rounded number at u."""
        quotient = self.of.at(u) / self.q
        return round(quotient) * self.q if math.isfinite(quotient) else quotient


class Keys(NamedTuple):
    """The keys of one distribution in sweep files."""

    required: tuple[str, ...]
    optional: Mapping[str, float]
    """further keys with their defaults"""
    make: Callable[..., Distribution] | None
    """function from the numbers of all keys, in order, to a distribution; None for listed values"""

    @property
    def all(self) -> tuple[str, ...]:
        """Every key."""
        return (*self.required, *self.optional)


_RANGE = ("min", "max")
_Q = {"q": 1.0}
_OF_NORMAL = {"mu": 0.0, "sigma": 1.0}
_OF_BETA = {"a": 1.0, "b": 1.0}


def _log_values(low: float, high: float) -> LogUniform:
    return LogUniform(math.log(low), math.log(high))


def _inv_log_values(low: float, high: float) -> InvLogUniform:
    return InvLogUniform(-math.log(high), -math.log(low))


def _quantized(make: Callable[..., Distribution]) -> Callable[..., Quantized]:
    def made(*numbers: float) -> Quantized:
        *of, q = numbers
        return Quantized(make(*of), q)

    return made


DISTRIBUTIONS: dict[str, Keys] = {
    "constant": Keys(("value",), {}, None),
    "categorical": Keys(("values",), {}, None),
    "categorical_w_probabilities": Keys(("values", "probabilities"), {}, None),
    "int_uniform": Keys(_RANGE, {}, IntUniform),
    "uniform": Keys(_RANGE, {}, Uniform),
    "q_uniform": Keys(_RANGE, _Q, _quantized(Uniform)),
    "log_uniform": Keys(_RANGE, {}, LogUniform),
    "log_uniform_values": Keys(_RANGE, {}, _log_values),
    "q_log_uniform": Keys(_RANGE, _Q, _quantized(LogUniform)),
    "q_log_uniform_values": Keys(_RANGE, _Q, _quantized(_log_values)),
    "inv_log_uniform": Keys(_RANGE, {}, InvLogUniform),
    "inv_log_uniform_values": Keys(_RANGE, {}, _inv_log_values),
    "normal": Keys((), _OF_NORMAL, Normal),
    "q_normal": Keys((), _OF_NORMAL | _Q, _quantized(Normal)),
    "log_normal": Keys((), _OF_NORMAL, LogNormal),
    "q_log_normal": Keys((), _OF_NORMAL | _Q, _quantized(LogNormal)),
    "beta": Keys((), _OF_BETA, Beta),
    "q_beta": Keys((), _OF_BETA | _Q, _quantized(Beta)),
}
"""Every distribution by its name in sweep files, in the order of W&B's documentation."""


def draw(distribution: Distribution, u: float) -> int | float:
    """Return the number of a distribution at u, rounded to twelve digits."""
    return _rounded(distribution.at(u))


def pick(n_values: int, probabilities: Sequence[float] | None, u: float) -> int:
    """Return the index of the listed value that a number u, 0 < u < 1, selects."""
    return picker(n_values, probabilities)(u)


def picker(n_values: int, probabilities: Sequence[float] | None) -> Callable[[float], int]:
    """Return ``pick`` as a function of u, for many draws."""
    if probabilities is None:
        return IntUniform(0, n_values - 1).at
    last = max(k for k, probability in enumerate(probabilities) if probability > 0)
    sums = list(accumulate(probabilities))
    return lambda u: min(bisect_right(sums, u), last)


def n_grid_values(distribution: Distribution | None) -> int | None:
    """Return the number of grid values of a distribution; None if a grid cannot contain it."""
    if isinstance(distribution, IntUniform):
        return distribution.high - distribution.low + 1
    if isinstance(distribution, Quantized) and isinstance(distribution.of, Uniform):
        low, high = distribution.of
        return math.ceil(min((high - low) / distribution.q, _FAR_TOO_MANY))
    return None


def grid_values(distribution: Distribution, number: int) -> list[int | float]:
    """Return the first ``number`` grid values of a distribution, from min in steps of 1 or q.

    As in W&B, int_uniform includes max, and q_uniform ends before max.
    """
    if isinstance(distribution, Quantized) and isinstance(distribution.of, Uniform):
        low, q = distribution.of.low, distribution.q
        return [_rounded(low + k * q) for k in range(number)]
    assert isinstance(distribution, IntUniform)
    return list(range(distribution.low, distribution.low + number))


def _rounded(number: int | float) -> int | float:
    return number if isinstance(number, int) else float(f"{number:.{_DIGITS}g}")


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
