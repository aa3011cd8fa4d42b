"""Out-of-memory errors of a device: their detection and their messages."""

from __future__ import annotations

import re

import jax

from gridjax.errors import MemoryShortageError, Problem
from gridjax.io.numbers import quantity
from gridjax.run.planning.plan import Bucket

_ASKED = re.compile(r"allocat\w* ([\d.]+) ?([KMGT]?i?B\b|bytes)")
_FIX_OF_TRAINING = (
    "train fewer networks at once: --set gridjax.lane_width={fewer} --accept lane-width --accept"
    " settings resumes the run. gridjax never changes the lane width by itself: it decides the last"
    " bits of every number"
)
_FIX_OF_ONE = (
    "use a device with more memory, or a smaller network: Ng, Np, batch_size and sequence_length"
    " decide how much it needs"
)
_FIX_OF_EVALUATION = (
    "evaluate in smaller batches: --set gridjax.evaluation.batch_size=N --accept settings resumes"
    " the run"
)
SCARCE = (
    "out of device memory ({asked}): from now on one block is trained at a time, and networks are"
    " evaluated in between. Results stay the same; the run is slower"
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


def shortage_in_training(bucket: Bucket, error: str) -> MemoryShortageError:
    """Return the error for a block that does not fit on its device even as the only user."""
    static, width = bucket.static, bucket.lane_width
    of = f"{width} networks at once (lane width {width})" if width > 1 else "one network"
    message = (
        f"out of device memory in training {of}, alone on the device ({asked_for(error)}):"
        f" {static.rnn_type} Ng={static.Ng} {static.place_field_values} Np={static.Np}"
        f" batch_size={static.batch_size} sequence_length={static.sequence_length}"
    )
    fix = _FIX_OF_TRAINING.format(fewer=width // 2) if width > 1 else _FIX_OF_ONE
    return MemoryShortageError(Problem(message, fix=fix))


def shortage_in_evaluation(run_id: str, error: str) -> MemoryShortageError:
    """Return the error for an evaluation that does not fit on its device even as the only user."""
    message = (
        f"out of device memory in evaluating {run_id}, alone on the device ({asked_for(error)})"
    )
    return MemoryShortageError(Problem(message, fix=_FIX_OF_EVALUATION))
