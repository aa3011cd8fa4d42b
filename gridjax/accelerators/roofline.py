"""Roofline model: time of kernels from their arithmetic, the bytes that they move, and launches.

The time of a kernel is the time of its arithmetic or the time of its bytes, whichever is longer,
plus the time of a launch. Kernels do not overlap. The model ignores caches and tiles: its times are
predictions, not measurements.

Source: Williams, Waterman & Patterson 2009, Communications of the ACM 52(4):65, for each kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.accelerators.card_info import VECTOR, CardInfo
from gridjax.accelerators.compiled_program import Kernel, Launches

REACHED_RATE, REACHED_BANDWIDTH = 0.75, 0.85
"""Shares of the card's peak rates that programs without special tuning reach.

On an H200, products of 8,192 x 8,192 reached 73 % of the peak in TF32 and 77 % in bfloat16 and
float32, and an addition 85 % of the bandwidth (benchmarks/results/accelerator-h200.json). The same
shares are assumed for the other cards."""


@dataclass(frozen=True)
class Roofline:
    """Predicted time of some launches, in seconds, by the resource that limits each kernel."""

    arithmetic_s: float
    """time of the kernels that arithmetic limits"""
    bytes_s: float
    """time of the kernels that the memory limits"""
    launch_s: float
    """time of the launches of all kernels"""

    @property
    def total_s(self) -> float:
        """Time of all kernels, one after the other."""
        return self.arithmetic_s + self.bytes_s + self.launch_s

    @property
    def limit(self) -> str:
        """The largest part: arithmetic, memory or launches."""
        parts = {
            "arithmetic": self.arithmetic_s,
            "memory": self.bytes_s,
            "launches": self.launch_s,
        }
        return max(parts, key=parts.__getitem__)


def predict(launched: Launches, card: CardInfo) -> Roofline:
    """Predict the time of launches on a card.

    Raises ValueError if a kernel needs a kind of arithmetic that the card lacks.
    """
    arithmetic = moving = 0.0
    for kernel, times in launched.of:
        of_arithmetic, of_bytes = arithmetic_s(kernel, card), bytes_s(kernel, card)
        if of_arithmetic > of_bytes:
            arithmetic += times * of_arithmetic
        else:
            moving += times * of_bytes
    return Roofline(arithmetic, moving, launched.n_kernels * card.launch_s)


def arithmetic_s(kernel: Kernel, card: CardInfo) -> float:
    """Return the seconds of the arithmetic of one launch.

    Matrix products and the other operations of a kernel are computed by different units of the
    card, at the same time.
    """
    seconds = {kind: n / _rate(kind, card) for kind, n in kernel.operations.items() if n}
    vector = seconds.pop(VECTOR, 0.0)
    return max(vector, sum(seconds.values()))


def bytes_s(kernel: Kernel, card: CardInfo) -> float:
    """Return the seconds of the bytes that one launch moves."""
    return kernel.bytes_moved / (card.bytes_per_s * REACHED_BANDWIDTH)


def _rate(kind: str, card: CardInfo) -> float:
    if kind not in card.rates:
        raise ValueError(f"{card.label} has no {kind} arithmetic")
    return card.rates[kind] * REACHED_RATE
