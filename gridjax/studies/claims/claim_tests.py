"""Tests of claims: the names in a claims file, and the functions that compute estimates."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.text import did_you_mean
from gridjax.studies.arms import ARMS, UNANSWERABLE
from gridjax.studies.designs import (
    matched_difference,
    max_departure,
    resampled_statistic,
    slope,
    variance_share,
)
from gridjax.studies.estimates import (
    Estimate,
    mean_vs_null,
    paired_difference,
    seed_contrast,
    share,
)


@dataclass(frozen=True)
class ClaimTest:
    """A test: the function that computes the estimate, and a phrase about its p and interval."""

    function: Callable[..., Estimate]
    description: str


CLAIM_TESTS = {
    test.function.__name__: test
    for test in (
        ClaimTest(mean_vs_null, "sign flips of the seeds' means; the interval resamples seeds"),
        ClaimTest(
            paired_difference, "sign flips of the seeds' differences; the interval resamples seeds"
        ),
        ClaimTest(
            seed_contrast, "sign flips of the seeds' contrasts; the interval resamples seeds"
        ),
        ClaimTest(slope, "sign flips of the seeds' slopes; the interval resamples seeds"),
        ClaimTest(
            matched_difference,
            "sign flips of the pairs' differences, by seed of the first arm; the interval resamples"
            " these seeds",
        ),
        ClaimTest(share, "no p-value; exact binomial interval"),
        ClaimTest(resampled_statistic, "no p-value; the interval resamples seeds"),
        ClaimTest(variance_share, "no p-value; the interval resamples levels of the first factor"),
        ClaimTest(
            max_departure,
            "the largest standardised residual against sign flips; all residuals of a seed are"
            " flipped together",
        ),
    )
}
"""The tests by name; a claim gives the name after ``test:``."""


def estimate_claim(name: str, test: str, arguments: Any, place: Place) -> Estimate:
    """Return the estimate of a claim, computed by its test.

    Args:
        name: the claim's name, for messages.
        test: a key of CLAIM_TESTS.
        arguments: the arguments of the test by name, as the analysis selected them.
        place: the file of the analysis, for messages.

    Raises GridjaxError if the arguments do not fit the test.
    """
    function = CLAIM_TESTS[test].function
    signature = inspect.signature(function)
    fix = f"return a dict of arguments: {', '.join(signature.parameters)}"
    if not isinstance(arguments, Mapping):
        message = f"{name}: select() gives {type(arguments).__name__} for the test {test}"
        raise GridjaxError(Problem(message, place, fix=fix))
    reason = str(arguments.get(UNANSWERABLE, ""))
    others = (ARMS, UNANSWERABLE)
    arguments = {name: value for name, value in arguments.items() if name not in others}
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise GridjaxError(Problem(f"{name}: the test {test}: {error}", place, fix=fix)) from None
    _check_columns(f"{name}: the test {test}", arguments, place)
    estimate = function(**arguments)
    return replace(estimate, unanswerable=reason) if reason else estimate


def _check_columns(what: str, arguments: Mapping[str, Any], place: Place) -> None:
    """Raise GridjaxError if an argument names a column that the networks do not have."""
    columns = [str(name) for name in getattr(arguments.get("frame"), "columns", ())]
    for key in ("column", "dose", "level", "on"):
        value = arguments.get(key)
        if columns and isinstance(value, str) and value not in columns:
            message = f"{what}: {key} {value!r} is no column of frame"
            fix = did_you_mean(value, columns) or f"its columns are {', '.join(columns)}"
            raise GridjaxError(Problem(message, place, fix=fix))
