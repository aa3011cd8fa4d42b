"""Full description of one network (NetworkSpec), and its run_id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from gridjax.spec.fidelity import Fidelity, parse_fidelity
from gridjax.spec.fields.distributions import Poisson, Uniform, parse_distribution
from gridjax.spec.lowering import (
    EquivalenceKey,
    StaticConfig,
    TracedParams,
    equivalence_key,
    static_config,
    traced_params,
)
from gridjax.spec.parameters import (
    ALL_SEEDS,
    DRAWN_PARAMETERS,
    FIELDS,
    SEEDS,
    NetworkParameters,
)
from gridjax.spec.place_maps import PlaceMaps


@dataclass(frozen=True)
class NetworkSpec(NetworkParameters):
    """One network: its parameters, its static config and traced parameters, and its run_id."""

    @property
    def static(self) -> StaticConfig:
        """The values that decide shapes and branches; hashable. Each value needs a compilation."""
        return static_config(self)

    @property
    def traced(self) -> TracedParams:
        """The numbers: strongly typed float32 and int32 arrays, cast once here.

        Raises GridjaxError if the network uses measured place cells that are not loaded.
        """
        return traced_params(self)

    @property
    def equivalence_key(self) -> EquivalenceKey:
        """All values that decide the network's results; equal for two descriptions of one network.

        The key is hashable.
        """
        return equivalence_key(self)

    @property
    def equivalence_id(self) -> str:
        """The first sixteen hex digits of the SHA-256 of equivalence_key."""
        return hashlib.sha256(repr(self.equivalence_key).encode()).hexdigest()[:16]

    @property
    def run_id(self) -> str:
        """The name of the network: the first sixteen hex digits of the SHA-256 of the spec.

        Only fields that differ from their defaults are hashed, so that a new field of gridjax
        changes no run_id. The hashes of plugins are hashed too.
        """
        plugins = self.plugins  # not cached: a plugin may be registered later
        return run_id_of(self.to_sparse_dict(), plugins) if plugins else self._run_id

    @cached_property
    def _run_id(self) -> str:
        """The run_id of a network without plugins, computed once."""
        return run_id_of(self.to_sparse_dict(), {})

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value: distributions, fidelity and place maps as texts."""
        values = zip(FIELDS, _values_of(self), strict=True)
        return {name: v if type(v) in _JSON else _plain(v) for name, v in values}

    def to_sparse_dict(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as JSON values.

        The seeds of streams are included only if they differ from ``seed``.
        """
        values = {}
        for name, default, value in zip(FIELDS, _DEFAULTS, _values_of(self), strict=True):
            if value is default or (name in SEEDS and value == self.seed):
                continue
            if value != default:
                values[name] = _plain(value)
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkSpec:
        """Return the spec of a dict from to_dict or to_sparse_dict.

        Place maps have their SHA-256 but not their values.
        """
        own: dict[str, Any] = dict(values)
        for name in DRAWN_PARAMETERS:
            if isinstance(own.get(name), str):
                own[name] = parse_distribution(own[name])
        if isinstance(own.get("fidelity"), str):
            own["fidelity"] = parse_fidelity(own["fidelity"])
        if isinstance(own.get("place_maps"), str):
            own["place_maps"] = PlaceMaps(own["place_maps"])
        return cls(**own)


def values_but_seeds(spec: NetworkSpec) -> tuple[Any, ...] | None:
    """Return a key of all values except the seeds; None if a value, such as a list, has no hash.

    Keys differ for values of different types, and for 0.0 and -0.0.
    """
    values = _values_but_seeds(spec)
    if not has_hash(values):
        return None
    return values, tuple(map(type, values)), tuple(map(repr, _floats(spec)))


def exact_key(value: Any) -> tuple[type, Any]:
    """Return a key of a value that differs for values of different types and for 0.0 and -0.0."""
    return type(value), value.hex() if isinstance(value, float) else value


def has_hash(value: Any) -> bool:
    """Return whether a value has a hash; a tuple with a list in it has none."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def run_id_of(sparse: dict[str, Any], plugins: dict[str, str]) -> str:
    """Return the run_id of the values of to_sparse_dict() and of plugins."""
    text = json.dumps(sparse | plugins, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Return a value as a JSON value."""
    return str(value) if isinstance(value, Uniform | Poisson | Fidelity | PlaceMaps) else value


_JSON = frozenset((bool, int, float, str, type(None)))
_DEFAULTS = tuple(field.default for field in FIELDS.values())
_values_of = attrgetter(*FIELDS)
_values_but_seeds = attrgetter(*(name for name in FIELDS if name not in ALL_SEEDS))
_floats = attrgetter(
    *(name for name, field in FIELDS.items() if str(field.type).startswith("float"))
)
