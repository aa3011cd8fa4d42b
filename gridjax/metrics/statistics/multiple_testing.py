"""Corrections of p-values for many tests: Holm, and Benjamini and Hochberg."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, invalid_argument


def holm(p: Any) -> Float[np.ndarray, " test"]:
    """Return p-values [test] adjusted to control the chance of at least one false finding.

    The adjustment is valid for tests with any dependence. NaN stays NaN and does not count as a
    test.

    Args:
        p: [test], 0 to 1 or NaN.

    Raises GridjaxError for values outside [0, 1].
    Source: Holm 1979.
    """
    given, known = _known(p)
    order = np.argsort(given[known])
    raised = given[known][order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return _among(given, known, adjusted)


def benjamini_hochberg(p: Any) -> Float[np.ndarray, " test"]:
    """Return p-values [test] adjusted to control the share of false findings among all findings.

    The adjustment is valid for independent or positively dependent tests. NaN stays NaN and does
    not count as a test.

    Args:
        p: [test], 0 to 1 or NaN.

    Raises GridjaxError for values outside [0, 1].
    Source: Benjamini and Hochberg 1995.
    """
    from scipy.stats import false_discovery_control

    given, known = _known(p)
    return _among(given, known, false_discovery_control(given[known]) if known.any() else [])


def _known(p: Any):
    given = check_array("p", p, 1)
    known = ~np.isnan(given)
    if np.any((given[known] < 0) | (given[known] > 1)):
        raise invalid_argument(
            "p-values lie outside 0 to 1", "give probabilities, as tests return them"
        )
    return given, known


def _among(given, known, adjusted) -> Float[np.ndarray, " test"]:
    found = np.full(given.shape, np.nan)
    found[known] = adjusted
    return found
