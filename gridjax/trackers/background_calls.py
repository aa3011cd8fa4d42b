"""Thread that calls the functions of a tracker's library, so that training does not wait."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

PATIENCE_S = 300.0
"""Longest time that the end of a run waits for a tracker, seconds."""

_LOG = logging.getLogger(__name__)


class BackgroundCalls:
    """Calls of functions, one after the other, in a separate thread.

    The first exception is logged as a warning; the remaining calls are then dropped.
    """

    def __init__(self, label: str):
        self._label = label
        self._queue: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._has_failed = False
        # A daemon: a library that hangs must not keep Python from ending.
        self._thread = threading.Thread(target=self._work, name=f"gridjax {label}", daemon=True)
        self._thread.start()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function after the functions submitted before, and return at once."""
        self._queue.put((function, arguments))

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Wait for all calls, at most ``patience_s`` seconds."""
        self._queue.put(None)
        self._thread.join(patience_s)
        if self._thread.is_alive():
            what = f"has not answered for {patience_s:.0f} s; its record may be incomplete"
            _LOG.warning("%s %s", self._label, what)

    def _work(self) -> None:
        while (call := self._queue.get()) is not None:
            if self._has_failed:
                continue
            function, arguments = call
            try:
                function(*arguments)
            except BaseException as error:  # some libraries raise SystemExit
                self._has_failed = True
                reason = next(iter(str(error).splitlines()), "")
                what = f"{type(error).__name__}: {reason}"
                _LOG.warning("%s failed, and the run continues without it: %s", self._label, what)
