"""Padded shapes of a network, so that networks of different sizes share one compilation.

Sizes are raised to the next rung of a fixed ladder: the study's value times a power of two. The
rung depends on the network's own spec alone. Entries beyond a network's own sizes are masked: the
same random numbers are drawn and the same means computed, so that results agree with those of the
own shapes to the tolerance of float32.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridjax.spec.lowering import ANY, StaticConfig, TracedParams
from gridjax.spec.registry import ENCODINGS, LOSSES, is_plugin

if TYPE_CHECKING:
    from gridjax.spec.network import NetworkSpec

RUNGS = {"batch_size": 200, "sequence_length": 20, "Np": 512, "n_field_slots": 1}
"""The sizes that are padded, and the rung of each that the ladder is built around."""
OPTIMIZERS = ("adam", "rmsprop", "sgd", "adagrad")
"""Optimisers that one compilation computes, in the order of ``Padding.optimizer``."""
INITIALIZERS = ("glorot_uniform", "glorot_normal", "orthogonal", "pytorch_uniform")
"""Initialisers that one compilation computes, in the order of ``Padding.initializer``."""
_MOST_DRAWN = 2**32


class Padding(NamedTuple):
    """The own sizes and choices of a network that is trained in padded shapes; int32."""

    n_trajectories: Any
    """trajectories a step"""
    n_moves: Any
    """moves a trajectory"""
    n_cells: Any
    """outputs of the target code"""
    n_slots: Any
    """fields that a place cell has room for"""
    optimizer: Any
    """place in OPTIMIZERS"""
    initializer: Any
    """place in INITIALIZERS"""


def rung(size: int, around: int) -> int:
    """Return the smallest ``around`` times a power of two that holds a size.

    Fractions are rounded up: around 20 the rungs are 1, 2, 3, 5, 10, 20, 40, 80, ...
    """
    power = math.ceil(math.log2(size / around))
    return next(r for p in (power - 1, power, power + 1) if (r := _rung(p, around)) >= size)


def _rung(power: int, around: int) -> int:
    return around << power if power >= 0 else -(-around >> -power)


def padded_config(static: StaticConfig) -> StaticConfig | None:
    """Return the static config that a network shares with others; None where it cannot be padded.

    Not padded are networks with measured place cells, and of the architecture and optimiser of
    Banino et al. (2018). Np and the fields of a cell are padded only where target code and loss
    have masks, and not beside head-direction cells.
    """
    code, loss = ENCODINGS.info(static.place_field_values), LOSSES.info(static.place_field_loss)
    reads_maps = "place_maps" in code.reads
    if reads_maps or static.architecture != "study" or static.optimizer not in OPTIMIZERS:
        return None
    sizes = {name: rung(getattr(static, name), around) for name, around in RUNGS.items()}
    is_own_code = not is_plugin("place_field_values", code.name)
    if not (is_own_code and code.has_masks and loss.has_masks) or static.n_head_direction_cells:
        sizes["Np"] = static.Np
    if not is_own_code:
        sizes["n_field_slots"] = static.n_field_slots
    if static.batch_size * static.sequence_length * max(static.n_analysed, 4) >= _MOST_DRAWN:
        return None
    return replace(static, **sizes, optimizer=ANY, initializer=ANY)


def is_padded(static: StaticConfig) -> bool:
    """Tell whether a static config is one that padded_config returned."""
    return static.optimizer == ANY


def padded_traced_params(spec: NetworkSpec, static: StaticConfig) -> TracedParams:
    """Return the traced parameters of a network as a bucket's static config trains it."""
    if not is_padded(static):
        return spec.traced
    own = spec.static
    sizes = (own.batch_size, own.sequence_length, own.Np, own.n_field_slots)
    choices = (OPTIMIZERS.index(own.optimizer), INITIALIZERS.index(own.initializer))
    return spec.traced._replace(padding=Padding(*map(np.int32, (*sizes, *choices))))


def padded_sizes(spec: NetworkSpec) -> str:
    """Return the padded sizes of a network in one line, empty where it is not padded."""
    static = padded_config(spec.static)
    return "" if static is None else ", ".join(f"{name} {getattr(static, name)}" for name in RUNGS)
