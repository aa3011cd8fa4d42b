"""A run in a process of its own, to be killed.

``python -m torture.victim FOLDER N_STEPS WORKERS POINT OCCURRENCE`` ends itself with SIGKILL when
it passes a crash point for the n-th time; with ``-`` it runs to its end and prints how often it
passed each point. It prints lines of JSON: the steps of each chunk, resumed networks and warnings.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from torture.crashpoints import CrashPoints
from torture.quick_evaluation import quick_evaluation
from torture.sweeps import long_blocks, tortured

import gridjax as gj
from gridjax.callbacks import NetworkResumed, RunCallback, RunWarning, TrainingSteps


class Printer(RunCallback):
    """Prints events when they happen."""

    def on_event(self, event):
        if isinstance(event, TrainingSteps):
            show(steps=event.network_steps)
        if isinstance(event, NetworkResumed | RunWarning):
            show(remark=str(event))


def show(**what):
    print(json.dumps(what), flush=True)


def main(folder, n_steps, workers, point, occurrence):
    def hook(name, count):
        if name == point and count == int(occurrence):
            os.kill(os.getpid(), signal.SIGKILL)

    points = CrashPoints(folder, hook)
    with points.watching(), long_blocks(), quick_evaluation():
        try:
            gj.train(
                tortured(int(n_steps)),
                Path(folder),
                [Printer()],
                workers=int(workers),
                checkpoint_every=0,
            )
        except gj.GridjaxError as error:
            show(error=str(error), exit_code=error.exit_code)
            sys.exit(error.exit_code)
    show(points=Counter(points.names))


if __name__ == "__main__":
    main(*sys.argv[1:])
