"""A run on a Ray cluster in a process of its own, to be killed.

``python -m torture.ray_victim FOLDER N_STEPS ADDRESS [ACCEPT...]`` prints lines of JSON: the
gradient steps of each report, resumed networks and warnings, and at the end whether this process
has started JAX.
"""

import signal
import sys
from pathlib import Path

from torture.part_victim import parted
from torture.victim import Printer, show

import gridjax as gj
from gridjax.run.execution.ray_cluster import actors
from gridjax.run.execution.stop_signal import EXIT_STOPPED, StopSwitch, on_signals

SILENT_S = 8.0


def main(folder, n_steps, address, *accept):
    actors.SILENT_S = SILENT_S
    switch = StopSwitch()
    try:
        with on_signals(switch):
            gj.train(
                parted(int(n_steps)),
                Path(folder),
                [Printer(), switch],
                engine="ray",
                address=address,
                checkpoint_every=2,
                accept=accept,
            )
    except gj.GridjaxError as error:
        show(error=str(error), exit_code=error.exit_code)
        sys.exit(error.exit_code)
    except gj.callbacks.Stopped as stopped:
        show(stopped=str(stopped), signal=signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
        sys.exit(EXIT_STOPPED)
    from jax._src import xla_bridge

    show(done=True, has_started_jax=xla_bridge.backends_are_initialized())


if __name__ == "__main__":
    main(*sys.argv[1:])
