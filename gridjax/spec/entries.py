"""Entries of a network's static config and traced parameters, derived from its fields.

Every field becomes an entry of its own name in one of the two; EXCEPTIONS lists the few fields that
become something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.fields.declarations import reads_target_code
from gridjax.spec.fields.distributions import Poisson, bounds, n_slots
from gridjax.spec.fields.uses import STATIC, TRACED
from gridjax.spec.parameters import FIELDS, SEEDS, NetworkParameters

_DIGITS = 7  # fewer than float64 has: alphas of equal ratio become one number


@dataclass(frozen=True)
class Entry:
    """One entry of the static config or of the traced parameters."""

    name: str
    kind: str
    """STATIC or TRACED"""
    used_by: frozenset[str]
    value: Callable[[NetworkParameters], Any]
    """network -> value of the entry; fields that the network does not read have their defaults"""
    doc: str
    dtype: Any = None
    """np.float32 or np.int32 for a traced entry; None for a static one"""
    identity: Callable[[NetworkParameters], Any] | None = None
    """network -> value of the entry in an identity; None: the same as ``value``"""


def _of_field(name: str) -> Entry:
    """Return the entry with the name and the value of a field."""
    field = FIELDS[name]
    kind, used_by = field.metadata["kind"], field.metadata["used_by"]
    dtype = np.int32 if str(field.type).startswith("int") else np.float32
    doc = field.metadata["doc"]
    return Entry(name, kind, used_by, attrgetter(name), doc, dtype if kind == TRACED else None)


def _entry(
    name: str,
    kind: str,
    of: str,
    value: Callable[[NetworkParameters], Any],
    doc: str = "",
    dtype: Any = np.float32,
    identity: Callable[[NetworkParameters], Any] | None = None,
) -> Entry:
    """Return an entry that replaces the field or fidelity switch ``of`` and has its uses."""
    metadata = (FIELDS.get(of) or SWITCHES[of]).metadata
    dtype = dtype if kind == TRACED else None
    doc = doc or metadata["doc"]
    return Entry(name, kind, metadata["used_by"], value, doc, dtype, identity)


def _seed(name: str, network: NetworkParameters) -> int:
    own = getattr(network, name)
    return network.seed if own is None else own


def _seed_in_identity(name: str, network: NetworkParameters) -> int:
    """Return a seed, or 0 for the seed of the layout of a network without a target code."""
    is_read = name != "layout_seed" or reads_target_code(network)
    return _seed(name, network) if is_read else 0


def _bound(name: str, which: int, network: NetworkParameters) -> float:
    return bounds(getattr(network, name))[which]


def _fields(network: NetworkParameters) -> int:
    fields = network.n_place_fields_per_cell
    return 1 if isinstance(fields, Poisson) else fields


def _further_fields(network: NetworkParameters) -> float:
    fields = network.n_place_fields_per_cell
    return fields.mean if isinstance(fields, Poisson) else 0.0


def _share_of_centre(network: NetworkParameters) -> float:
    """Return the centre's weight divided by the sum of both weights; only their ratio matters."""
    centre, surround = network.place_cell_alpha_e, network.place_cell_alpha_i
    return float(f"{centre / (centre + surround):.{_DIGITS}g}")


def _clip(network: NetworkParameters) -> float:
    return math.inf if network.gradient_clip is None else network.gradient_clip


def _maps(network: NetworkParameters) -> np.ndarray | None:
    """Return the measured place cells [n, n, Np], or None if the target code does not use them."""
    if network.place_maps is None:
        return None
    if network.place_maps.maps is None:
        message = f"the place maps {network.place_maps} are not loaded"
        raise GridjaxError(Problem(message, fix="read the sweep again from its file"))
    return np.ascontiguousarray(np.moveaxis(network.place_maps.maps, 0, -1))


def _drops(network: NetworkParameters) -> bool:
    rates = (network.recurrent_dropout, network.readout_dropout)
    return network.fidelity.dropout == "active" and max(rates) > 0


def _has(name: str, network: NetworkParameters) -> bool:
    """Return whether a number of a network is above 0."""
    return getattr(network, name) > 0


def _noise(name: str) -> tuple[Entry, ...]:
    """Return the entries of a noise: its size, and whether the program draws it at all."""
    doc = f"whether {name} is above 0; otherwise the program draws no random numbers for it"
    return _of_field(name), _entry(f"has_{name}", STATIC, name, partial(_has, name), doc)


