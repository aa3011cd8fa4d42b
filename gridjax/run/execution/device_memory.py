"""The lock on a device's memory: shared, and exclusive after an out-of-memory error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridjax.training.population import Device

_BETWEEN_LOOKS_S = 0.1


class Turns:
    """Lock on device memory for threads that train a block or evaluate a network.

    All CPU devices share one memory; every accelerator has its own memory.
    """

    def __init__(self):
        self._users: Counter[str] = Counter()
        self._scarce: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def turn(
        self, device: Device, stop: threading.Event, meanwhile: Callable[[], None] | None = None
    ) -> Iterator[bool]:
        """Hold the memory of a device during the block; if it is scarce, wait until it is free.

        Yields whether this is the only user because the memory is scarce. Calls ``meanwhile``
        again and again while it waits. Once ``stop`` is set, it does not wait.
        """
        memory = _memory_of(device)
        while (is_alone := self._enter(memory, stop.is_set())) is None:
            if meanwhile is not None:
                meanwhile()
        try:
            yield is_alone
        finally:
            with self._changed:
                self._users[memory] -= 1
                self._changed.notify_all()

    def is_scarce(self, device: Device) -> bool:
        """Return whether the memory of a device was too small for several users at once."""
        return _memory_of(device) in self._scarce

    def find_scarce(self, device: Device) -> bool:
        """Record that the memory of a device was too small; return whether this is new."""
        with self._changed:
            is_new = not self.is_scarce(device)
            self._scarce.add(_memory_of(device))
        return is_new

    def _enter(self, memory: str, at_once: bool) -> bool | None:
        """Begin a turn and return whether it is exclusive; None if the caller must wait."""
        with self._changed:
            is_scarce = memory in self._scarce
            if is_scarce and self._users[memory] and not at_once:
                self._changed.wait(_BETWEEN_LOOKS_S)
                return None
            self._users[memory] += 1
            return is_scarce and self._users[memory] == 1


def _memory_of(device: Device) -> str:
    return device.platform if device.platform == "cpu" else f"{device.platform} {device.id}"
