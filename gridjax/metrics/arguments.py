"""Checks of arguments: arrays of numbers, numbers, and choices."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gridjax.errors import GridjaxError, Problem

_AXES = {1: "one axis", 2: "two axes", 3: "three axes"}


def invalid_argument(message: str, fix: str) -> GridjaxError:
    """Return a GridjaxError with one problem and its fix."""
    return GridjaxError(Problem(message, fix=fix))


def is_real(dtype: np.dtype) -> bool:
    """Return whether a dtype holds real numbers; bfloat16 and bool count as real numbers."""
    kinds = np.bool_, np.integer, np.floating
    # NumPy counts time spans (kind m) as integers
    return dtype.kind != "m" and any(jnp.issubdtype(dtype, kind) for kind in kinds)


def check_array(name: str, values: Any, rank: int) -> np.ndarray:
    """Return values as a float64 array with ``rank`` axes; masked values become NaN.

    Raises GridjaxError unless values are an array of real numbers with ``rank`` axes.
    """
    try:
        array = np.ma.asarray(values) if np.ma.isMaskedArray(values) else np.asarray(values)
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise invalid_argument(f"{name} are not an array: {reason}", "give numbers") from None
    if array.dtype.kind in "mM":
        fix = f"give seconds: ({name} - {name}[0]) / np.timedelta64(1, 's')"
        raise invalid_argument(f"{name} are of type {array.dtype}", fix)
    if not is_real(array.dtype) or array.ndim != rank:
        raise invalid_argument(
            f"{name} are {array.dtype} of shape {array.shape}",
            f"give real numbers, an array of {_AXES[rank]}",
        )
    # numbers of wider types outside the range of float64 become infinite; callers check for them
    with np.errstate(over="ignore"):
        array = array.astype(np.float64)
    return np.asarray(np.ma.filled(array, np.nan))


def to_floats(values: Any) -> np.ndarray:
    """Return numbers as a float64 array of any shape; masked values become NaN."""
    if np.ma.isMaskedArray(values):
        return np.asarray(np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan))
    return np.asarray(values, np.float64)


def check_float(name: str, value: Any, low: float, high: float) -> float:
    """Return a real number; raise GridjaxError unless low <= number <= high."""
    found = _scalar(value)
    if found is None or not low <= found <= high:
        raise invalid_argument(
            f"{name} is {_shown(value)}", f"give a number from {low:g} to {high:g}"
        )
    return float(found)


def check_int(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number; raise GridjaxError unless low <= number <= high."""
    found = _scalar(value)
    if found is None or not low <= found <= high or found != int(found):
        fix = f"give a whole number from {low:,} to {high:,}"
        raise invalid_argument(f"{name} is {_shown(value)}", fix)
    return int(found)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise GridjaxError unless `value` is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        fix = f"choose {' or '.join(map(repr, choices))}"
        raise invalid_argument(f"{name} is {_shown(value)}", fix)


def _scalar(value: Any) -> Any:
    """Return a single real number as a Python number; None for anything else."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    single = array.ndim == 0 and is_real(array.dtype) and array.dtype != np.bool_
    return array.item() if single else None


def _shown(value: Any) -> str:
    found = _scalar(value)
    return reprlib.repr(value) if found is None else f"{found:g}"
