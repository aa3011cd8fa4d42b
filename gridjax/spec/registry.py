"""Registries of the parts of a network that users may add: gridjax's own and those of plugins.

An entry is a record of facts and a set of functions. Planning reads the record without JAX. Sweep
files contain the names of registered entries. The SHA-256 of a plugin's record and of the source of
its functions is part of the run_id, so that an edited plugin gives new networks. Sweep files and
run folders cannot register anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.plugin_source import plugin_hash
from gridjax.spec.records.cell_info import CELL_INFOS, LOSS_INFOS, CellInfo, LossInfo
from gridjax.spec.records.motion_info import MOTION_INFOS, MotionInfo
from gridjax.spec.records.optimizer_info import OPTIMIZER_INFOS, OptimizerInfo
from gridjax.spec.records.start_info import START_INFOS, StartInfo
from gridjax.spec.records.state_objective_info import STATE_OBJECTIVE_INFOS, StateObjectiveInfo
from gridjax.spec.records.target_code_info import TARGET_CODES, TargetCodeInfo

Info = TypeVar(
    "Info",
    TargetCodeInfo,
    CellInfo,
    LossInfo,
    StateObjectiveInfo,
    MotionInfo,
    StartInfo,
    OptimizerInfo,
)


class Registry(Generic[Info]):
    """The entries of one parameter, by their names in sweep files.

    ``registry.info(name)`` is the record of an entry; ``registry[name]`` are its functions.
    """

    def __init__(self, parameter: str, infos: Iterable[Info]):
        self.parameter = parameter
        self._infos: dict[str, Info] = {info.name: info for info in infos}
        self._functions: dict[str, Any] = {}
        self._hashes: dict[str, str] = {}
        self._modules: dict[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._functions:
            raise self._unknown(name)
        return self._functions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def info(self, name: str) -> Info:
        """Return the record of an entry. Raises GridjaxError for an unknown name."""
        if name not in self._infos:
            raise self._unknown(name)
        return self._infos[name]

    @property
    def infos(self) -> tuple[Info, ...]:
        """The records of all entries: gridjax's own, then plugins in the order of registration."""
        return tuple(self._infos.values())

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each plugin by its name."""
        return dict(self._hashes)

    def build_in(self, **functions: Any) -> None:
        """Add the functions of gridjax's own entries."""
        self._functions |= functions

    def register(self, info: Info, functions: Any, kind: type[Info]) -> None:
        """Add a user's entry: its record and a NamedTuple of its functions.

        The same source may register a name again. Raises GridjaxError if the record is not of type
        ``kind``, if the name is already used or is not allowed in a sweep file, or if the source of
        a function cannot be found.
        """
        if not isinstance(info, kind):
            message = f"{self.parameter}: {info!r} is not a {kind.__name__}"
            raise GridjaxError(Problem(message, fix=f"give gridjax.{kind.__name__}(name, ...)"))
        name = info.name
        if not (name.isidentifier() and len(name) <= 64):
            message = f"{self.parameter}: {name!r} cannot be a name"
            raise GridjaxError(Problem(message, fix="give a word of letters, digits and _"))
        if name in self._infos and name not in self._hashes:
            message = f"{self.parameter}: {name!r} is gridjax's own"
            raise GridjaxError(Problem(message, fix="give another name"))
        if getattr(info, "has_masks", False):
            message = f"{self.parameter}: {name!r}: has_masks is for gridjax's own entries alone"
            raise GridjaxError(Problem(message, fix="leave has_masks out: Np is then not padded"))
        digest = plugin_hash(info, functions)
        if self._hashes.get(name, digest) != digest:
            message = f"{self.parameter}: {name!r} is registered already, from another source"
            raise GridjaxError(Problem(message, fix="give another name, or start a new process"))
        self._infos[name], self._functions[name] = info, functions
        self._hashes[name] = digest
        self._modules[name] = _registering_module()

    def module_of(self, name: str) -> str:
        """Return the name of the module that registered a user's entry."""
        return self._modules[name]

    def _unknown(self, name: str) -> GridjaxError:
        message = f"{self.parameter}: {name!r} is not registered"
        return GridjaxError(Problem(message, fix="name its source with --plugin FILE.py"))


ENCODINGS = Registry("place_field_values", TARGET_CODES)
CELLS = Registry("rnn_type", CELL_INFOS)
LOSSES = Registry("place_field_loss", LOSS_INFOS)
STATE_OBJECTIVES = Registry("state_objective", STATE_OBJECTIVE_INFOS)
MOTIONS = Registry("motion", MOTION_INFOS)
STARTS = Registry("start", START_INFOS)
OPTIMIZERS = Registry("optimizer", OPTIMIZER_INFOS)
REGISTRIES: dict[str, Registry[Any]] = {
    registry.parameter: registry
    for registry in (ENCODINGS, CELLS, LOSSES, STATE_OBJECTIVES, MOTIONS, STARTS, OPTIMIZERS)
}
"""The registry of each parameter that has one."""


def is_plugin(parameter: str, name: Any) -> bool:
    """Return whether a user registered a value of a parameter."""
    return plugin_hash_of(parameter, name) is not None


def plugin_hash_of(parameter: str, name: Any) -> str | None:
    """Return the SHA-256 of a user's entry; None for gridjax's own and for unknown names."""
    registry = REGISTRIES.get(parameter)
    return registry.hashes.get(name) if registry and isinstance(name, str) else None


def has_plugins() -> bool:
    """Return whether a user has registered anything."""
    return any(registry.hashes for registry in REGISTRIES.values())


def registered_plugins() -> dict[str, str]:
    """Return the SHA-256 of every plugin, by ``parameter: name``."""
    return {
        f"{parameter}: {name}": sha
        for parameter, registry in REGISTRIES.items()
        for name, sha in registry.hashes.items()
    }


def _registering_module() -> str:
    """Return the name of the module that calls gridjax."""
    frame = inspect.currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] != "gridjax":
            return name
        frame = frame.f_back
    return "__main__"
