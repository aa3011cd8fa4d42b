"""The program of a process that measures training (``python -m``).

It reads messages from its standard input (gridjax.run.execution.messages) and answers each with one
line on its standard output. The first message contains the plugins to load and other sources; each
further message is a call of a method of TimedWorker. The process ends when its standard input is
closed.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import Any

from gridjax.errors import GridjaxError
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import Message, decode, encode


def main() -> None:
    """Answer messages until the standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this process
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output that plugins print
    setup = decode(sys.stdin.readline())
    worker: Any = None
    for line in sys.stdin:
        try:
            worker = worker or _start(setup)
            answer: Message = {"time": list(_call(worker, decode(line), setup))}
        except GridjaxError as error:
            answer = messages.message_of_error(error)
        except Exception:
            answer = {"failure": traceback.format_exc()}
        output.write(encode(answer))
        output.flush()


def _start(setup: Message) -> Any:
    from gridjax.run.calibration.timed_worker import TimedWorker
    from gridjax.run.execution.devices import start_devices
    from gridjax.run.execution.plugins import load_plugin

    sys.path[:] = setup["sys_path"]
    for path in setup["plugin_files"]:
        load_plugin(path)
    for name in setup["plugin_modules"]:
        importlib.import_module(name)
    return TimedWorker(start_devices(keep_programs=False)[0])


def _call(worker: Any, message: Message, setup: Message) -> Any:
    arguments = message["arguments"]
    if "block" in arguments:
        block = messages.block_of(arguments["block"], message["merge"], setup["place_maps"])
        arguments = arguments | {"block": block}
    return getattr(worker, message["call"])(**arguments)


if __name__ == "__main__":
    main()
