"""Four parts of a run at the same time, killed and stopped at random, until the run is complete."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from torture.part_victim import N_NETWORKS, N_PARTS, parted
from torture.test_kills import check_finished
from torture.test_together import Reader

import gridjax as gj
from gridjax.run.storage.status import status

TESTS = Path(__file__).parents[1]
SEED = 20261128
N_STEPS = int(os.environ.get("GRIDJAX_PART_STEPS", "100000"))
FAULTS = int(os.environ.get("GRIDJAX_PART_FAULTS", "24"))
LONGEST_PAUSE_S, LONGEST_S = 6.0, 1500.0


class PartProcess:
    """One part, which is started again until it is finished, as a batch system does."""

    steps = N_STEPS

    def __init__(self, folder, number):
        self.folder, self.part = folder, f"{number}/{N_PARTS}"
        self.n_steps, self.codes = 0, []
        self.start()

    def start(self):
        paths = [str(TESTS), str(TESTS.parent)]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        command = [sys.executable, "-m", "torture.part_victim", self.folder, self.steps, self.part]
        self.process = subprocess.Popen(
            [*map(str, command)], stdout=subprocess.PIPE, env=environment, text=True
        )
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,))
        self.reader.start()
        self.n_steps_before = self.n_steps

    def is_training(self):
        """Return whether the process runs and has trained."""
        return self.process.poll() is None and self.n_steps > self.n_steps_before

    def read(self, pipe):
        with pipe:
            for line in pipe:
                if line.endswith("}\n"):
                    told = json.loads(line)
                    self.n_steps += told.get("steps", 0)
                    assert "error" not in told, told

    def is_done(self):
        """Return whether the part is finished; start it again if it was killed."""
        code = self.process.poll()
        if code is None or self.codes[-1:] == [0]:
            return self.codes[-1:] == [0]
        self.reader.join()
        self.codes.append(code)
        assert code in (0, -signal.SIGKILL), (self.part, code)
        if code:
            self.start()
        return not code

    def end(self):
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.reader.join()


@pytest.mark.slow
def test_four_parts_at_once_are_killed_and_stopped_at_random(tmp_path, capsys):
    """Every part runs on until it is finished; a reader finds complete files at all times."""
    draw, folder, whole = random.Random(SEED), tmp_path / "run", tmp_path / "whole"
    gj.train(parted(N_STEPS), whole)
    reader = Reader(folder)
    reader.start()
    parts = [PartProcess(folder, number) for number in range(1, N_PARTS + 1)]
    began, faults = time.monotonic(), {"SIGKILL": 0, "SIGSTOP": 0}
    try:
        while sum(part.is_done() for part in parts) < N_PARTS:
            assert time.monotonic() < began + LONGEST_S
            time.sleep(draw.uniform(0, 2 * LONGEST_PAUSE_S / N_PARTS))
            running = [part for part in parts if part.is_training()]
            if not running or sum(faults.values()) >= FAULTS:
                continue
            name, victim = draw.choice(list(faults)), draw.choice(running)
            victim.process.send_signal(getattr(signal, name))
            faults[name] += 1
            if name == "SIGSTOP":
                time.sleep(draw.uniform(0, LONGEST_PAUSE_S))
                victim.process.send_signal(signal.SIGCONT)
    finally:
        for part in parts:
            part.end()
        reader.done.set()
        reader.join()
    made = sum(part.n_steps for part in parts)
    needed = N_NETWORKS * N_STEPS  # the steps of one that diverged count as made
    with capsys.disabled():
        print(
            f"\n{faults} (seed {SEED}) in {time.monotonic() - began:.0f} s:"
            f" {made:,} steps made, {made / needed - 1:.1%} more than needed"
        )
    assert reader.error is None, reader.error
    assert reader.n_rows == sorted(reader.n_rows)
    assert reader.states <= {"running", "finished", "stopped", "killed"}
    networks = gj.open_run(folder).networks
    assert len(networks) == networks["run_id"].nunique() == N_NETWORKS
    assert status(folder)["parts"]["finished"] == list(range(1, N_PARTS + 1))
    check_finished(folder, whole)
