"""Copies of arrays for a checkpoint, made so that training waits as briefly as possible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_ALIGNMENT = 64


class HostBuffer:
    """Memory on the host for the arrays of one checkpoint.

    The memory is kept, because a system needs longer to provide new memory than to copy to it.
    """

    def __init__(self):
        self._memory = np.empty(0, np.uint8)

    def detach(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Return copies of NumPy or JAX arrays, which stay until the next call.

        After the call, the memory of the arrays can be donated or overwritten. Arrays of an
        accelerator with enough free memory are copied there, which takes no time in comparison
        with a transfer; ``on_host`` then transfers the copies, while training continues.
        """
        remote = {name: array for name, array in arrays.items() if not _is_on_host(array)}
        if remote and _has_room(remote):
            copies: dict[str, Any] = {name: jnp.copy(array) for name, array in remote.items()}
        else:
            copies = on_host(remote)
        local = {name: array for name, array in arrays.items() if name not in remote}
        copies |= self._copy(local)
        return {name: copies[name] for name in arrays}

    def _copy(self, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
        n_bytes = sum(_padded(array.nbytes) for array in arrays.values())
        if n_bytes > self._memory.nbytes:
            self._memory = np.empty(n_bytes, np.uint8)
        copies, start = {}, 0
        for name, array in arrays.items():
            shape, dtype = array.shape, np.dtype(array.dtype)
            part = self._memory[start : start + math.prod(shape) * dtype.itemsize]
            copies[name] = part.view(dtype).reshape(shape)
            np.copyto(copies[name], np.asarray(array))
            start += _padded(array.nbytes)
        return copies


def on_host(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return arrays as NumPy arrays; all transfers from an accelerator run at once."""
    for array in arrays.values():
        if isinstance(array, jax.Array):
            array.copy_to_host_async()
    return {name: np.asarray(array) for name, array in arrays.items()}


def _is_on_host(array: Any) -> bool:
    """Return whether ``np.asarray`` of an array shares its memory."""
    if not isinstance(array, jax.Array):
        return True
    return all(device.platform == "cpu" for device in array.devices())


def _has_room(arrays: Mapping[str, jax.Array]) -> bool:
    """Return whether copies fit beside the most memory that the device has needed so far.

    Otherwise training, which continues beside the copies, might run out of memory.
    """
    for device in {device for array in arrays.values() for device in array.devices()}:
        stats = device.memory_stats() or {}
        free = stats.get("bytes_limit", 0) - stats.get("peak_bytes_in_use", 0)
        if free < sum(_padded(array.nbytes) for array in arrays.values()):
            return False
    return True


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
