"""Sample sizes: the number of networks that a comparison needs."""

from __future__ import annotations

import math

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.statistics.intervals import Interval


def needed_to_decide(
    interval: Interval, margin: float, n: int, power: float = 0.8, level: float = 0.95
) -> float:
    """Return the number of networks with which the interval excludes a margin, at a given power.

    Args:
        interval: the measured interval of n networks, at `level`.
        margin: the value to exclude, in the unit of the interval.
        n: number of networks of the interval.
        power: probability that the interval excludes the margin, between 0 and 1.
        level: coverage of the interval, between 0 and 1.

    The computation assumes that the value of the interval is the true value, and that its half on
    the side of the margin shrinks as 1 / sqrt(number of networks). The result may be smaller than
    n. It is inf if the value equals the margin, or if the bound on the side of the margin is
    infinite. It is NaN if this bound is NaN or equals the value, because equal networks give no
    estimate of the spread.

    Raises GridjaxError for a NaN margin, and for other arguments outside their range.
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
