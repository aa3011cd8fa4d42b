"""Check of the settings of JAX, such as environment variables, that gridjax cannot work with."""

from __future__ import annotations

import os

import jax

from gridjax.errors import GridjaxError, Problem


def check_jax_settings() -> None:
    """Raise GridjaxError if JAX computes in float64, or raises an error at every NaN."""
    problems = [
        Problem(message, fix=f"unset {name}")
        for name, message in (
            ("JAX_ENABLE_X64", "JAX_ENABLE_X64 is set, but gridjax trains in float32"),
            ("JAX_DEBUG_NANS", f"JAX_DEBUG_NANS is set, {_NANS}"),
        )
        if getattr(jax.config, name.lower())
    ]
    if problems:
        raise GridjaxError(problems)


def absent_platform(error: BaseException) -> GridjaxError | None:
    """Return the error for a device in JAX_PLATFORMS that is not available; None for other errors.

    ``error`` was raised by JAX when it started.
    """
    platforms = os.environ.get("JAX_PLATFORMS", "")
    is_start = isinstance(error, AssertionError) or "initialize backend" in str(error)
    if not platforms or not is_start:
        return None
    message = f"JAX_PLATFORMS={platforms}: JAX cannot use this device here"
    if str(error):
        message += f" ({str(error).splitlines()[0].partition(' (set JAX_PLATFORMS')[0]})"
    fix = "unset it, set JAX_PLATFORMS=cpu, or install the device's extra (pip install"
    return GridjaxError(Problem(message, fix=f"{fix} 'gridjax[cuda13]', '[cuda12]' or '[tpu]')"))


def nan_stopped(error: BaseException) -> GridjaxError | None:
    """Return the error for a computation that JAX_DEBUG_NANS stopped; None for other errors."""
    if not isinstance(error, FloatingPointError) or not os.environ.get("JAX_DEBUG_NANS"):
        return None
    return GridjaxError(Problem(f"JAX_DEBUG_NANS is set, {_NANS}", fix="unset JAX_DEBUG_NANS"))


_NANS = "but some results are NaN, such as the score of a silent unit or a bin without samples"
