"""Measured speed of a plan on this machine: each lane width, on the buckets that cost the most.

Nothing here changes what a run does: a width decides the last bits of its numbers, so a run takes
the one it is given.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from gridjax.io.numbers import duration, quantity
from gridjax.run.execution.devices import Devices
from gridjax.run.execution.lane_block import Block
from gridjax.run.execution.out_of_memory import is_exhausted
from gridjax.run.execution.train_loop import next_chunk
from gridjax.run.planning.memory_model import bytes_per_lane
from gridjax.run.planning.plan import Bucket, Plan, default_lane_width, flop_per_step, table_rows
from gridjax.spec.network import NetworkSpec
from gridjax.training import population
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block
from gridjax.training.population import Device

if TYPE_CHECKING:
    from rich.table import Table

COVERED = 0.9
"""Share of a plan's work whose buckets are measured; the rest is told from their rates."""
MOST_BUCKETS = 6
_WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_FIRST_STEPS = 2
_CHUNK_SECONDS = 0.25


@dataclass(frozen=True)
class Rate:
    """What was measured of one bucket at one lane width, all devices training at once."""

    bucket: int
    """number of the bucket in its plan"""
    lane_width: int
    compile_s: float
    """to the end of the first steps, compilation included"""
    step_s: float
    """wall-clock time of a gradient step of one network: time over steps of all networks"""
    flop_per_s: float
    block_bytes: int
    """that a block takes on its device, as the compiler says"""


