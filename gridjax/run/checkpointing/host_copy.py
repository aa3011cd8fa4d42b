"""Copies of arrays on the host, in memory that is used again for the next copy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

_ALIGNMENT = 64


class HostBuffer:
    """Memory for the arrays of one checkpoint.

    The memory is kept, because a system needs longer to provide new memory than to copy to it.
    """

    def __init__(self):
        self._memory = np.empty(0, np.uint8)

    def copy(self, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return copies of NumPy or JAX arrays, of any device; they stay until the next call.

        After the call, the memory of the arrays can be donated or overwritten.
        """
        for array in arrays.values():
            if isinstance(array, jax.Array):
                array.copy_to_host_async()  # all transfers run at once
        n_bytes = sum(_padded(array.nbytes) for array in arrays.values() if _is_on_host(array))
        if n_bytes > self._memory.nbytes:
            self._memory = np.empty(n_bytes, np.uint8)
        copies, start = {}, 0
        for name, array in arrays.items():
            if not _is_on_host(array):
                copies[name] = np.asarray(array)  # a transfer, whose result belongs to the host
                continue
            shape, dtype = array.shape, np.dtype(array.dtype)
            part = self._memory[start : start + math.prod(shape) * dtype.itemsize]
            copies[name] = part.view(dtype).reshape(shape)
            np.copyto(copies[name], np.asarray(array))
            start += _padded(array.nbytes)
        return copies


def _is_on_host(array: Any) -> bool:
    """Return whether ``np.asarray`` of an array shares its memory."""
    if not isinstance(array, jax.Array):
        return True
    return all(device.platform == "cpu" for device in array.devices())


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
