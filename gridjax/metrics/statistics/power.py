"""Sample sizes: the number of networks that a comparison needs to decide."""

from __future__ import annotations

import math

from gridjax.metrics.arguments import number, refusal, whole
from gridjax.metrics.statistics.intervals import Interval

_MOST = 1e6


def networks_needed(
    sd: float, difference: float, power: float = 0.8, alpha: float = 0.05, paired: bool = True
) -> float:
    """Return how many networks a two-sided t test needs to find a mean difference.

    `sd` and `difference` share a unit. Paired (two arms of one seed) or one sample against a
    constant: `sd` is that of the differences, the answer a number of pairs. Else `sd` is that of
    networks in each of two arms, the answer a number per arm, about 16 (sd / difference)^2 at the
    defaults. By the noncentral t distribution, exact for normal values. inf for no difference.
    Raises GridjaxError for an sd that is not positive, or chances not between 0 and 1.
    """
    from scipy.special import nctdtr, stdtrit

    power, alpha = _chance("power", power), _chance("alpha", alpha)
    effect = abs(number("difference", difference, -math.inf, math.inf)) / _positive("sd", sd)
    arms = 1 if paired else 2

    def falls_short(n: int) -> bool:
        freedom, shift = arms * (n - 1), effect * math.sqrt(n / arms)
        most = float(stdtrit(freedom, 1 - alpha / 2))
        return 1 - nctdtr(freedom, shift, most) + nctdtr(freedom, shift, -most) < power

    start = arms * ((_z(1 - alpha / 2) + _z(power)) / effect) ** 2 if effect > 0 else math.inf
    if start > _MOST:
        # where t is normal within a millionth, and the noncentral t would be rounded as much
        return float(start if math.isinf(start) else math.ceil(start))
    n = max(2, math.floor(start))
    while n > 2 and not falls_short(n - 1):
        n -= 1
    while falls_short(n):
        n += 1
    return float(n)


def shares_needed(p1: float, p2: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return how many networks per arm tell two shares of yes/no apart, two-sided.

    The usual normal formula (Fleiss, Levin and Paik 2003, eq. 4.14, no continuity correction):
    .05 against .15 needs 141. inf for equal shares. Raises GridjaxError outside [0, 1].
    """
    power, alpha = _chance("power", power), _chance("alpha", alpha)
    p1, p2 = number("p1", p1, 0, 1), number("p2", p2, 0, 1)
    if p1 == p2:
        return math.inf
    mean = (p1 + p2) / 2
    null = math.sqrt(2 * mean * (1 - mean))
    apart = math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return float(math.ceil(((_z(1 - alpha / 2) * null + _z(power) * apart) / (p1 - p2)) ** 2))


def needed_to_decide(
    interval: Interval, margin: float, n: int, power: float = 0.8, level: float = 0.95
) -> float:
    """Return how many networks would put a margin outside the interval, with that power.

    From an interval of that level at n networks, if its value were the truth and its half towards
    the margin shrank as 1 / sqrt(networks). May be fewer than n. inf where the value is the
    margin, or the bound towards it infinite; NaN where there is no bound, or it is the value
    itself (equal networks tell nothing about spread). Raises GridjaxError for a NaN margin.
    """
    power, level, n = _chance("power", power), _chance("level", level), whole("n", n, 1, 2**53)
    distance = number("margin", margin, -math.inf, math.inf) - interval.value
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
    value = number(name, value, 0, 1)
    if value in (0, 1):
        raise refusal(f"{name} is {value:g}", "give a number between 0 and 1")
    return value


def _positive(name: str, value: float) -> float:
    value = number(name, value, 0, math.inf)
    if value == 0 or math.isinf(value):
        raise refusal(f"{name} is {value:g}", "give a positive number")
    return value
