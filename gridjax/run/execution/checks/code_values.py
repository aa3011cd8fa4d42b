"""Check of the values of a user's target codes against the kind of targets of their records."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.spec.fields.uses import CODE
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import ALL_SEEDS, FIELDS
from gridjax.spec.records.target_code_info import DISTRIBUTION, UNIT_INTERVAL
from gridjax.spec.registry import ENCODINGS, is_plugin
from gridjax.task.arena import uniform_positions
from gridjax.task.target_codes.context import encoding_context
from gridjax.training.population import MATMUL_PRECISION

_N_POSITIONS = 32
_ROUNDING, _ROUNDING_OF_SUM = 1e-6, 1e-3
"""Largest accepted deviations of a value and of a sum: float32 adds up to 65,536 values."""
_OF_CODE = tuple(
    name
    for name, field in FIELDS.items()
    if CODE in field.metadata["used_by"] and name not in ALL_SEEDS
)


def check_code_values(specs: Iterable[NetworkSpec]) -> None:
    """Check that users' target codes return finite values of the kind that their records name.

    Every combination of the parameters of the code is evaluated at some positions of the box, with
    one layout. Raises GridjaxError for the first wrong one.
    """
    checked = set()
    for spec in specs:
        values = tuple(getattr(spec, name) for name in _OF_CODE)
        name = spec.static.place_field_values
        if values not in checked and is_plugin("place_field_values", name):
            checked.add(values)
            _check(name, spec.static.place_field_normalization, _targets(spec))


def _targets(spec: NetworkSpec) -> Float[np.ndarray, "position Np"]:
    static, traced = spec.static, jax.tree.map(jnp.asarray, spec.traced)
    code = ENCODINGS[static.place_field_values]
    shape, side_m = (_N_POSITIONS,), traced.box_width_in_m
    positions = uniform_positions(jax.random.key(0), shape, side_m, static.dimensions)
    with jax.default_matmul_precision(MATMUL_PRECISION):
        layout = code.init(jax.random.key(1), encoding_context(static, traced))
        return np.asarray(code.encode(layout, positions), np.float64)


def _check(name: str, normalization: str, targets: Float[np.ndarray, "position Np"]) -> None:
    info = ENCODINGS.info(name)
    has_own = normalization == "none" and info.targets_unnormalized
    field = "targets_unnormalized" if has_own else "targets"
    kind = getattr(info, field)
    says = f'but {field}="{kind}" says that'
    low, high, sums = targets.min(), targets.max(), targets.sum(axis=1)
    if not np.isfinite(targets).all():
        what = "values that are NaN or infinite at some positions of the box"
        _refuse(name, what, "return finite numbers at all positions, without 0 / 0 or log(0)")
    if kind == DISTRIBUTION and low < -_ROUNDING:
        what = f"values down to {low:.3g}, {says} each row is a distribution over the outputs"
        _refuse(name, what, f'return values of at least 0 that sum to 1, or give {field}="real"')
    if kind == DISTRIBUTION and np.abs(sums - 1).max() > _ROUNDING_OF_SUM:
        what = f"rows whose sums are {sums.min():.3g} to {sums.max():.3g}, {says} each sum is 1"
        _refuse(name, what, f'divide each row by its sum, or give {field}="real"')
    if kind == UNIT_INTERVAL and (low < -_ROUNDING or high > 1 + _ROUNDING):
        what = f"values from {low:.3g} to {high:.3g}, {says} each value lies between 0 and 1"
        _refuse(name, what, f'return values from 0 to 1, or give {field}="real"')


def _refuse(name: str, what: str, fix: str) -> NoReturn:
    module: Any = sys.modules.get(ENCODINGS.module_of(name))
    file = getattr(module, "__file__", None)
    place = Place(file) if file else None
    raise GridjaxError(Problem(f"{name}: encode returns {what}", place, fix))
