"""The queue of trained networks between the training devices and the evaluation."""

from __future__ import annotations

import math
import threading
from collections import deque

from gridjax.run.execution.lane_block import Trained

_BETWEEN_LOOKS_S = 0.1


class Waiting:
    """Networks that wait to be evaluated, first come, first served.

    No more than some may wait, for they take memory: then training waits too.
    """

    def __init__(self, most_networks: int, n_sources: int):
        self._most: float = most_networks
        self._n_sources = n_sources
        self._waiting: deque[Trained] = deque()
        self._in_hand = False
        self._changed = threading.Condition()

    def put(self, trained: Trained, stop: threading.Event) -> None:
        """Add networks when there is room; saved meanwhile, and at once when asked to stop."""
        while not stop.is_set():
            with self._changed:
                if self._has_room(len(trained.trainees)):
                    self._waiting.append(trained)
                    self._changed.notify_all()
                    return
                self._changed.wait(_BETWEEN_LOOKS_S)
            trained.save_if_due()
        trained.save()

    def get(self) -> Trained | None:
        """Take the networks that came first; None where none came for an instant."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(_BETWEEN_LOOKS_S)
            if not self._waiting:
                return None
            self._in_hand = True
            self._changed.notify_all()
            return self._waiting.popleft()

    def done(self) -> None:
        """Hear that what was taken last is evaluated."""
        with self._changed:
            self._in_hand = False
            self._changed.notify_all()

    def drain(self, stop: threading.Event) -> None:
        """Return when all that came is evaluated, or when asked to stop."""
        with self._changed:
            while (self._waiting or self._in_hand) and not stop.is_set():
                self._changed.wait(_BETWEEN_LOOKS_S)

    def lift_bound(self) -> None:
        """Let any number wait: who trains and who evaluates now take turns."""
        with self._changed:
            self._most = math.inf
            self._changed.notify_all()

    def end(self) -> None:
        """Hear that one of the sources will add nothing more."""
        with self._changed:
            self._n_sources -= 1
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether none waits and none will come."""
        with self._changed:
            return not self._waiting and not self._n_sources

    def save_if_due(self) -> None:
        """Save those whose last checkpoints are older than wanted."""
        for trained in self._all():
            trained.save_if_due()

    def save(self) -> None:
        """Save all: their turn will not come."""
        for trained in self._all():
            trained.save()

    def _all(self) -> tuple[Trained, ...]:
        with self._changed:
            return tuple(self._waiting)

    def _has_room(self, n_networks: int) -> bool:
        there = sum(len(trained.trainees) for trained in self._waiting)
        return there == 0 or there + n_networks <= self._most