@dataclass(frozen=True)
class Measurement:
    """What a plan will take on this machine, by lane width."""

    rates: tuple[Rate, ...]
    share: float
    """of the plan's work in the buckets that were measured"""
    seconds: dict[int, float]
    """lane width -> training of the whole plan, compilation included, evaluation not"""
    n_devices: int
    """that trained at the same time"""

    @property
    def best(self) -> int:
        """The lane width that takes the least time."""
        return min(self.seconds, key=self.seconds.__getitem__)

    def typical(self) -> tuple[float, float] | None:
        """Return the medians of FLOP/s and of the seconds of compilation at the best lane width.

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
        """Everything as JSON values."""
        rates = [vars(rate) for rate in self.rates]
        seconds = {str(width): each for width, each in self.seconds.items()}
        best = {"lane_width": self.best, "seconds": self.seconds[self.best]} if seconds else None
        return {"rates": rates, "share": self.share, "seconds": seconds, "best": best}


def measure(plan: Plan, devices: Devices, seconds: float = 2.0) -> Measurement:
    """Train the costliest buckets of a plan for some seconds each, at every lane width.

    ``plan`` may be laid out for any width. Where memory does not suffice a width is left out.
    """
    work = [flop_per_step(bucket.static) * bucket.n_network_steps for bucket in plan.buckets]
    order = sorted(range(len(work)), key=lambda index: -work[index])
    covered = np.cumsum([0, *(work[index] for index in order)])[:-1]
    n_chosen = len(list(takewhile(lambda done: done < COVERED * sum(work), covered)))
    chosen = order[: min(MOST_BUCKETS, n_chosen)]
    widths = candidate_widths(devices.evaluation.device_kind, [plan.buckets[i] for i in chosen])
    rates: list[Rate] = []
    for width in widths:
        of_width = [_rate(index, plan.buckets[index], width, devices, seconds) for index in chosen]
        rates += [rate for rate in of_width if rate is not None]
    whole = {
        width: _whole(plan, [rate for rate in rates if rate.lane_width == width], devices)
        for width in widths
        if sum(rate.lane_width == width for rate in rates) == len(chosen)
    }
    share = sum(work[index] for index in chosen) / sum(work)
    return Measurement(tuple(rates), share, whole, len(devices.training))


def candidate_widths(device_kind: str, buckets: Sequence[Bucket]) -> list[int]:
    """Return the lane widths to try: around the default, no wider than the buckets are large."""
    defaults = {default_lane_width(device_kind, bucket.static) for bucket in buckets}
    widest = max(len(bucket.specs) for bucket in buckets)
    low, high = min(defaults) / 4, max(defaults) * (8 if max(defaults) == 1 else 4)
    return [width for width in _WIDTHS if low <= width <= high and (width < 2 * widest)]


def _whole(plan: Plan, rates: Sequence[Rate], devices: Devices) -> float:
    """Seconds of a whole plan at one width: measured buckets by their rates, others by FLOP."""
    by_bucket = {rate.bucket: rate for rate in rates}
    flop_per_s = float(np.median([rate.flop_per_s for rate in rates]))
    compile_s = float(np.median([rate.compile_s for rate in rates]))
    # devices compile different buckets at the same time, none a part of one
    at_once = min(len(devices.training), len(plan.buckets))
    total = 0.0
    for index, bucket in enumerate(plan.buckets):
        rate = by_bucket.get(index)
        other = flop_per_step(bucket.static) / flop_per_s
        total += bucket.n_network_steps * (rate.step_s if rate else other)
        total += (rate.compile_s if rate else compile_s) / at_once
    return total


def _rate(index: int, bucket: Bucket, width: int, devices: Devices, seconds: float) -> Rate | None:
    """Measure one bucket at one width; None where the device has too little memory for it."""
    lanes = bucket.specs[:width]
    population.make_trainer.cache_clear()  # as many devices compile this one as there are
    trainers = [_Training(bucket, lanes, width, device) for device in devices.training]
    try:
        with ThreadPoolExecutor(len(trainers)) as threads:  # all devices at once, as in a run
            begun = time.perf_counter()
            list(threads.map(_Training.begin, trainers))
            start = time.perf_counter()
            list(threads.map(lambda training: training.train(start + seconds), trainers))
            end = time.perf_counter()
    except jax.errors.JaxRuntimeError as error:
        if not is_exhausted(error):
            raise
        return None
    n_steps = sum(training.n_steps for training in trainers)
    if n_steps == 0:  # all of these diverge at once
        return None
    step_s = (end - start) / n_steps
    flop_per_s = flop_per_step(bucket.static) / step_s
    return Rate(index, width, start - begun, step_s, flop_per_s, _block_bytes(bucket, width))


def _block_bytes(bucket: Bucket, width: int) -> int:
    shapes = shapes_of_block(bucket.specs[0], bucket.static, width)
    return bytes_needed(compile_chunk(bucket.static, width, *shapes))


class _Training:
    """One block that trains on one device until some time."""

    def __init__(self, bucket: Bucket, lanes: Sequence[NetworkSpec], width: int, device: Device):
        self.n_steps = 0
        """steps of all networks since ``begin``"""
        self._specs = lanes
        self._block = Block(population.make_trainer(bucket.static, width), width, device)
        self._chunk = _FIRST_STEPS

    def begin(self) -> None:
        """Compile and make the first steps."""
        self._block.fill(self._specs)
        self._block.train_steps(_FIRST_STEPS)

    def train(self, until: float) -> None:
        """Make steps until a time of the clock (time.perf_counter), and count them."""
        while time.perf_counter() < until:
            start = time.perf_counter()
            made = self._block.train_steps(self._chunk)
            if made == 0:
                return
            self.n_steps += made
            self._chunk = next_chunk(self._chunk, time.perf_counter() - start, _CHUNK_SECONDS)


def measured_table(measurement: Measurement, plan: Plan) -> Table:
    """Return what was measured as a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for name in ("lanes", "first steps", "a network-step", "GFLOP/s", "memory", "predicted"):
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
            f"{quantity(bytes_per_lane(plan.buckets[rate.bucket].static) * rate.lane_width)}B",
            buckets[rate.bucket][-1],
        )
    return table


def measured_lines(measurement: Measurement) -> list[str]:
    """Say what the whole plan would take, and how to have it."""
    if not measurement.seconds:
        return ["no lane width could be measured: too little memory, or networks that diverge"]
    told = [
        f"{duration(seconds)} at lane width {width}"
        for width, seconds in measurement.seconds.items()
    ]
    rest = f", {measurement.share:.0%} of the work measured, the rest by its FLOPs"
    share = rest if measurement.share < 1 else ""
    best = measurement.best
    return [
        f"training in all, evaluation not counted{share}: " + ", ".join(told),
        f"best: --set gridjax.lane_width={best}; a run takes the width it is told, for it decides"
        " last bits",
    ]
