"""RNN of the study in PyTorch, one network at a time: the reference of the training benchmark.

It uses the fast forms of plain PyTorch on a CPU: trajectories vectorised in NumPy, targets without
a graph, the input product outside the recurrence, a fused optimiser. The number of threads and the
form of the recurrence are options, so that the benchmark can choose the fastest.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional  # pyright: ignore[reportMissingImports]

from .numpy_motion import Paths, World, simulate

B1, B2, EPSILON = 0.9, 0.999, 1e-7


@dataclass(frozen=True)
class Config:
    """One network and its training."""

    Ng: int
    Np: int
    batch_size: int
    sequence_length: int
    learning_rate: float
    weight_decay: float
    place_cell_rf: float
    surround_scale: float
    world: World
    explicit: bool = True
    """whether the recurrence is a loop over time; otherwise torch.nn.RNN"""
    threads: int = 1
    device: str = "cpu"
    """PyTorch's name of the device"""

    def to_json(self) -> str:
        """Return the configuration as one line of JSON."""
        return json.dumps(asdict(self) | {"world": list(self.world)})

    @classmethod
    def from_json(cls, line: str) -> Config:
        """Return the configuration that to_json wrote."""
        values = json.loads(line)
        return cls(**values | {"world": World(*values["world"])})


class PlaceCells:
    """Difference-of-Softmaxes targets of place cells with one field."""

    def __init__(self, centres: Tensor, sigma_e: float, sigma_i: float):
        self.centres = centres
        self._scales = -0.5 / sigma_e**2, -0.5 / sigma_i**2

    def encode(self, positions: Tensor) -> Tensor:
        """Return the targets [..., Np] at positions [..., 2], without a gradient."""
        with torch.no_grad():
            squared = (positions[..., 0, None] - self.centres[:, 0]).square_()
            squared += (positions[..., 1, None] - self.centres[:, 1]).square_()
            centre, surround = (torch.softmax(squared * scale, dim=-1) for scale in self._scales)
            code = centre.sub_(surround)
            code += code.amin(dim=-1, keepdim=True).abs_()
            return code.div_(code.sum(dim=-1, keepdim=True))


def place_cells(config: Config, centres: Tensor) -> PlaceCells:
    """Return the place cells of a network with these centres."""
    width = config.place_cell_rf
    return PlaceCells(centres, width, config.surround_scale * width)


class PathIntegrator(nn.Module):
    """Network: start code -> state -> h_t = relu(W_x u_t + W h_{t-1}) -> logits; no biases."""

    def __init__(self, config: Config):
        super().__init__()
        self.encoder = nn.Linear(config.Np, config.Ng, bias=False)
        self.rnn = nn.RNN(2, config.Ng, nonlinearity="relu", bias=False)
        self.decoder = nn.Linear(config.Ng, config.Np, bias=False)
        self.explicit = config.explicit
        for weight in self.parameters():
            nn.init.xavier_uniform_(weight)

    def kernels(self) -> tuple[Tensor, Tensor]:
        """Return W_x [Ng, 2] and W [Ng, Ng], which act on column vectors."""
        input_weight, kernel = self.rnn.all_weights[0]
        return input_weight, kernel

    def forward(self, start_code: Tensor, moves: Tensor) -> Tensor:
        """Return the logits [time, batch, Np]."""
        if self.explicit:
            weights = (self.encoder.weight, *self.kernels(), self.decoder.weight)
            return logits_by_loop(weights, start_code, moves)
        return self.decoder(self.rnn(moves, self.encoder(start_code)[None])[0])


def logits_by_loop(weights: Sequence[Tensor], start_code: Tensor, moves: Tensor) -> Tensor:
    """Return the logits [time, batch, Np] from encoder, W_x, W and decoder by a loop over time."""
    encoder, input_weight, weight, decoder = weights
    state, kernel, states = functional.linear(start_code, encoder), weight.t(), []
    for drive in functional.linear(moves, input_weight).unbind():
        state = torch.relu(torch.addmm(drive, state, kernel))
        states.append(state)
    return functional.linear(torch.stack(states), decoder)


