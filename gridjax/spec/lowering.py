"""Static config and traced parameters of a network, and the identities derived from them.

Every field becomes an entry with its own name, in the static config or in the traced parameters.
EXCEPTIONS lists the few fields that become something else. Fields that a network does not read are
reset to their defaults, so that they cause no compilation and do not affect equality.
"""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.field_distributions import Poisson, bounds, n_slots
from gridjax.spec.field_uses import EVALUATION, OF_NULL, STATIC, TRACED, TRAINING_ALONE
from gridjax.spec.parameters import BANINO, FIELDS, SEEDS, NetworkParameters, unread

EquivalenceKey = tuple[Any, ...]
"""A hashable value; see equivalence_key()."""
ANY = "any"
"""Value for an optimiser or initialiser that the compiled program receives as a traced choice."""
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
        message = f"the place maps {network.place_maps} are not at hand"
        raise GridjaxError(Problem(message, fix="read the sweep again from its file"))
    return np.ascontiguousarray(np.moveaxis(network.place_maps.maps, 0, -1))


def _drops(network: NetworkParameters) -> bool:
    rates = (network.recurrent_dropout, network.readout_dropout)
    return network.fidelity.dropout == "active" and max(rates) > 0


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
            "fields that a place cell has room for",
        ),
        _entry(
            "n_fields",
            TRACED,
            "n_place_fields_per_cell",
            _fields,
            "fields that every place cell has",
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
    **{name: (_entry(name, TRACED, name, partial(_seed, name), dtype=np.int32),) for name in SEEDS},
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

_StaticFields: Any = make_dataclass(
    "_StaticFields", [(entry.name, Any) for entry in STATIC_ENTRIES], frozen=True
)
_TracedFields: Any = namedtuple(
    "_TracedFields", [*(entry.name for entry in TRACED_ENTRIES), "padding"], defaults=(None,)
)


class StaticConfig(_StaticFields):
    """The values of STATIC_ENTRIES, which decide shapes and branches.

    Each different static config needs its own compilation. The class is a frozen, hashable
    dataclass. gridjax.NetworkSpec explains the fields of the same name.
    """

    @property
    def n_analysed(self) -> int:
        """Number of units of the analysed layer."""
        return self.n_bottleneck if self.architecture == BANINO else self.Ng

    @property
    def n_inputs(self) -> int:
        """How many numbers the network receives at each move."""
        return 2 if self.inputs == "displacement" else 3

    @property
    def n_outputs(self) -> int:
        """Number of outputs: outputs of the target code plus head-direction cells."""
        return self.Np + self.n_head_direction_cells


class TracedParams(_TracedFields):
    """The values of TRACED_ENTRIES: float32 and int32 arrays of one network or of several.

    For one network the arrays are 0-d; for several networks they have one axis of networks. The
    class is a named tuple, because JAX accepts it as a pytree and it needs no import of JAX.
    ``padding`` is None, or the unpadded sizes and the choices of a network that is trained in
    padded shapes (gridjax.spec.padding).
    """

    __slots__ = ()


def static_config(network: NetworkParameters) -> StaticConfig:
    """Return the values that decide the shapes and branches of a network."""
    read = read_alone(network)
    return StaticConfig(**{entry.name: entry.value(read) for entry in STATIC_ENTRIES})


def traced_params(network: NetworkParameters) -> TracedParams:
    """Return the numbers of a network: strongly typed float32 and int32 arrays.

    Raises GridjaxError if the network uses measured place cells that are not loaded.
    """
    read = read_alone(network)
    return TracedParams(**{entry.name: _cast(entry, read) for entry in TRACED_ENTRIES})


def evaluation_config(static: StaticConfig) -> StaticConfig:
    """Return a static config in which every entry that only training reads has its default.

    Networks that differ only in such entries are then evaluated by one compilation.
    """
    return _restricted(static, lambda used_by: not used_by <= TRAINING_ALONE)


def readout_config(static: StaticConfig) -> StaticConfig:
    """Return a static config with only the entries that random readouts of the target code use."""
    return _restricted(static, lambda used_by: bool(used_by & OF_NULL))


def equivalence_key(network: NetworkParameters) -> EquivalenceKey:
    """Return all values that decide a network's results; two networks with equal keys are equal."""
    read = read_alone(network)
    evaluated = tuple(
        getattr(network.fidelity, name)
        for name, switch in SWITCHES.items()
        if EVALUATION in switch.metadata["used_by"]
    )
    entries = tuple((entry.name, _identity(entry, read)) for entry in ENTRIES)
    plugins = tuple(sorted(network.plugins.items()))
    return (entries, network.n_bins_reported, evaluated, plugins)


def null_parts(network: NetworkParameters) -> dict[str, Any]:
    """Return all values of a network that decide its random readouts.

    They are JSON values by name: the entries, the switches and the plugin that trajectories, target
    code or readouts use. Settings of the recording are not included.
    """
    read = read_alone(network)
    parts = {entry.name: _identity(entry, read) for entry in ENTRIES if entry.used_by & OF_NULL}
    switches = {
        name: getattr(network.fidelity, name)
        for name, switch in SWITCHES.items()
        if switch.metadata["used_by"] & OF_NULL and name not in parts
    }
    code = f"plugin:{network.place_field_values}"
    plugins = {name: sha for name, sha in network.plugins.items() if name == code}
    return parts | switches | plugins


def read_alone(network: NetworkParameters) -> NetworkParameters:
    """Return the network's parameters, with defaults for those that it does not read."""
    return dataclasses.replace(network, **{field.name: field.default for field in unread(network)})


def _restricted(static: StaticConfig, keeps: Callable[[frozenset[str]], bool]) -> StaticConfig:
    """Return a static config; entries whose uses ``keeps`` rejects have their defaults."""
    others = (entry.name for entry in STATIC_ENTRIES if not keeps(entry.used_by))
    return dataclasses.replace(static, **{name: _DEFAULTS[name] for name in others})


def _cast(entry: Entry, read: NetworkParameters) -> Any:
    value = entry.value(read)
    return None if value is None else np.asarray(value, entry.dtype)


def _identity(entry: Entry, read: NetworkParameters) -> Any:
    """Return the value of an entry in an identity; a traced number is first cast to its dtype."""
    if entry.identity is not None:
        return entry.identity(read)
    if entry.kind == STATIC:
        return entry.value(read)
    return _cast(entry, read).item()


_DEFAULTS = {entry.name: entry.value(NetworkParameters()) for entry in STATIC_ENTRIES}
