"""Out-of-memory errors of a device: their detection and their messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import jax

from gridjax.errors import MemoryShortageError, Problem
from gridjax.io.numbers import quantity
from gridjax.run.planning.blocks import Block
from gridjax.spec.network import NetworkSpec

_ASKED = re.compile(r"allocat\w* ([\d.]+) ?([KMGT]?i?B\b|bytes)")
_FIX_OF_TRAINING = (
    "use fewer workers (--workers), or train fewer networks at once: --set"
    " gridjax.lane_width={fewer} --accept lane-width --accept settings resumes the run. gridjax"
    " never changes the lane width by itself: it decides the last bits of every number"
)
_FIX_OF_ONE = (
    "use fewer workers (--workers), a device with more memory, or a smaller network: Ng, Np,"
    " batch_size and sequence_length decide how much it needs"
)
_FIX_OF_EVALUATION = (
    "use fewer workers (--workers), or evaluate in smaller batches: --set"
    " gridjax.evaluation.batch_size=N --accept settings resumes the run"
)


def is_exhausted(error: BaseException) -> bool:
    """Return whether an error means that a device has no memory left."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def asked_for(error: str) -> str:
    """Return a phrase with the requested amount of memory, as far as the message contains it."""
    found = _ASKED.search(error)
    if found is None:
        return "unknown amount"
    number, unit = found.groups()
    amount = f"{quantity(float(number))}B" if unit == "bytes" else f"{number} {unit}"
    return f"{amount} requested"


def shortage_in_training(block: Block, error: str) -> MemoryShortageError:
    """Return the error for a block whose training does not fit on its device."""
    static, width = block.static, block.lane_width
    of = f"{width} networks at once (lane width {width})" if width > 1 else "one network"
    message = (
        f"out of device memory during the training of {of} ({asked_for(error)}):"
        f" {static.rnn_type} Ng={static.Ng} {static.place_field_values} Np={static.Np}"
        f" batch_size={static.batch_size} sequence_length={static.sequence_length}"
    )
    fix = _FIX_OF_TRAINING.format(fewer=width // 2) if width > 1 else _FIX_OF_ONE
    return MemoryShortageError(Problem(message, fix=fix))


def shortage_in_evaluation(specs: Sequence[NetworkSpec], error: str) -> MemoryShortageError:
    """Return the error for networks whose evaluation does not fit on their device."""
    of = specs[0].run_id if len(specs) == 1 else f"{len(specs)} networks at once"
    message = f"out of device memory during the evaluation of {of} ({asked_for(error)})"
    return MemoryShortageError(Problem(message, fix=_FIX_OF_EVALUATION))
