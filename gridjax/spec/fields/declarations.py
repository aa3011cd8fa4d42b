"""Declarations of a network's fields, and the conditions under which a network reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from gridjax.spec.fields.uses import EVALUATION, STATIC, TRACED
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.records.target_code_info import TargetCodeInfo
from gridjax.spec.registry import CELLS, ENCODINGS, Registry, is_plugin

PER_TRAJECTORY, PER_MOVE = "trajectory", "move"
"""Values of ``recurrent_dropout_mask``: for what a mask is drawn."""
BANINO = "banino2018"
"""The architecture of Banino et al. (2018)."""


def declare(kind: str, default: Any, doc: str, *used_by: str, **limits: Any) -> Any:
    """Return a dataclass field with its metadata; NetworkParameters explains them."""
    metadata = {"kind": kind, "doc": doc, "used_by": frozenset(used_by), **limits}
    return dataclasses.field(default=default, metadata=metadata)


def static(default: Any, doc: str, *used_by: str, **limits: Any) -> Any:
    """Return a field that decides a shape or a branch."""
    return declare(STATIC, default, doc, *used_by, **limits)


def traced(default: Any, doc: str, *used_by: str, **limits: Any) -> Any:
    """Return a field that is a number within a compilation."""
    return declare(TRACED, default, doc, *used_by, **limits)


def evaluated(default: Any, doc: str, **limits: Any) -> Any:
    """Return a field that evaluation alone reads."""
    return declare(EVALUATION, default, doc, EVALUATION, **limits)


def names_of(infos: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of records."""
    return tuple(info.name for info in infos)


def info_of(code: str) -> TargetCodeInfo | None:
    """Return the record of a target code; None for one that is not registered."""
    return ENCODINGS.info(code) if code in ENCODINGS else None


def code_reads(name: str) -> Callable[[TargetCodeInfo], bool]:
    """Return the condition that a target code names a field among those that it reads."""
    return lambda info: name in info.reads


def entry_reads(registry: Registry[Any], name: str) -> Callable[[Any], bool]:
    """Return the condition that the entry of a registry that a network uses reads a field."""

    def reads(network: Any) -> bool:
        entry = getattr(network, registry.parameter)
        return entry in registry and name in registry.info(entry).reads

    return reads


def code_takes_normalization(info: TargetCodeInfo) -> bool:
    """Return whether a target code accepts a normalisation, one of its own choice or not."""
    return info.has_place_cells or bool(info.targets_unnormalized)


def chooses_normalization(network: Any) -> bool:
    """Return whether the normalisation changes the targets of a network."""
    info = info_of(network.place_field_values)
    return info is not None and bool(info.targets_unnormalized)


def is_recurrent(network: Any) -> bool:
    """Return whether a network, or its static config, has a state that moves change."""
    return network.rnn_type not in CELLS or CELLS.info(network.rnn_type).n_states > 0


def reads_target_code(network: Any) -> bool:
    """Return whether a network, or its static config, has outputs or starts from a place code."""
    return network.has_outputs or (is_recurrent(network) and network.start == PLACE_CODE)


def has_outputs(network: Any) -> bool:
    """Return whether a network has outputs, which the loss of the target code trains."""
    return network.has_outputs


def has_bottleneck(network: Any) -> bool:
    """Return whether a network has the bottleneck of Banino et al. (2018)."""
    return network.architecture == BANINO


def has_head_direction(network: Any) -> bool:
    """Return whether a network has head-direction cells."""
    return network.n_head_direction_cells > 0


def has_given_initializer(network: Any) -> bool:
    """Return whether the recurrent kernel is drawn by the field ``initializer``."""
    is_replaced = network.fidelity.ugrnn_initializer == "glorot_uniform"
    return not (network.rnn_type == "UGRNN" and is_replaced)


def drops_states(network: Any) -> bool:
    """Return whether the dropout of the recurrence acts: there is one, and dropout is active."""
    return network.fidelity.dropout == "active" and is_recurrent(network)


def has_recurrent_dropout(network: Any) -> bool:
    """Return whether the dropout of the recurrence acts, at a rate above 0."""
    return drops_states(network) and network.recurrent_dropout > 0


def drops_readout(network: Any) -> bool:
    """Return whether the dropout before the decoder acts: there is one, and dropout is active."""
    return network.fidelity.dropout == "active" and network.has_outputs


def has_decayed_weights(network: Any) -> bool:
    """Return whether weight decay applies to weights of the cell; a user's cell may have none."""
    is_user_cell = is_plugin(CELLS.parameter, network.rnn_type)
    return not is_user_cell or CELLS[network.rnn_type].decayed is not None