def _decays_bias(network: NetworkParameters) -> bool:
    return network.rnn_type == "UGRNN" and network.fidelity.ugrnn_weight_decay == "bias"


def _polar_angle(network: NetworkParameters) -> str:
    return network.fidelity.polar_angle if "polar" in network.place_field_values else "atan2"


EXCEPTIONS: dict[str, tuple[Entry, ...]] = {
    "n_place_fields_per_cell": (
        _entry(
            "n_field_slots",
            STATIC,
            "n_place_fields_per_cell",
            lambda network: n_slots(network.n_place_fields_per_cell, network.Np),
            "largest number of fields of a place cell",
        ),
        _entry(
            "n_fields",
            TRACED,
            "n_place_fields_per_cell",
            _fields,
            "number of fields that every place cell has",
            np.int32,
        ),
        _entry(
            "mean_further_fields",
            TRACED,
            "n_place_fields_per_cell",
            _further_fields,
            "mean of the Poisson number of further fields",
        ),
    ),
    "place_cell_rf": (
        _entry("place_cell_rf_low", TRACED, "place_cell_rf", partial(_bound, "place_cell_rf", 0)),
        _entry("place_cell_rf_high", TRACED, "place_cell_rf", partial(_bound, "place_cell_rf", 1)),
    ),
    "surround_scale": (
        _entry(
            "surround_scale_low", TRACED, "surround_scale", partial(_bound, "surround_scale", 0)
        ),
        _entry(
            "surround_scale_high", TRACED, "surround_scale", partial(_bound, "surround_scale", 1)
        ),
    ),
    "place_cell_alpha_e": (
        _entry("alpha_e", TRACED, "place_cell_alpha_e", _share_of_centre),
        _entry("alpha_i", TRACED, "place_cell_alpha_i", lambda each: 1 - _share_of_centre(each)),
    ),
    "place_cell_alpha_i": (),  # both become the two shares above
    "place_maps": (
        _entry(
            "place_maps",
            TRACED,
            "place_maps",
            _maps,
            "measured place cells [n, n, Np]; None where the code reads none",
            identity=lambda network: str(network.place_maps),
        ),
    ),
    "seed": (),  # replaces the seeds that are not given
    **{
        name: (
            _entry(
                name,
                TRACED,
                name,
                partial(_seed, name),
                dtype=np.int32,
                identity=partial(_seed_in_identity, name),
            ),
        )
        for name in SEEDS
    },
    "place_loss_weight": (
        _entry("place_loss_weight", TRACED, "place_loss_weight", attrgetter("place_loss_weight")),
        _entry(
            "has_outputs",
            STATIC,
            "place_loss_weight",
            attrgetter("has_outputs"),
            "whether the network has outputs",
        ),
    ),
    "state_noise": _noise("state_noise"),
    "velocity_noise": _noise("velocity_noise"),
    "landmark_rate": (
        _of_field("landmark_rate"),
        _entry(
            "has_landmarks",
            STATIC,
            "landmark_rate",
            partial(_has, "landmark_rate"),
            "whether the network has an input for landmarks",
        ),
    ),
    "gradient_clip": (_entry("gradient_clip", TRACED, "gradient_clip", _clip),),
    "n_epochs": (
        _entry(
            "n_grad_steps",
            TRACED,
            "n_epochs",
            attrgetter("n_grad_steps"),
            "gradient steps of the whole training",
            np.int32,
        ),
    ),
    "n_grad_steps_per_epoch": (),  # only their product matters
    "box_height_in_m": (),  # a box is square
    "fidelity": (
        _entry("polar_angle", STATIC, "polar_angle", _polar_angle),
        _entry("has_dropout", STATIC, "dropout", _drops),
        _entry("decays_bias", STATIC, "ugrnn_weight_decay", _decays_bias),
    ),
}
"""The entries of the fields that do not become exactly one entry with their name and value."""
ENTRIES = tuple(
    entry
    for name, field in FIELDS.items()
    if field.metadata["kind"] in (STATIC, TRACED)
    for entry in EXCEPTIONS.get(name, (_of_field(name),))
)
"""Every entry of static config and traced parameters, in the order of the fields."""
STATIC_ENTRIES = tuple(entry for entry in ENTRIES if entry.kind == STATIC)
TRACED_ENTRIES = tuple(entry for entry in ENTRIES if entry.kind == TRACED)
