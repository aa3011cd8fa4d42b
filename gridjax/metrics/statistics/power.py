"""Sample sizes: the number of networks that a comparison needs to decide."""

from __future__ import annotations

import math

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.statistics.intervals import Interval


def needed_to_decide(
    interval: Interval, margin: float, n: int, power: float = 0.8, level: float = 0.95
) -> float:
    """Return how many networks would put a margin outside the interval, with that power.

    From an interval of that level at n networks, if its value were the truth and its half towards
    the margin shrank as 1 / sqrt(networks). May be fewer than n. inf where the value is the
    margin, or the bound towards it infinite; NaN where there is no bound, or it is the value
    itself (equal networks tell nothing about spread). Raises GridjaxError for a NaN margin.
    """
    power, level, n = _chance("power", power), _chance("level", level), check_int("n", n, 1, 2**53)
    distance = check_float("margin", margin, -math.inf, math.inf) - interval.value
    half = interval.high - interval.value if distance > 0 else interval.value - interval.low
    if math.isnan(half) or half == 0:
        return math.nan
    if distance == 0 or math.isinf(half):
        return math.inf
    z = _z((1 + level) / 2)
    return float(max(1, math.ceil(n * ((1 + _z(power) / z) * half / distance) ** 2)))


def _z(chance: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(chance))


def _chance(name: str, value: float) -> float:
    value = check_float(name, value, 0, 1)
    if value in (0, 1):
        raise invalid_argument(f"{name} is {value:g}", "give a number between 0 and 1")
    return value
