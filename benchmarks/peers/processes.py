"""PyTorch trainers in separate processes, so that the threads of the libraries do not interfere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.run.worker.machine import n_cores
from gridjax.spec.network import NetworkSpec

from ..timing import in_turns, seconds_of, steps_for
from .numpy_motion import World

MISSING = "PyTorch is not installed, so it is not measured: pip install 'gridjax[bench]'"
_SHARED = (
    "Ng",
    "Np",
    "batch_size",
    "sequence_length",
    "learning_rate",
    "weight_decay",
    "place_cell_rf",
    "surround_scale",
)
_CHILD = """
from gridjax.sweep.catalog import benchmark
benchmark("peers.pytorch_rnn").serve()
"""


class Way(NamedTuple):
    """One configuration of the PyTorch trainer."""

    explicit: bool
    """whether the recurrence is a loop over time; otherwise torch.nn.RNN"""
    threads: int

    def __str__(self) -> str:
        recurrence = "loop" if self.explicit else "nn.RNN"
        return f"{recurrence}, {self.threads} thread{'s' * (self.threads > 1)}"


def ways() -> list[Way]:
    """Return the configurations among which the fastest is chosen."""
    return [Way(explicit, n) for n in sorted({1, n_cores()}) for explicit in (True, False)]


def has_pytorch() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def config_of(spec: NetworkSpec, way: Way) -> dict[str, Any]:
    """Return the trainer's configuration of the same network, as JSON values."""
    world = World(spec.box_width_in_m, spec.speed_scale, spec.turn_sd, spec.dt_s, spec.border_m)
    return {name: getattr(spec, name) for name in _SHARED} | {
        "world": list(world),
        "explicit": way.explicit,
        "threads": way.threads,
    }


class Peer:
    """Processes that each train one network, at the same time."""

    def __init__(self, spec: NetworkSpec, way: Way, n_processes: int = 1):
        self.way = way
        threads = {"OMP_NUM_THREADS": str(way.threads), "MKL_NUM_THREADS": str(way.threads)}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | threads,
            )
            for _ in range(n_processes)
        ]
        self.steps = 0
        self.peak_bytes = 0
        self.cpu_ms: list[float] = []
        """milliseconds of processor time for a network-step, in each measurement"""
        for process in self._processes:
            self._write(process, config_of(spec, way))

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *failure: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def loss(self, given: Mapping[str, np.ndarray]) -> float:
        """Return the loss that PyTorch computes from given weights and trajectories."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "given.npz"
            np.savez(file, **given)  # pyright: ignore[reportArgumentType]
            self._write(self._processes[0], {"file": str(file)})
            return self._read(self._processes[0])["loss"]

    def prepare(self, seconds: float) -> None:
        """Warm up, and find the number of steps that take ``seconds``."""
        self._train(3)
        self.steps = steps_for(seconds, self._train)

    def ms_per_network_step(self) -> float:
        """Train in every process again; return wall-clock milliseconds per network-step."""
        steps = self.steps * len(self._processes)
        ms = self._train(self.steps) * 1e3 / steps
        self.cpu_ms.append(sum(each["cpu_s"] for each in self._told) * 1e3 / steps)
        return ms

    def _train(self, n_steps: int) -> float:
        return seconds_of(lambda: self._train_all(n_steps))

    def _train_all(self, n_steps: int) -> None:
        for process in self._processes:
            self._write(process, {"steps": n_steps})
        self._told = [self._read(process) for process in self._processes]
        self.peak_bytes = max(self.peak_bytes, *(each["peak_bytes"] for each in self._told))

    def _write(self, process: subprocess.Popen[str], wish: dict[str, Any]) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(wish) + "\n")
        process.stdin.flush()

    def _read(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            problem = f"the PyTorch peer ended with exit code {process.wait()}"
            raise GridjaxError(Problem(problem, fix="read its message above, or use --no-pytorch"))
        return json.loads(line)


def timed_ways(spec: NetworkSpec, seconds: float) -> dict[Way, float]:
    """Return milliseconds per network-step of every configuration, the best of five rounds."""
    with ExitStack() as stack:
        peers = {str(way): stack.enter_context(Peer(spec, way)) for way in ways()}
        for peer in peers.values():
            peer.prepare(seconds)
        works = {name: peer.ms_per_network_step for name, peer in peers.items()}
        told = in_turns(works, 5)
    return {peer.way: min(told[name]) for name, peer in peers.items()}


def tuned_peers(spec: NetworkSpec, seconds: float) -> dict[str, Peer]:
    """Return the fastest trainer in one process, and the fastest with one process on every core."""
    best = timed_ways(spec, seconds / 4)
    single = [way for way in best if way.threads == 1]
    peers = {
        "pytorch": Peer(spec, min(best, key=lambda way: best[way])),
        "pytorch_per_core": Peer(spec, min(single, key=lambda way: best[way]), n_cores()),
    }
    for peer in peers.values():
        peer.prepare(seconds)
    return peers
