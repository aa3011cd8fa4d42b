"""The queue of trained networks that wait for evaluation."""

from __future__ import annotations

import math
import threading
from collections import deque

from gridjax.run.execution.lane_block import Trained

_BETWEEN_LOOKS_S = 0.1


class Waiting:
    """Queue of trained networks, evaluated in the order of their arrival.

    Waiting networks use memory. When ``most_networks`` are waiting, training waits too.
    """

    def __init__(self, most_networks: int, n_sources: int):
        self._most: float = most_networks
        self._n_sources = n_sources
        self._waiting: deque[Trained] = deque()
        self._in_hand = False
        self._changed = threading.Condition()

    def put(self, trained: Trained, stop: threading.Event) -> None:
        """Add networks when there is room; save them when their checkpoint is due during the wait.

        Once ``stop`` is set, the networks are saved and not added.
        """
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
        """Remove and return the networks that arrived first; None if none arrive within 0.1 s."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(_BETWEEN_LOOKS_S)
            if not self._waiting:
                return None
            self._in_hand = True
            self._changed.notify_all()
            return self._waiting.popleft()

    def done(self) -> None:
        """Record that the networks removed last are evaluated."""
        with self._changed:
            self._in_hand = False
            self._changed.notify_all()

    def drain(self, stop: threading.Event) -> None:
        """Wait until all added networks are evaluated or ``stop`` is set."""
        with self._changed:
            while (self._waiting or self._in_hand) and not stop.is_set():
                self._changed.wait(_BETWEEN_LOOKS_S)

    def lift_bound(self) -> None:
        """Remove the limit on waiting networks, because training and evaluation now alternate."""
        with self._changed:
            self._most = math.inf
            self._changed.notify_all()

    def end(self) -> None:
        """Record that one of the ``n_sources`` sources will add no more networks."""
        with self._changed:
            self._n_sources -= 1
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether the queue is empty and no source will add networks."""
        with self._changed:
            return not self._waiting and not self._n_sources

    def save_if_due(self) -> None:
        """Save the waiting networks whose next checkpoint is due."""
        for trained in self._all():
            trained.save_if_due()

    def save(self) -> None:
        """Save all waiting networks, which this call of the run will not evaluate."""
        for trained in self._all():
            trained.save()

    def _all(self) -> tuple[Trained, ...]:
        with self._changed:
            return tuple(self._waiting)

    def _has_room(self, n_networks: int) -> bool:
        there = sum(len(trained.trainees) for trained in self._waiting)
        return there == 0 or there + n_networks <= self._most
