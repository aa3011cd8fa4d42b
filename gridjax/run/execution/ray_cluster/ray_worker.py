"""The actor of a Ray cluster: it supervises one worker process and passes messages on.

The actor imports no JAX. JAX starts in the worker process, which inherits the environment of the
actor and therefore sees the accelerator that Ray has reserved (CUDA_VISIBLE_DEVICES). When the
actor is killed, its worker process ends at once; when the worker process is killed or has no memory
left, the next block starts a new one.
"""

from __future__ import annotations

import os
import queue
import secrets
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from socket import gethostname
from typing import Any

from gridjax.io.folder_lock import writer
from gridjax.run.execution.child_process import Message
from gridjax.run.execution.worker_link import WorkerLink

FOLDER_S = 60.0
"""Longest wait until the run folder is visible on the host of the actor, seconds."""
DRIVER_SILENT_S = 600.0
"""Seconds without an exchange after which an actor takes the process of its run for dead."""
_STEPS, _NETWORKS = "TrainingSteps", "NetworkFinished"


class RayWorker:
    """Actor that runs blocks in a worker process, and reports at every exchange."""

    def __init__(
        self,
        setup: Message,
        environment: Mapping[str, str],
        place_maps: Mapping[str, bytes],
        folder: str,
        driver: Message,
    ):
        """``driver`` is the record of the process of the run in the run folder ``folder``.

        ``place_maps`` are the .npy files of measured place cells by their sha256.
        """
        own = [path for path in sys.path if path]
        missing = [path for path in setup["sys_path"] if path and path not in own]
        sys.path.extend(missing)
        self._maps = tempfile.TemporaryDirectory(prefix="gridjax-")
        files = {}
        for digest, content in place_maps.items():
            files[digest] = str(Path(self._maps.name) / f"{digest}.npy")
            Path(files[digest]).write_bytes(content)
        setup = setup | {"sys_path": sys.path, "place_maps": files}
        self._folder, self._driver = Path(folder), driver
        self._link = WorkerLink(setup, self._receive, environment=environment)
        self._orders: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._news = threading.Condition()
        self._state: Message = {"start": None, "order": 0, "answer": None, "sees_folder": None}
        self._is_new = True
        self._events: list[Message] = []
        self._asked_at = time.monotonic()
        context = import_module("ray").get_runtime_context()
        self._place: Message = {
            "incarnation": secrets.token_hex(8),
            "host": gethostname(),
            "pid": os.getpid(),
            "node": context.get_node_id(),
        }
        self._metrics = _Metrics()
        threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._watch_driver, daemon=True).start()

    def exchange(self, number: int, order: Message | None, patience_s: float) -> Message:
        """Take an order; return the state and the new events after at most ``patience_s``.

        Args:
            number: number of the order; a repeated order is ignored.
            order: block and job for the worker process; None if the order was confirmed.
            patience_s: seconds; an answer of the worker process is returned at once.

        Returns a mapping with the place of the actor (host, pid, node, incarnation), the answer of
        the worker process to its start and to the last order, the number of this order, and events.
        """
        with self._news:
            self._asked_at = time.monotonic()
            if order is not None and number > self._state["order"]:
                self._state |= {"order": number, "answer": None}
                self._orders.put(order)
            self._news.wait_for(lambda: self._is_new, patience_s)
            self._asked_at, self._is_new = time.monotonic(), False
            events, self._events = self._events, []
            self._metrics.set_speed()
            return self._place | self._state | {"events": events}

    def ask_to_stop(self) -> None:
        """Request that the worker process saves its networks at the end of the current chunk."""
        self._link.ask_to_stop()

    def close(self) -> None:
        """End the worker process."""
        self._orders.put(None)
        self._link.close()
        self._maps.cleanup()

    def _tell(self, **state: Any) -> None:
        with self._news:
            self._state |= state
            self._is_new = True
            self._news.notify_all()

    def _receive(self, message: Message) -> None:
        """Keep an event of the worker process; join the steps of several chunks of one block."""
        kind, values = message["event"], message["values"]
        with self._news:
            self._metrics.count(kind, values)
            last = self._events[-1] if self._events else None
            if kind == _STEPS and last is not None and last["event"] == _STEPS:
                for name in ("network_steps", "flop"):
                    last["values"][name] += values[name]
            else:
                self._events.append(message)

    def _work(self) -> None:
        """Start the worker process, then carry out orders; runs in a thread."""
        try:
            self._tell(sees_folder=self._wait_for_folder())
            self._tell(start=_answer(self._link.start()))
            while (order := self._orders.get()) is not None:
                self._tell(answer=_answer(self._link.run(order)))
        except BaseException:
            failure = {"failure": traceback.format_exc()}
            self._tell(start=failure, answer=failure)

    def _wait_for_folder(self) -> bool:
        """Return whether the run folder is the folder that the process of the run writes."""
        deadline = time.monotonic() + FOLDER_S
        while writer(self._folder) != self._driver:
            if time.monotonic() > deadline:
                return False
            time.sleep(1.0)
        return True

    def _watch_driver(self) -> None:
        """End the actor if the process of the run is silent: it saves its networks first."""
        while time.monotonic() - self._asked_at < DRIVER_SILENT_S:
            time.sleep(DRIVER_SILENT_S / 20)
        self._link.ask_to_stop()
        self._link.close()
        os._exit(1)


def _answer(answer: Message | int) -> Message:
    return {"ended": answer} if isinstance(answer, int) else answer


class _Metrics:
    """Metrics of the worker for the dashboard of Ray."""

    def __init__(self):
        metrics = import_module("ray.util.metrics")
        counter, gauge = metrics.Counter, metrics.Gauge
        self._networks = counter("gridjax_networks_finished", "networks with results")
        self._steps = counter("gridjax_gradient_steps", "gradient steps of all networks")
        self._speed = gauge("gridjax_steps_per_s", "gradient steps per second of a worker")
        self._since, self._n_steps = time.monotonic(), 0

    def count(self, kind: str, values: Mapping[str, Any]) -> None:
        """Count finished networks and gradient steps."""
        n_networks = len(values["run_ids"]) if kind == _NETWORKS else 0
        n_steps = values["network_steps"] if kind == _STEPS else 0
        if n_networks:
            self._networks.inc(n_networks)
        if n_steps:
            self._steps.inc(n_steps)
            self._n_steps += n_steps

    def set_speed(self) -> None:
        """Set the speed since the last call."""
        now = time.monotonic()
        if now - self._since > 1:
            self._speed.set(self._n_steps / (now - self._since))
            self._since, self._n_steps = now, 0
