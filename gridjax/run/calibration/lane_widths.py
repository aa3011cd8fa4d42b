"""Speed of a plan on this machine, measured for its most expensive buckets at several lane widths.

The measurement does not change a run. The lane width affects the last bits of the results, so a run
always uses the lane width of its plan.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax.errors import MemoryShortageError
from gridjax.io.numbers import duration, quantity
from gridjax.run.calibration.timed_workers import TimedWorkers
from gridjax.run.planning.blocks import Block
from gridjax.run.planning.lane_width import is_cpu
from gridjax.run.planning.plan import Bucket, Plan, flop_per_step
from gridjax.run.planning.plan_table import table_rows
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block

if TYPE_CHECKING:
    from rich.table import Table

COVERED = 0.9
"""Share of the work of a plan that the measured buckets cover; their rates predict the rest."""
MOST_BUCKETS = 6
_WIDTHS_OF_CPU = (1, 2, 4, 8)
_NARROWEST = 1 / 8
"""Smallest measured lane width on an accelerator, relative to the smallest of the plan."""


@dataclass(frozen=True)
class Rate:
    """Measured speed of one bucket at one lane width, with all workers training at once."""

    bucket: int
    """index of the bucket in its plan"""
    lane_width: int
    compile_s: float
    """seconds from the start to the end of the first steps, including compilation"""
    step_s: float
    """wall-clock seconds of one gradient step: elapsed time divided by the steps of all networks"""
    flop_per_s: float
    """floating-point operations per second of all workers together"""
    block_bytes: int
    """memory of a block on its device in bytes, as the compiler reports it"""


@dataclass(frozen=True)
class Measurement:
    """Measured rates of a plan on this machine, and its predicted time by lane width."""

    rates: tuple[Rate, ...]
    share: float
    """share of the work of the plan that the measured buckets contain"""
    seconds: dict[int, float]
    """lane width -> predicted seconds for training the whole plan, with compilation but without
    evaluation"""
    n_workers: int
    """workers that trained at the same time"""

    @property
    def best(self) -> int:
        """The lane width with the shortest time."""
        return min(self.seconds, key=self.seconds.__getitem__)

    def typical(self) -> tuple[float, float] | None:
        """Return the median FLOP/s and the median compilation time (s) at the best lane width.

        None if nothing could be measured.
        """
        if not self.seconds:
            return None
        best = [rate for rate in self.rates if rate.lane_width == self.best]
        return (
            float(np.median([rate.flop_per_s for rate in best])),
            float(np.median([rate.compile_s for rate in best])),
        )

    def to_json(self) -> dict[str, Any]:
        """The measurement as JSON values."""
        rates = [vars(rate) for rate in self.rates]
        seconds = {str(width): each for width, each in self.seconds.items()}
        best = {"lane_width": self.best, "seconds": self.seconds[self.best]} if seconds else None
        return {"rates": rates, "share": self.share, "seconds": seconds, "best": best}


def measure(
    plan: Plan, kind: str, workers: TimedWorkers, seconds: float = 2.0, is_fused: bool = False
) -> Measurement:
    """Train the most expensive buckets of a plan for some seconds each, at every lane width.

    ``candidate_widths`` gives the lane widths. ``kind`` is the name that the devices of
    ``workers`` report. A lane width that needs more memory than a device has is left out.
    ``seconds`` is the time for each bucket at each lane width. ``is_fused`` is the setting
    ``fused_recurrence``.
    """
    work = [flop_per_step(bucket.static) * bucket.n_network_steps for bucket in plan.buckets]
    order = sorted(range(len(work)), key=lambda index: -work[index])
    covered = np.cumsum([0, *(work[index] for index in order)])[:-1]
    n_chosen = len(list(takewhile(lambda done: done < COVERED * sum(work), covered)))
    chosen = order[: min(MOST_BUCKETS, n_chosen)]
    widths = candidate_widths(kind, [plan.buckets[i] for i in chosen])
    rates: list[Rate] = []
    for width in widths:
        of_width = [
            _rate(index, plan.buckets[index], width, workers, seconds, is_fused) for index in chosen
        ]
        rates += [rate for rate in of_width if rate is not None]
    whole = {
        width: _whole(plan, [rate for rate in rates if rate.lane_width == width], workers)
        for width in widths
        if sum(rate.lane_width == width for rate in rates) == len(chosen)
    }
    share = sum(work[index] for index in chosen) / sum(work)
    return Measurement(tuple(rates), share, whole, len(workers))


def candidate_widths(device_kind: str, buckets: Sequence[Bucket]) -> list[int]:
    """Return the lane widths to measure, the smallest one first.

    On a CPU they are small, and below twice the number of networks. On an accelerator they are the
    widths of the plan and the powers of two below them.
    """
    if is_cpu(device_kind):
        widest = max(len(bucket.specs) for bucket in buckets)
        return [width for width in _WIDTHS_OF_CPU if width < 2 * widest]
    planned = {bucket.lane_width for bucket in buckets}
    low, high = min(planned) * _NARROWEST, max(planned)
    powers = (2**power for power in range(high.bit_length()))
    return sorted(planned | {width for width in powers if low <= width <= high})


def _whole(plan: Plan, rates: Sequence[Rate], workers: TimedWorkers) -> float:
    """Return the predicted seconds of a plan at one lane width.

    The time of a bucket without a measured rate is predicted from its operations.
    """
    by_bucket = {rate.bucket: rate for rate in rates}
    flop_per_s = float(np.median([rate.flop_per_s for rate in rates]))
    compile_s = float(np.median([rate.compile_s for rate in rates]))
    # workers compile different buckets at the same time; two workers never share a bucket
    at_once = min(len(workers), len(plan.buckets))
    total = 0.0
    for index, bucket in enumerate(plan.buckets):
        rate = by_bucket.get(index)
        other = flop_per_step(bucket.static) / flop_per_s
        total += bucket.n_network_steps * (rate.step_s if rate else other)
        total += (rate.compile_s if rate else compile_s) / at_once
    return total


def _rate(
    index: int,
    bucket: Bucket,
    width: int,
    workers: TimedWorkers,
    seconds: float,
    is_fused: bool,
) -> Rate | None:
    """Measure one bucket at one width; None if the device has too little memory for it."""
    block = Block(bucket.static, width, {spec: (spec,) for spec in bucket.specs[:width]})
    try:
        begun = time.perf_counter()
        workers.at_once(lambda _, worker: worker.begin(block, is_fused))
        start = time.perf_counter()
        made = workers.at_once(lambda _, worker: worker.train_for(seconds))
        end = time.perf_counter()
    except MemoryShortageError:
        return None
    n_steps = sum(each.n_steps for each in made)
    if n_steps == 0:  # all networks diverged in the first steps
        return None
    step_s = (end - start) / n_steps
    flop_per_s = flop_per_step(bucket.static) / step_s
    n_bytes = _block_bytes(bucket, width, is_fused)
    return Rate(index, width, start - begun, step_s, flop_per_s, n_bytes)


def _block_bytes(bucket: Bucket, width: int, is_fused: bool) -> int:
    shapes = shapes_of_block(bucket.specs[0], bucket.static, width)
    return bytes_needed(compile_chunk(bucket.static, width, *shapes, is_fused))


def measured_table(measurement: Measurement, plan: Plan) -> Table:
    """Return the measurement as a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for name in ("lanes", "first steps", "network-step", "GFLOP/s", "memory", "predicted"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("bucket", overflow="fold")
    buckets = table_rows(plan)
    for rate in measurement.rates:
        table.add_row(
            str(rate.lane_width),
            f"{rate.compile_s:.1f} s",
            f"{rate.step_s * 1e3:.3g} ms",
            f"{rate.flop_per_s / 1e9:.3g}",
            f"{quantity(rate.block_bytes)}B",
            f"{quantity(plan.buckets[rate.bucket].bytes_per_lane * rate.lane_width)}B",
            buckets[rate.bucket][-1],
        )
    return table


def measured_lines(measurement: Measurement) -> list[str]:
    """Return the lines that give the predicted time of the plan and the best lane width."""
    if not measurement.seconds:
        return ["no lane width could be measured: too little memory, or all networks diverge"]
    times = [
        f"{duration(seconds)} at lane width {width}"
        for width, seconds in measurement.seconds.items()
    ]
    rest = f"; {measurement.share:.0%} of the work measured, the rest predicted from its FLOP"
    share = rest if measurement.share < 1 else ""
    best = measurement.best
    return [
        f"training of all networks, without evaluation{share}: " + ", ".join(times),
        f"fastest: --set gridjax.lane_width={best} (the lane width changes the last bits of the"
        " results, so a run never chooses it by speed)",
    ]
