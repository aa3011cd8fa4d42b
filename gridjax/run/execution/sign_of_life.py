"""Callback that records what the process of a run does, for ``gridjax status``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gridjax.callbacks import (
    BlockFinished,
    BlockStarted,
    RunCallback,
    RunEvent,
    RunStart,
    TrainingSteps,
)

FIRST_S, EVERY_S = 5.0, 30.0
"""Seconds from the start to the first record, and between two records."""
_WINDOW = 4
"""Records over which the speed is a mean."""


class SignOfLife(RunCallback):
    """Callback that records the blocks in training, their speed and the time left.

    ``record`` receives a mapping of JSON values:

    - ``device``: kind of device; ``workers``: number of blocks that are trained at the same time;
    - ``blocks``: for each block in training the ``host``, process (``pid``) and ``device`` of its
      worker, its gradient steps per second, summed over its networks, and the seconds since its
      last chunk;
    - ``steps_per_s``: the sum over all blocks, and ``left_s``: the predicted time to the end of
      this process's share of the run, seconds; None until it is known.
    """

    def __init__(
        self,
        record: Callable[[dict[str, Any]], None],
        device: str,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._record, self._device, self._workers, self._clock = record, device, workers, clock
        self._began, self._flop_left = clock(), 0.0
        self._next = self._began + FIRST_S
        self._steps: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._of_block: dict[str, dict[str, Any]] = {}
        self._flop = 0.0
        self._past: deque[tuple[float, float, dict[str, int]]] = deque(maxlen=_WINDOW)

    def on_start(self, start: RunStart) -> None:
        """Record the process before its first block."""
        self._flop_left = start.flop_left
        self._write()

    def on_event(self, event: RunEvent) -> None:
        """Count the gradient steps of each block."""
        match event:
            case BlockStarted(block=block, host=host, pid=pid, device=device):
                self._of_block[block] = {"host": host, "pid": pid, "device": device}
                self._steps.setdefault(block, 0)
                self._seen[block] = self._clock()
            case TrainingSteps(network_steps, flop, block):
                self._steps[block] = self._steps.get(block, 0) + network_steps
                self._seen[block] = self._clock()
                self._flop += flop
            case BlockFinished(block):
                self._steps.pop(block, None)
                self._seen.pop(block, None)
                self._of_block.pop(block, None)
            case _:
                pass

    def on_poll(self) -> None:
        """Record the process if the last record is old."""
        if self._clock() >= self._next:
            self._next = self._clock() + EVERY_S
            self._write()

    def _write(self) -> None:
        now = self._clock()
        then, flop, steps = self._past[0] if self._past else (self._began, 0.0, {})
        seconds = max(now - then, 1e-3)
        blocks = {
            block: {
                "steps_per_s": (made - steps.get(block, 0)) / seconds,
                "idle_s": now - self._seen[block],
                **self._of_block.get(block, {}),
            }
            for block, made in self._steps.items()
        }
        flop_per_s = (self._flop - flop) / seconds
        left_s = max(self._flop_left - self._flop, 0.0) / flop_per_s if flop_per_s else None
        self._past.append((now, self._flop, dict(self._steps)))
        self._record(
            {
                "device": self._device,
                "workers": self._workers,
                "blocks": blocks,
                "steps_per_s": sum(each["steps_per_s"] for each in blocks.values()),
                "left_s": left_s,
            }
        )
