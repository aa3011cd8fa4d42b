"""A run in a process of its own, to be killed.

``python -m torture.victim FOLDER N_STEPS POINT OCCURRENCE`` dies at the OCCURRENCE-th time that it
passes a crash point; with ``-`` it runs to its end and prints how often it passed each. It prints,
a line of JSON each, the steps of every chunk and what it says.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from torture.crashpoints import CrashPoints
from torture.sweeps import tortured

import gridjax as gj
from gridjax.callbacks import NetworkResumed, RunCallback, RunWarning, TrainingSteps


class Telling(RunCallback):
    """Prints what happens, at once."""

    def on_event(self, event):
        if isinstance(event, TrainingSteps):
            tell(steps=event.network_steps)
        if isinstance(event, NetworkResumed | RunWarning):
            tell(remark=str(event))


def tell(**what):
    print(json.dumps(what), flush=True)


def main(folder, n_steps, point, occurrence):
    def hook(name, count):
        if name == point and count == int(occurrence):
            os.kill(os.getpid(), signal.SIGKILL)

    points = CrashPoints(folder, hook)
    with points.watching():
        gj.train(tortured(int(n_steps)), Path(folder), [Telling()], checkpoint_every_s=0)
    tell(points=Counter(points.names))


if __name__ == "__main__":
    main(*sys.argv[1:])
