"""Crash points inside worker processes: Python imports this module when a process starts.

The tests put this folder on the path of the process of a run, and its worker processes inherit the
path. The environment variable ``TORTURE_WORKERS`` holds JSON with these entries:

    folder: The run folder.
    marks: A folder outside of the run. Every worker process writes the points that it passes to
        ``PID.points``, and its death to ``killed``.
    point, occurrence: The point at whose n-th pass a worker process ends itself with SIGKILL.
    deaths: How many worker processes may end so.
    most_memory_maps: The limit of gridjax.run.worker.worker.MOST_MEMORY_MAPS; optional.

If the environment variable ``TORTURE_FULL`` is set, as on one node of a cluster, the disk of the
worker process is full from the start.

The worker process then also uses the evaluation that takes no time (quick_evaluation.py). Without
the variable, or in other processes, the module does nothing.
"""

import errno
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

TAKES_SPACE = ("open", "write", "mkdir")
PROGRAM = "gridjax.run.execution.worker_process"


def watch(settings):
    """Watch this process until it ends."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from torture.crashpoints import CrashPoints
    from torture.quick_evaluation import quick_evaluation

    from gridjax.run.worker import worker

    worker.MOST_MEMORY_MAPS = settings.get("most_memory_maps", worker.MOST_MEMORY_MAPS)
    marks = Path(settings["marks"])
    points = (marks / f"{os.getpid()}.points").open("a", encoding="utf-8", buffering=1)

    def hook(name, count):
        if os.environ.get("TORTURE_FULL") and name.split()[0] in TAKES_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        points.write(name + "\n")
        is_due = name == settings["point"] and count == settings["occurrence"]
        if is_due and may_die(marks, settings["deaths"]):
            os.kill(os.getpid(), signal.SIGKILL)

    contexts = ExitStack()
    contexts.enter_context(quick_evaluation())
    contexts.enter_context(CrashPoints(settings["folder"], hook).watching())
    return contexts  # it is never closed


def may_die(marks, deaths):
    """Count a death; return whether it is allowed. Each name is created by one process only."""
    for number in range(deaths):
        try:
            os.close(os.open(marks / f"killed-{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return True
    return False


if PROGRAM in sys.orig_argv and os.environ.get("TORTURE_WORKERS"):
    WATCHING = watch(json.loads(os.environ["TORTURE_WORKERS"]))
