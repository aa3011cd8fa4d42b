"""Limits of the recurrence in one kernel (gridjax.model.fused_recurrence): networks, devices."""

from __future__ import annotations

from gridjax.model.cells import PULL_BACKS, Cell
from gridjax.model.matmul import FLOAT32
from gridjax.spec.fields.declarations import PER_MOVE
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import CELLS, is_plugin

MOST_UNITS = 256
DEVICES = ("H100", "H200")
"""Parts of the names of the devices whose shared memory is large enough."""


def obstacle_of_network(static: StaticConfig) -> str | None:
    """Return why the recurrence of a network cannot be one kernel; None if it can."""
    if not _has_kernel(static.rnn_type):
        names = ", ".join(name for name in CELLS if _has_kernel(name))
        return f"rnn_type: {static.rnn_type}; expected one of {names}"
    if static.activation not in PULL_BACKS:
        return f"activation: {static.activation}; expected one of {', '.join(PULL_BACKS)}"
    if static.matmul_precision == FLOAT32:
        return f"matmul_precision: {FLOAT32}; expected tf32 or bf16, which matrix units multiply"
    if static.has_state_noise:
        return "state_noise: above 0; expected 0, because the kernel adds no noise to the state"
    if static.recurrent_dropout_mask == PER_MOVE:
        return "recurrent_dropout_mask: move; expected trajectory, the mask that the kernel reads"
    if static.Ng > MOST_UNITS:
        return f"Ng: {static.Ng}; expected at most {MOST_UNITS}"
    return None


def obstacle_of_device(device_kind: str) -> str | None:
    """Return why the kernels do not run on a device; None if they do.

    ``device_kind`` is the name that the device reports.
    """
    if any(name in device_kind for name in DEVICES):
        return None
    return f"device: {device_kind}; expected an NVIDIA {' or '.join(DEVICES)}"


def _has_kernel(rnn_type: str) -> bool:
    if is_plugin("rnn_type", rnn_type):  # the kernel's compiler knows few operations
        return False
    cell: Cell = CELLS[rnn_type]
    return cell.factored is not None and cell.factored.of_sums is not None