def objective(config: Config, cells: PlaceCells, kernel: Tensor, logits_of: Any, paths: Any) -> Any:
    """Return cross-entropy, mean over batch and time, plus the penalty on the kernel.

    ``logits_of(start_code, moves)`` is the network; ``paths`` are tensors on its device.
    """
    start, moves, positions = paths
    code = cells.encode(torch.cat([start[None], positions]))
    logits = logits_of(code[0], moves)
    loss = functional.cross_entropy(logits.flatten(0, 1), code[1:].flatten(0, 1))
    return loss + config.weight_decay * kernel.square().sum()


class Trainer:
    """One network in training."""

    def __init__(self, config: Config, seed: int = 0):
        torch.manual_seed(seed)
        self.config = config
        self.rng = np.random.default_rng(seed)
        half = config.world.box_width_m / 2
        centres = self.rng.uniform(-half, half, (config.Np, 2)).astype(np.float32)
        self.cells = self._cells(centres)
        self.network = PathIntegrator(config).to(config.device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), config.learning_rate, (B1, B2), EPSILON, fused=True
        )
        self.n_updates = 0

    def _cells(self, centres: np.ndarray) -> PlaceCells:
        return place_cells(self.config, torch.from_numpy(centres).to(self.config.device))

    def load(self, given: Mapping[str, np.ndarray]) -> None:
        """Copy weights (which act on row vectors from the right) and place cells.

        The moments of earlier updates are forgotten.
        """
        self.cells = self._cells(given["centres"])
        input_weight, kernel = self.network.kernels()
        own = {
            "encoder": self.network.encoder.weight,
            "W_x": input_weight,
            "W": kernel,
            "decoder": self.network.decoder.weight,
        }
        with torch.no_grad():
            for name, weight in own.items():
                weight.copy_(torch.from_numpy(given[name]).t())
        self.optimizer.state.clear()
        self.n_updates = 0

    def loss(self, paths: Any) -> Tensor:
        """Return the loss on trajectories, arrays or tensors."""
        on_device = [torch.as_tensor(each, device=self.config.device) for each in paths]
        kernel = self.network.kernels()[1]
        return objective(self.config, self.cells, kernel, self.network, on_device)

    def step(self, paths: Any) -> Tensor:
        """Make one gradient step on given trajectories; return the loss before it."""
        self.n_updates += 1
        # PyTorch adds epsilon to the corrected root, Keras and gridjax to the plain one.
        for group in self.optimizer.param_groups:
            group["eps"] = EPSILON / math.sqrt(1 - B2**self.n_updates)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(paths)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def train(self, n_steps: int) -> float:
        """Make gradient steps on fresh trajectories; return the last loss."""
        config, loss = self.config, torch.zeros(())
        for _ in range(n_steps):
            paths = simulate(self.rng, config.sequence_length, config.batch_size, config.world)
            loss = self.step(paths)
        return float(loss)


def serve() -> None:
    """Read JSON lines from stdin: a configuration, then requests; write one JSON line for each.

    A request is a number of steps to train, or a file (.npz) of weights and trajectories whose loss
    is returned.
    """
    config = Config.from_json(sys.stdin.readline())
    torch.set_num_threads(config.threads)
    trainer = Trainer(config)
    for line in sys.stdin:
        told: dict[str, Any] = {}
        if (wish := json.loads(line)).get("file"):
            with np.load(wish["file"]) as given:
                trainer.load(given)
                paths = Paths(given["start"], given["moves"], given["positions"])
                told["loss"] = float(trainer.loss(paths).detach())
        else:
            before = time.process_time()
            told["loss"] = trainer.train(wish["steps"])
            told["cpu_s"] = time.process_time() - before
            told["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
