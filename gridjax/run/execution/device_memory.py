"""The lock on a device's memory: shared, and exclusive after an out-of-memory error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridjax.training.population import Device

_BETWEEN_LOOKS_S = 0.1


class Turns:
    """Turns of those who train a block or evaluate a network.

    Devices of a CPU share one memory; every accelerator has its own.
    """

    def __init__(self):
        self._users: Counter[str] = Counter()
        self._scarce: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def turn(
        self, device: Device, stop: threading.Event, meanwhile: Callable[[], None] | None = None
    ) -> Iterator[bool]:
        """Use a device's memory; where it is scarce, when nobody else does.

        Gives whether it is used alone because it is scarce. Calls ``meanwhile`` as long as it
        waits, which it does no longer when asked to stop.
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
        """Tell whether a device's memory was too small for all at once."""
        return _memory_of(device) in self._scarce

    def find_scarce(self, device: Device) -> bool:
        """Remember that a device's memory was too small; tell whether that is new."""
        with self._changed:
            is_new = not self.is_scarce(device)
            self._scarce.add(_memory_of(device))
        return is_new

    def _enter(self, memory: str, at_once: bool) -> bool | None:
        """Begin a turn and tell whether it is the only one for want of memory; None for not yet."""
        with self._changed:
            is_scarce = memory in self._scarce
            if is_scarce and self._users[memory] and not at_once:
                self._changed.wait(_BETWEEN_LOOKS_S)
                return None
            self._users[memory] += 1
            return is_scarce and self._users[memory] == 1


def _memory_of(device: Device) -> str:
    return device.platform if device.platform == "cpu" else f"{device.platform} {device.id}"
