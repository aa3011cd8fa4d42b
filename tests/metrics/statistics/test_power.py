"""Number of networks that would decide a claim: by hand, and by simulation."""

import math

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.intervals import Interval
from gridjax.metrics.statistics.power import needed_to_decide


def test_needed_to_decide():
    # half the way must be (1.96 + .84) / 1.96 of the new half-width
    interval = Interval(0.10, 0.04, 0.19)
    factor = ((1.959964 + 0.841621) / 1.959964) ** 2
    assert needed_to_decide(interval, 0.13, 20) == math.ceil(20 * factor * 9)
    assert needed_to_decide(interval, 0.08, 20) == math.ceil(20 * factor * 9)
    assert needed_to_decide(interval, 0.5, 20) == 3
    assert needed_to_decide(interval, 0.13, 20, power=0.5) == 180
    assert needed_to_decide(interval, 0.13, 20, level=0.6) > math.ceil(20 * factor * 9)


def test_needed_to_decide_by_simulation():
    n = int(needed_to_decide(Interval(0.0, -0.5, 0.5), 0.2, 16, power=0.7))
    means = np.random.default_rng(3).normal(0, 0.5 / 1.96 * 4 / math.sqrt(n), 20_000)
    outside = means + 0.5 * 4 / math.sqrt(n) < 0.2
    assert outside.mean() == pytest.approx(0.7, abs=0.015)


def test_what_cannot_be_decided():
    assert needed_to_decide(Interval(0.1, 0.0, 0.2), 0.1, 8) == math.inf
    assert needed_to_decide(Interval(0.1, 0.0, math.inf), 0.3, 8) == math.inf
    assert math.isnan(needed_to_decide(Interval(0.1, math.nan, math.nan), 0.3, 8))
    assert math.isnan(needed_to_decide(Interval(0.1, 0.1, 0.1), 0.3, 8))


@pytest.mark.parametrize(
    "call",
    [
        lambda: needed_to_decide(Interval(0, -1, 1), math.nan, 8),
        lambda: needed_to_decide(Interval(0, -1, 1), 2, 8, power=1),
        lambda: needed_to_decide(Interval(0, -1, 1), 2, 8, level=0),
        lambda: needed_to_decide(Interval(0, -1, 1), 2, 0),
    ],
)
def test_bad_arguments(call):
    with pytest.raises(GridjaxError, match=" is "):
        call()
