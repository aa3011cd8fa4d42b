"""Out-of-memory errors of a device: their detection and their messages."""

from __future__ import annotations

import re

import jax

from gridjax.errors import MemoryShortageError, Problem
from gridjax.io.numbers import quantity
from gridjax.run.planning.plan import Bucket

_ASKED = re.compile(r"allocat\w* ([\d.]+) ?([KMGT]?i?B\b|bytes)")
_FIX_OF_TRAINING = (
    "fewer networks at once take less: --set gridjax.lane_width={fewer}; it is never chosen by what"
    " memory there is, for it decides the last bits of every number. With --accept lane-width"
    " --accept settings the same command then goes on in the same folder"
)
_FIX_OF_ONE = (
    "a device with more memory, or a smaller network: Ng, Np, batch_size and sequence_length decide"
    " what it takes"
)
_FIX_OF_EVALUATION = (
    "shorter batches take less: --set gridjax.evaluation.batch_size=N. With --accept settings the"
    " same command then goes on in the same folder"
)
SCARCE = (
    "too little memory for all at once ({asked}): from now on one block is trained at a time, and"
    " networks are evaluated in between. It takes longer; lane widths and numbers stay the same"
)


def is_exhausted(error: BaseException) -> bool:
    """Tell whether an error says that a device has no memory left."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def asked_for(error: str) -> str:
    """Return how much memory was asked for, in words, as far as the error tells it."""
    found = _ASKED.search(error)
    if found is None:
        return "more memory was asked for than there is"
    number, unit = found.groups()
    told = f"{quantity(float(number))}B" if unit == "bytes" else f"{number} {unit}"
    return f"{told} were asked for"


def shortage_in_training(bucket: Bucket, error: str) -> MemoryShortageError:
    """Return the error that ends a run where one block alone is too large."""
    static, width = bucket.static, bucket.lane_width
    of = f"{width} networks at once (lane width {width})" if width > 1 else "one network"
    message = (
        f"too little memory to train {of}, alone on its device: {asked_for(error)};"
        f" {static.rnn_type} Ng={static.Ng} {static.place_field_values} Np={static.Np}"
        f" batch_size={static.batch_size} sequence_length={static.sequence_length}"
    )
    fix = _FIX_OF_TRAINING.format(fewer=width // 2) if width > 1 else _FIX_OF_ONE
    return MemoryShortageError(Problem(message, fix=fix))


def shortage_in_evaluation(run_id: str, error: str) -> MemoryShortageError:
    """Return the error that ends a run where one network alone cannot be evaluated."""
    message = f"too little memory to evaluate {run_id}, alone on its device: {asked_for(error)}"
    return MemoryShortageError(Problem(message, fix=_FIX_OF_EVALUATION))
