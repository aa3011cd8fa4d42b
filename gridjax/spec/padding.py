"""Padded shapes of a network: networks of different sizes then share one compilation.

Each size is raised to the next value of a fixed series, called a rung: the study's value times a
power of two. The rung depends only on the network's own spec. The additional entries (the padding)
are masked. The random numbers and the means equal those of the unpadded shapes, so that results
agree with the unpadded results to the tolerance of float32.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import ANY, StaticConfig, TracedParams
from gridjax.spec.records.motion_info import WALK
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.records.state_objective_info import NO_OBJECTIVE
from gridjax.spec.registry import ENCODINGS, LOSSES, is_plugin

if TYPE_CHECKING:
    from gridjax.spec.network import NetworkSpec

RUNGS = {"batch_size": 200, "sequence_length": 20, "Np": 512, "n_field_slots": 1}
"""The sizes that are padded, each with the study's value; rungs are this value times 2^k."""
OPTIMIZERS = ("adam", "rmsprop", "sgd", "adagrad")
"""Optimisers of one shared compilation; ``Padding.optimizer`` is an index into this tuple."""
INITIALIZERS = ("glorot_uniform", "glorot_normal", "orthogonal", "pytorch_uniform")
"""Initialisers of one shared compilation; ``Padding.initializer`` is an index into this tuple."""
_MOST_DRAWN = 2**32


class Padding(NamedTuple):
    """The unpadded sizes, and the choices, of a network that is trained in padded shapes; int32."""

    n_trajectories: Any
    """number of trajectories in each training step"""
    n_moves: Any
    """number of moves in each trajectory"""
    n_cells: Any
    """number of outputs of the target code"""
    n_slots: Any
    """number of slots for fields of each place cell"""
    optimizer: Any
    """index in OPTIMIZERS"""
    initializer: Any
    """index in INITIALIZERS"""


def rung(size: int, around: int) -> int:
    """Return the smallest rung that is not below a size; rungs are ``around`` times 2^k.

    Fractions are rounded up. For ``around`` 20 the rungs are 1, 2, 3, 5, 10, 20, 40, 80, ...
    """
    power = math.ceil(math.log2(size / around))
    return next(r for p in (power - 1, power, power + 1) if (r := _rung(p, around)) >= size)


def _rung(power: int, around: int) -> int:
    return around << power if power >= 0 else -(-around >> -power)


def padded_config(static: StaticConfig) -> StaticConfig | None:
    """Return the padded static config that a network shares with others; None if it has none.

    Networks with measured place cells, several environments, landmarks or an objective on states,
    networks with the architecture of Banino et al. (2018), networks without recurrence, with
    another motion, start or optimiser than those of the study, in boxes of one or three dimensions,
    and very large networks are not padded.
    Np is padded only if the target code is gridjax's own, target code and loss have masks, and the
    network has no head-direction cells. The number of fields of a cell is padded only for gridjax's
    own target codes.
    """
    code, loss = ENCODINGS.info(static.place_field_values), LOSSES.info(static.place_field_loss)
    reads_maps = "place_maps" in code.reads
    if static.state_objective != NO_OBJECTIVE:  # pairs of padded states would count
        return None
    if static.dimensions != 2 or static.n_environments > 1 or static.has_landmarks:
        return None
    if not is_recurrent(static) or (static.motion, static.start) != (WALK, PLACE_CODE):
        return None
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
    """Return whether a static config was returned by padded_config."""
    return static.optimizer == ANY


def padded_traced_params(spec: NetworkSpec, static: StaticConfig) -> TracedParams:
    """Return the traced parameters of a network for training with a bucket's static config."""
    if not is_padded(static):
        return spec.traced
    own = spec.static
    sizes = (own.batch_size, own.sequence_length, own.Np, own.n_field_slots)
    choices = (OPTIMIZERS.index(own.optimizer), INITIALIZERS.index(own.initializer))
    return spec.traced._replace(padding=Padding(*map(np.int32, (*sizes, *choices))))


def padded_sizes(spec: NetworkSpec) -> str:
    """Return the padded sizes of a network as one line of text; empty if it is not padded."""
    static = padded_config(spec.static)
    return "" if static is None else ", ".join(f"{name} {getattr(static, name)}" for name in RUNGS)
