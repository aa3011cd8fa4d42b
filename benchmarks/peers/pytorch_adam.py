"""Adam of Keras and gridjax in PyTorch, as operations on lists of tensors.

torch.optim.Adam adds epsilon to the corrected root, Keras and gridjax to the plain one. The
difference is a new epsilon for every step, which neither a CUDA graph nor a compiled step can
hold. Here the step is a tensor on the device. Parameters may have any leading axes, such as one
of networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor  # pyright: ignore[reportMissingImports]

from .pytorch_rnn import B1, B2, EPSILON


class Adam:
    """Moments of parameters, and their update in place."""

    def __init__(self, parameters: Sequence[Tensor], learning_rate: float):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.first = [torch.zeros_like(each) for each in self.parameters]
        self.second = [torch.zeros_like(each) for each in self.parameters]
        self.powers = torch.ones(2, device=self.parameters[0].device, dtype=torch.float64)
        """B1 and B2 to the power of the number of updates"""
        self._betas = self.powers.new_tensor([B1, B2])

    def reset(self) -> None:
        """Forget all updates, in the same memory."""
        torch._foreach_zero_(self.first)
        torch._foreach_zero_(self.second)
        self.powers.fill_(1.0)

    def update(self, gradients: Sequence[Tensor]) -> None:
        """Make one update of the parameters."""
        gradients = list(gradients)
        self.powers.mul_(self._betas)
        torch._foreach_mul_(self.first, B1)
        torch._foreach_add_(self.first, gradients, alpha=1 - B1)
        torch._foreach_mul_(self.second, B2)
        torch._foreach_addcmul_(self.second, gradients, gradients, value=1 - B2)
        remaining = 1 - self.powers
        scale = -self.learning_rate * remaining[1].sqrt() / remaining[0]
        roots = torch._foreach_sqrt(self.second)
        torch._foreach_add_(roots, EPSILON)
        change = torch._foreach_mul(self.first, scale.float())
        torch._foreach_addcdiv_(self.parameters, change, roots)
