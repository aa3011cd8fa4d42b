"""Networks in training at once in PyTorch: vmap of the gradient over stacked weights.

One step is a function of tensors without a transfer to the host, and changes parameters and
moments in place: it can be compiled, and captured as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor  # pyright: ignore[reportMissingImports]
from torch.func import grad_and_value, vmap  # pyright: ignore[reportMissingImports]

from . import pytorch_motion
from .pytorch_adam import Adam
from .pytorch_rnn import Config, PathIntegrator, logits_by_loop, objective, place_cells

GIVEN = ("encoder", "W_x", "W", "decoder")
"""Names of the weights in samework.example, which act on row vectors from the right."""
STEPS_AHEAD = 16
"""Gradient steps whose trajectories are simulated in one call."""


class Population:
    """Networks of one shape in training; a single network has no axis of networks."""

    def __init__(self, config: Config, n_networks: int, seed: int = 0):
        torch.manual_seed(seed)
        assert config.explicit, "vmap has no rule for torch.nn.RNN"
        self.config, self.n_networks = config, n_networks
        networks = [PathIntegrator(config) for _ in range(n_networks)]
        each = [(n.encoder.weight, *n.kernels(), n.decoder.weight) for n in networks]
        half = config.world.box_width_m / 2
        centres = torch.empty(n_networks, config.Np, 2).uniform_(-half, half)
        tensors = [*(torch.stack(same).detach() for same in zip(*each, strict=True)), centres]
        gradient = grad_and_value(self._loss)
        if n_networks == 1:
            tensors = [one[0] for one in tensors]
        else:
            gradient = vmap(gradient)
        *self.weights, self.centres = (one.to(config.device).contiguous() for one in tensors)
        self._gradient = gradient
        self.adam = Adam(self.weights, config.learning_rate)

    def _loss(self, weights: Sequence[Tensor], centres: Tensor, paths: Sequence[Tensor]) -> Tensor:
        cells = place_cells(self.config, centres)

        def logits_of(start_code: Tensor, moves: Tensor) -> Tensor:
            return logits_by_loop(weights, start_code, moves)

        return objective(self.config, cells, weights[2], logits_of, paths)

    def load(self, given: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Copy the weights and place cells of every network, and forget all updates."""
        for weight, name in zip(self.weights, GIVEN, strict=True):
            _copy(weight, [each[name].T for each in given])
        _copy(self.centres, [each["centres"] for each in given])
        self.adam.reset()

    def step(self, paths: Sequence[Tensor]) -> Tensor:
        """Make one gradient step of all networks; return their losses before it.

        Paths are start, moves and positions as those of a Trainer, after an axis of networks.
        """
        gradients, losses = self._gradient(tuple(self.weights), self.centres, tuple(paths))
        self.adam.update(gradients)
        return losses


def _copy(tensor: Tensor, arrays: Sequence[np.ndarray]) -> None:
    tensor.copy_(torch.from_numpy(np.stack(arrays)).reshape(tensor.shape))


class Source:
    """Trajectories for the next gradient steps, simulated for many steps at once on the device."""

    def __init__(self, config: Config, n_networks: int):
        self._config, self._n = config, n_networks
        batch_size = STEPS_AHEAD * n_networks * config.batch_size
        self._drawn = pytorch_motion.empty(config.sequence_length, batch_size, config.device)
        self.walk: Callable[[], pytorch_motion.Paths] = self._walk
        """simulates the drawn numbers; may be replaced by its compiled or captured form"""
        self._ahead: list[list[Tensor]] = []

    def next(self) -> list[Tensor]:
        """Return start, moves and positions of the next step of all networks."""
        if not self._ahead:
            pytorch_motion.redraw(self._drawn, self._config.world)
            start, moves, positions = self.walk()
            each = [self._by_step(one) for one in (start[None], moves, positions)]
            each[0] = each[0].squeeze(-3)
            self._ahead = [list(step) for step in zip(*each, strict=True)]
        return self._ahead.pop()

    def _walk(self) -> pytorch_motion.Paths:
        return pytorch_motion.walk(self._drawn, self._config.world)

    def _by_step(self, paths: Tensor) -> Tensor:
        """Return [time, 2, animals] as [step, network, time, batch, 2]; without network for one."""
        parts = paths.unflatten(-1, (STEPS_AHEAD, self._n, self._config.batch_size))
        by_step = parts.permute(2, 3, 0, 4, 1).contiguous()
        return by_step[:, 0] if self._n == 1 else by_step
