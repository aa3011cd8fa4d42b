"""Requests to stop a run, from signals, a time limit or a caller."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridjax.callbacks import NetworkFinished, RunCallback, RunEvent, Stopped, TrainingSteps
from gridjax.errors import GridjaxError, Problem

EXIT_STOPPED = 75
"""Exit code of a stopped run (EX_TEMPFAIL): the same command resumes it."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")
HANG_UP = "SIGHUP"
"""The signal of a closed terminal, which may arrive several times."""
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


class StopSwitch(RunCallback):
    """Callback that stops a run on request or after a time limit.

    The time limit takes effect only after the first progress. Otherwise a limit shorter than start
    and compilation would stop every call before its first gradient step. ``ask`` takes effect at
    once.
    """

    def __init__(self, time_limit_s: float | None = None):
        self._deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
        self._asked: str | None = None
        self._progressed = False

    def ask(self, reason: str) -> None:
        """Request a stop; if there are several requests, keep the reason of the first."""
        self._asked = self._asked or reason

    def on_event(self, event: RunEvent) -> None:
        """Note gradient steps and finished networks as progress."""
        if not isinstance(event, TrainingSteps | NetworkFinished):
            return
        if not self._progressed and self._is_late():
            self.ask("the time limit, which start and compilation alone exceeded; use a longer one")
        self._progressed = True

    def on_poll(self) -> None:
        """Raise Stopped if a stop was requested or the time limit has passed."""
        if self.reason is not None:
            raise Stopped(self.reason)

    @property
    def reason(self) -> str | None:
        """The reason to stop, or None."""
        if self._progressed and self._is_late():
            self.ask("the time limit")
        return self._asked

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline


def time_limit_callbacks(limit: float | str | None) -> list[RunCallback]:
    """Return the callback that stops a run after a time in seconds or in text; [] without a limit.

    Raises GridjaxError if the limit is no positive time.
    """
    if limit is None:
        return []
    text = limit if isinstance(limit, str) else f"{limit:.9f}"
    return [StopSwitch(read_duration(text, "time_limit"))]


@contextmanager
def on_signals(switch: StopSwitch) -> Iterator[None]:
    """Request a stop when a signal arrives; SIGINT after another signal ends the process at once.

    SIGTERM, SIGUSR1 and SIGHUP may arrive several times: a batch system can send them to the script
    of a job, which passes them on, and to this process itself. SIGHUP has no effect if the process
    ignores it, as with nohup.
    """
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]

    def handle(number: int, frame: Any) -> None:
        switch.ask(signal.Signals(number).name)
        signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, handle)
    hang_up = getattr(signal, HANG_UP, None)
    on_hang_up = None if hang_up is None else signal.getsignal(hang_up)
    if hang_up is not None and on_hang_up != signal.SIG_IGN:
        signal.signal(hang_up, lambda number, frame: switch.ask(HANG_UP))

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield
    finally:
        restore()
        if hang_up is not None:
            signal.signal(hang_up, on_hang_up)


def read_duration(text: str, option: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``30m``, ``1h30m`` or ``90`` (seconds).

    Raises GridjaxError for any other text.
    """
    parts = _PART.findall(text)
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text:
        seconds = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else -1.0
    if not text or seconds <= 0:
        fix = f"write a positive time such as {option} 90s, 30m or 1h30m"
        raise GridjaxError(Problem(f"{option} {text} is not a time", fix=fix))
    return seconds
