"""Static config and traced parameters of a network, and the identities derived from them.

Both consist of the entries of gridjax.spec.entries. Fields that a network does not read are reset
to their defaults, so that they cause no compilation and do not affect equality.
"""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from collections.abc import Callable, Iterable
from dataclasses import make_dataclass
from typing import Any

import numpy as np

from gridjax.spec.entries import ENTRIES, STATIC_ENTRIES, TRACED_ENTRIES, Entry
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.fields.declarations import BANINO
from gridjax.spec.fields.environment_fields import ONE_HOT
from gridjax.spec.fields.uses import EVALUATION, OF_NULL, STATIC, TRAINING_ALONE
from gridjax.spec.parameters import SEEDS, NetworkParameters, unread

EquivalenceKey = tuple[Any, ...]
"""A hashable value; see equivalence_key()."""
ANY = "any"
"""Value for an optimiser or initialiser that the compiled program receives as a traced choice."""


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
        of_move = self.dimensions if self.inputs == "displacement" else 3
        of_context = self.n_environments if self.context_input == ONE_HOT else 0
        return of_move + of_context + (self.Np if self.has_landmarks else 0)

    @property
    def n_code(self) -> int:
        """Number of values of the target code, plus head-direction cells."""
        return self.Np + self.n_head_direction_cells

    @property
    def n_outputs(self) -> int:
        """Number of outputs: one for each value of the target code, or 0 without outputs."""
        return self.n_code if self.has_outputs else 0


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
    return _key(network, ENTRIES)


def key_but_seeds(network: NetworkParameters) -> EquivalenceKey:
    """Return the part of equivalence_key that does not depend on the seeds."""
    return _key(network, _ENTRIES_BUT_SEEDS)


def stream_seeds(network: NetworkParameters) -> tuple[int, ...]:
    """Return the part of equivalence_key that depends on the seeds: one seed for each stream."""
    return tuple(_identity(entry, network) for entry in _SEED_ENTRIES)


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
    used = {f"plugin:{name}" for name in (network.place_field_values, network.motion)}
    plugins = {name: sha for name, sha in network.plugins.items() if name in used}
    return parts | switches | plugins


def read_alone(network: NetworkParameters) -> NetworkParameters:
    """Return the network's parameters, with defaults for those that it does not read."""
    return dataclasses.replace(network, **{field.name: field.default for field in unread(network)})


def _key(network: NetworkParameters, entries: Iterable[Entry]) -> EquivalenceKey:
    read = read_alone(network)
    evaluated = tuple(
        getattr(network.fidelity, name)
        for name, switch in SWITCHES.items()
        if EVALUATION in switch.metadata["used_by"]
    )
    values = tuple((entry.name, _identity(entry, read)) for entry in entries)
    plugins = tuple(sorted(network.plugins.items()))
    return (values, network.n_bins_reported, evaluated, plugins)


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
_SEED_ENTRIES = tuple(entry for entry in ENTRIES if entry.name in SEEDS)
_ENTRIES_BUT_SEEDS = tuple(entry for entry in ENTRIES if entry.name not in SEEDS)
