"""Ways to run the PyTorch trainer: eager, compiled, as CUDA graphs, and many networks by vmap.

All train as pytorch_rnn.Trainer does, with trajectories that are simulated on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor  # pyright: ignore[reportMissingImports]

from .pytorch_population import Population, Source
from .pytorch_rnn import Config, Trainer

VARIANTS = (
    "eager",
    "vmap+graph",
    "vmap",
    "graph",
    "vmap+compile+graph",
    "compile+graph",
    "loop",
    "vmap+compile",
    "compile",
)
"""Names of the variants, the most informative first; compilation can take all the time. ``eager``
uses torch.nn.RNN (cuDNN on a card). ``loop`` is eager with a loop over time, as all others."""
EAGER = ("eager", "loop")


def why_not(name: str, device: str) -> str | None:
    """Return why a variant cannot be measured on a device, or None."""
    if device != "cpu":
        return None
    if "graph" in name.split("+"):
        return "CUDA graphs need CUDA, and PyTorch has no CUDA device here"
    if "compile" in name.split("+"):
        return "torch.compile is measured on CUDA alone, and PyTorch has no CUDA device here"
    return None


class Graph:
    """Work on static memory, captured once as a CUDA graph; a call replays it."""

    def __init__(self, work: Callable[[], Any]):
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # libraries allocate in the first calls
            for _ in range(3):
                work()
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = work()

    def __call__(self) -> Any:
        """Run the work again; the result is in the same memory."""
        self._graph.replay()
        return self._result


class Variant:
    """Networks in training, one or ``n_networks`` at once, in one of the ways of VARIANTS."""

    def __init__(self, name: str, config: Config, n_networks: int):
        ways = name.split("+")
        assert set(ways) <= {"vmap", "compile", "graph"} or name in EAGER, name
        self._device = config.device
        self.n_networks = n_networks if "vmap" in ways else 1
        self._source = Source(config, self.n_networks)
        if name in EAGER:
            trainer = Trainer(replace(config, explicit=name == "loop"))
            self._load: Callable[[Any], None] = lambda given: trainer.load(given[0])
            self._step: Callable[[Any], Tensor] = trainer.step
            return
        population = Population(replace(config, explicit=True), self.n_networks)
        self._load, self._step = population.load, population.step
        if "compile" in ways:
            self._step = torch.compile(population.step, fullgraph=True, dynamic=False)
            self._source.walk = torch.compile(self._source.walk, fullgraph=True, dynamic=False)
        if "graph" in ways:
            self._source.walk = Graph(self._source.walk)
            step, inputs = self._step, [each.clone() for each in self._source.next()]
            graph = Graph(lambda: step(inputs))

            def replay(paths: Sequence[Tensor]) -> Tensor:
                torch._foreach_copy_(inputs, paths)
                return graph()

            self._step = replay

    def losses(self, given: Sequence[Mapping[str, np.ndarray]], n_steps: int) -> list[list[float]]:
        """Load weights and make steps on given trajectories; return the losses, [step][network].

        ``given`` are arrays of samework.example; the networks of a population take turns.
        """
        given = [given[place % len(given)] for place in range(self.n_networks)]
        self._load(given)
        paths = []
        for name in ("start", "moves", "positions"):
            stacked = np.stack([each[name] for each in given])
            paths.append(torch.from_numpy(stacked).to(self._device))
        if self.n_networks == 1:
            paths = [each[0] for each in paths]
        return [self._step(paths).reshape(-1).tolist() for _ in range(n_steps)]

    def train(self, n_steps: int) -> None:
        """Make gradient steps on new trajectories, and wait for the device."""
        for _ in range(n_steps):
            self._step(self._source.next())
        if self._device != "cpu":
            torch.cuda.synchronize()
