"""A worker process, and the exchange of messages with it.

The process is started again for the next block after it has ended. The module imports no JAX, so
that a process that only passes messages on stays small.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from gridjax.run.execution.child_process import (
    ON_ONE_CORE,
    Message,
    decode,
    encode,
    pipe_of,
    start_python,
)

_END_S = 60.0
_PROGRAM = "gridjax.run.execution.worker_process"


class WorkerLink:
    """Starts a worker process, sends blocks to it and receives its events."""

    def __init__(
        self,
        setup: Message,
        on_event: Callable[[Message], None],
        locks: Sequence[int] = (),
        environment: Mapping[str, str] = ON_ONE_CORE,
    ):
        """``setup`` is the first message; ``on_event`` receives the event messages of blocks."""
        self._setup, self._on_event = setup, on_event
        self._locks, self._environment = locks, environment
        self._process: subprocess.Popen[str] | None = None
        self._is_ready = False
        self._lock = threading.Lock()
        self._must_stop = False

    def start(self) -> Message | int:
        """Start the process, if it is not running, and wait until it can take a block.

        Returns the message ``ready`` with its device and its versions, the message of an error, or
        the exit code of a process that ended.
        """
        process = self._started()
        if self._is_ready:
            return {}
        answer = self._answer(process)
        self._is_ready = isinstance(answer, dict) and "ready" in answer
        return answer

    def run(self, message: Message) -> Message | int:
        """Run the block of a message.

        Returns the last message of the process about the block, which says ``done`` or contains an
        error, or the exit code of a process that ended. After an error or an end, and if the
        process reports that it is full, the next block starts a new process.
        """
        answer = self.start()
        if self._is_ready:
            self._send(self._started(), message)
            answer = self._answer(self._started())
        if isinstance(answer, dict) and answer.get("is_full"):
            self.close()
        return answer

    def ask_to_stop(self) -> None:
        """Request that the process saves its networks at the end of the current chunk."""
        with self._lock:
            self._must_stop = True
            if self._process is not None:
                self._send(self._process, {"stop": True})

    def close(self) -> None:
        """End the process, after the files that it is writing are complete or removed."""
        process, self._process = self._process, None
        self._is_ready = False
        if process is None:
            return
        self._send(process, {"end": True})
        with suppress(OSError):
            pipe_of(process.stdin).close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        pipe_of(process.stdout).close()

    def _answer(self, process: subprocess.Popen[str]) -> Message | int:
        """Pass events on until another message arrives; return it, or the exit code."""
        for line in pipe_of(process.stdout):
            if not line.endswith("\n"):
                break  # the process was killed while it wrote
            message = decode(line)
            if "event" in message:
                self._on_event(message)
                continue
            if "done" not in message and "ready" not in message:
                self.close()
            return message
        code = process.wait()
        self.close()
        return code

    def _started(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._process is None:
                self._process = start_python(_PROGRAM, self._setup, self._locks, self._environment)
                if self._must_stop:
                    self._send(self._process, {"stop": True})
            return self._process

    def _send(self, process: subprocess.Popen[str], message: Message) -> None:
        with suppress(OSError, ValueError):  # the process has ended: reading its output shows it
            pipe = pipe_of(process.stdin)
            pipe.write(encode(message))
            pipe.flush()
