"""The program of a worker process: ``python -m gridjax.run.execution.worker_process``.

It reads messages from its standard input and writes messages to its standard output
(gridjax.run.execution.messages). The first message describes the run; each further message is a
block, or the request to stop or to end. If its standard input is closed without a request to end,
the process ends at once, so that no worker continues after the process of its run was killed.
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
from gridjax.run.execution.messages import Message
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
    setup = messages.decode(sys.stdin.readline())
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
        message = messages.decode(line)
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
    from gridjax.run.execution.devices import start_devices
    from gridjax.run.execution.plugins import load_plugin
    from gridjax.run.worker.worker import MOST_MEMORY_MAPS, Worker

    sys.path[:] = setup["sys_path"]
    for path in setup["plugin_files"]:
        load_plugin(path)
    for name in setup["plugin_modules"]:
        importlib.import_module(name)
    job = messages.job_of(setup["job"])
    device = start_devices()[0]
    worker = Worker(
        job, device, lambda event: _send(output, messages.message_of_event(event)), stop
    )
    while (message := inbox.get()) is not None:
        block = messages.block_of(message, job.settings.merge, setup["place_maps"])
        worker.run(block)
        _send(output, {"done": block.name, "is_full": n_memory_maps() > MOST_MEMORY_MAPS})


def _send(output: TextIO, message: Message) -> None:
    output.write(messages.encode(message))
    output.flush()


if __name__ == "__main__":
    main()
