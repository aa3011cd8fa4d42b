"""Parameters for drawing the layout of a target code, by their names in sweep files."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from gridjax.spec.entries import STATIC_ENTRIES, TRACED_ENTRIES
from gridjax.spec.fields.uses import CODE
from gridjax.spec.lowering import StaticConfig, TracedParams

_STATIC = tuple(entry for entry in STATIC_ENTRIES if CODE in entry.used_by)
_TRACED = tuple(entry for entry in TRACED_ENTRIES if CODE in entry.used_by)
_ContextFields: Any = namedtuple(
    "_ContextFields", [*(entry.name for entry in (*_STATIC, *_TRACED)), "padding"]
)


class EncodingContext(_ContextFields):
    """Argument of an Encoding's ``init``: every parameter that target codes use.

    Python values: place_field_values, place_field_normalization, Np (number of outputs),
    n_field_slots (largest number of fields of a cell), surround_convention, polar_angle,
    is_periodic, dimensions (of the box: 1, 2 or 3).

    Traced 0-d arrays: n_fields (number of fields that every cell has), mean_further_fields (mean of
    the Poisson number of additional fields), place_cell_rf_low and _high (metres; equal if the
    width is one number), surround_scale_low and _high, alpha_e and alpha_i (weights whose sum is
    1), box_width_in_m (metres), layout_seed.

    ``place_maps`` is an array [n, n, Np] or None. ``padding`` is None, except for gridjax's own
    codes with ``--merge``.
    """

    __slots__ = ()


def encoding_context(static: StaticConfig, traced: TracedParams) -> EncodingContext:
    """Return the context of one network."""
    values = [getattr(static, entry.name) for entry in _STATIC]
    values += [getattr(traced, entry.name) for entry in _TRACED]
    return EncodingContext(*values, traced.padding)
