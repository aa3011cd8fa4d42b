"""Static config and traced parameters of a network, and the identities derived from them.

Both consist of the entries of gridjax.spec.entries. Fields that a network does not read are reset
to their defaults, so that they cause no compilation and do not affect equality.
"""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Any

import numpy as np

from gridjax.spec.entries import ENTRIES, STATIC_ENTRIES, TRACED_ENTRIES, Entry
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.field_declarations import BANINO
from gridjax.spec.field_uses import EVALUATION, OF_NULL, STATIC, TRAINING_ALONE
from gridjax.spec.parameters import NetworkParameters, unread

EquivalenceKey = tuple[Any, ...]
"""Hashable; see equivalence_key()."""
ANY = "any"
"""Stands for an optimiser or initialiser that a compilation leaves open."""


_StaticFields: Any = make_dataclass(
    "_StaticFields", [(entry.name, Any) for entry in STATIC_ENTRIES], frozen=True
)
_TracedFields: Any = namedtuple(
    "_TracedFields", [*(entry.name for entry in TRACED_ENTRIES), "padding"], defaults=(None,)
)


class StaticConfig(_StaticFields):
    """The entries of STATIC_ENTRIES: they decide shapes and branches, one compilation each.

    A frozen, hashable dataclass. gridjax.NetworkSpec explains the fields of the same name.
    """

    @property
    def n_analysed(self) -> int:
        """Units of the analysed layer."""
        return self.n_bottleneck if self.architecture == BANINO else self.Ng

    @property
    def n_inputs(self) -> int:
        """Numbers of a network's input at each move."""
        return 2 if self.inputs == "displacement" else 3

    @property
    def n_outputs(self) -> int:
        """Outputs: those of the target code, then the head-direction cells."""
        return self.Np + self.n_head_direction_cells


class TracedParams(_TracedFields):
    """The entries of TRACED_ENTRIES: 0-d float32 and int32 arrays, or one axis of networks.

    A named tuple, which is a pytree without an import of JAX. ``padding`` holds the own sizes and
    choices of a network that is trained in padded shapes (gridjax.spec.padding), else None.
    """

    __slots__ = ()


def static_config(network: NetworkParameters) -> StaticConfig:
    """Return what decides the shapes and branches of a network."""
    read = read_alone(network)
    return StaticConfig(**{entry.name: entry.value(read) for entry in STATIC_ENTRIES})


def traced_params(network: NetworkParameters) -> TracedParams:
    """Return the numbers of a network: strong float32 and int32 arrays.

    Raises GridjaxError where measured place cells are named but not at hand.
    """
    read = read_alone(network)
    return TracedParams(**{entry.name: _cast(entry, read) for entry in TRACED_ENTRIES})


def evaluation_config(static: StaticConfig) -> StaticConfig:
    """Return a static config without what training alone reads: one compilation evaluates all."""
    return _restricted(static, lambda used_by: not used_by <= TRAINING_ALONE)


def readout_config(static: StaticConfig) -> StaticConfig:
    """Return a static config of what random readouts of the target code are recorded by."""
    return _restricted(static, lambda used_by: bool(used_by & OF_NULL))


def equivalence_key(network: NetworkParameters) -> EquivalenceKey:
    """Return what distinguishes a network from every other: all that decides its results."""
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
    """Return what distinguishes the random readouts of a network from those of others.

    JSON values by name: the entries, switches and the plugin that trajectories, target code or
    readouts use. What belongs to the recording is not among them.
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
    """Return the parameters of a network with those that it does not read at their defaults."""
    return dataclasses.replace(network, **{field.name: field.default for field in unread(network)})


def _restricted(static: StaticConfig, keeps: Callable[[frozenset[str]], bool]) -> StaticConfig:
    """Return a static config with every entry of other uses at its default."""
    others = (entry.name for entry in STATIC_ENTRIES if not keeps(entry.used_by))
    return dataclasses.replace(static, **{name: _DEFAULTS[name] for name in others})


def _cast(entry: Entry, read: NetworkParameters) -> Any:
    value = entry.value(read)
    return None if value is None else np.asarray(value, entry.dtype)


def _identity(entry: Entry, read: NetworkParameters) -> Any:
    """Return the value of an entry as an identity holds it: a traced number as it is cast."""
    if entry.identity is not None:
        return entry.identity(read)
    if entry.kind == STATIC:
        return entry.value(read)
    return _cast(entry, read).item()


_DEFAULTS = {entry.name: entry.value(NetworkParameters()) for entry in STATIC_ENTRIES}
