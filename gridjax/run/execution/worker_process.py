"""The program of a worker process: ``python -m gridjax.run.execution.worker_process``.

It reads messages from its standard input and writes messages to its standard output
(gridjax.run.execution.messages). The first message names the sources of plugins; the process
answers with its device and its versions. Each further message is a block, or the request to stop or
to end. If its standard input is closed without a request to end, the process ends at once, so that
no worker continues after the process of its run was killed.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from typing import TextIO

from gridjax.errors import GridjaxError
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import Message, decode, encode
from gridjax.run.worker.machine import n_memory_maps

_IGNORED = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")
"""Signals that a terminal or a batch system also sends to the process of the run, which stops its
workers by a message."""


def main() -> None:
    """Run blocks until the standard input is closed."""
    for name in _IGNORED:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    # Messages alone may reach the original standard output; prints of plugins go to standard error.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    setup = decode(sys.stdin.readline())
    inbox: queue.Queue[Message | None] = queue.Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(inbox, stop), daemon=True).start()
    try:
        _serve(setup, inbox, stop, output)
    except GridjaxError as error:
        _send(output, messages.message_of_error(error))
    except BaseException:
        _send(output, {"failure": traceback.format_exc()})


def _listen(inbox: queue.Queue[Message | None], stop: threading.Event) -> None:
    for line in sys.stdin:
        message = decode(line)
        if "end" in message:
            inbox.put(None)
            return
        if "stop" in message:
            stop.set()
        else:
            inbox.put(message)
    os._exit(1)  # the process of the run has ended


def _serve(
    setup: Message, inbox: queue.Queue[Message | None], stop: threading.Event, output: TextIO
) -> None:
    from gridjax.run.execution.devices import describe, start_devices
    from gridjax.run.execution.plugins import load_plugin
    from gridjax.run.storage.manifest import versions
    from gridjax.run.worker.worker import MOST_MEMORY_MAPS, Worker

    sys.path[:] = setup["sys_path"]
    for path in setup["plugin_files"]:
        load_plugin(path)
    for name in setup["plugin_modules"]:
        importlib.import_module(name)
    is_deterministic = setup.get("deterministic", False)
    devices = start_devices(is_deterministic)[:1]
    _send(output, {"ready": {"device": describe(devices, is_deterministic)} | versions()})
    worker: Worker | None = None
    last_job: Message = {}
    while (message := inbox.get()) is not None:
        if worker is None or message["job"] != last_job:
            last_job = message["job"]
            job = messages.job_of(last_job)
            worker = Worker(
                job,
                devices[0],
                lambda event: _send(output, messages.message_of_event(event)),
                stop,
            )
        merge = last_job["settings"]["merge"]
        block = messages.block_of(message, merge, setup["place_maps"])
        worker.run(block, message.get("attempt", ""))
        _send(output, {"done": block.name, "is_full": n_memory_maps() > MOST_MEMORY_MAPS})


def _send(output: TextIO, message: Message) -> None:
    output.write(encode(message))
    output.flush()


if __name__ == "__main__":
    main()
