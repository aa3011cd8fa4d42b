"""The cost of a plan in its own shapes and in padded ones.

A model of three terms: compilations, arithmetic (padding included), and empty lanes. It advises
and decides nothing. Its rates are nominal until they are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridjax.io.numbers import duration, quantity
from gridjax.run.planning.plan import Bucket, Plan, flop_per_step, make_plan


@dataclass(frozen=True)
class Rates:
    """What a machine takes for the parts of a run."""

    flop_per_s: float
    """of all its devices together, lanes full"""
    compile_s: float
    """to the first step of one bucket; what evaluates its networks is compiled in own shapes"""
    n_devices: int
    """that compile at the same time"""
    are_measured: bool = False


NOMINAL = {"cpu": Rates(50e9, 8.0, 1), "gpu": Rates(20e12, 20.0, 1)}
"""By the kind of device, of one device: those of a CPU core with AVX2, rounded
(benchmarks/results/train-avx2-cpu.json); an accelerator's stand for an order of magnitude alone."""


@dataclass(frozen=True)
class Cost:
    """What a plan is predicted to take in training."""

    n_buckets: int
    n_blocks: int
    flop: float
    """of all lanes, padding and empty ones included"""
    occupancy: float
    """share of the lanes' steps that belong to a network"""
    seconds: float

    def to_json(self) -> dict[str, float]:
        """The cost as JSON values."""
        return vars(self) | {}


@dataclass(frozen=True)
class Advice:
    """The cost of a plan in its networks' own shapes and merged."""

    own: Cost
    merged: Cost
    rates: Rates

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {"own_shapes": self.own.to_json(), "merged": self.merged.to_json()} | {
            "rates": vars(self.rates) | {}
        }


def advise(specs: Sequence[Any], lane_width: int | None, device_kind: str, rates: Rates) -> Advice:
    """Predict what a population takes in its own shapes and merged."""
    own, merged = (make_plan(specs, lane_width, device_kind, merge) for merge in (False, True))
    return Advice(cost(own, rates), cost(merged, rates), rates)


def nominal(device_kind: str, n_devices: int) -> Rates:
    """Return nominal rates for so many devices of a kind."""
    one = NOMINAL["cpu" if device_kind.lower().startswith("cpu") else "gpu"]
    return Rates(one.flop_per_s * n_devices, one.compile_s, n_devices)


def cost(plan: Plan, rates: Rates) -> Cost:
    """Predict what a plan takes.

    A lane costs the same whether a network is in it or not. Blocks are filled up as networks end,
    so a bucket takes its longest network or its mean over the lanes, whichever is more. Devices
    compile different buckets at the same time, but none compiles a part of one.
    """
    lane_steps = [_lane_steps(bucket) for bucket in plan.buckets]
    work = sum(
        steps * flop_per_step(bucket.static)
        for steps, bucket in zip(lane_steps, plan.buckets, strict=True)
    )
    at_once = max(1, min(rates.n_devices, len(plan.buckets)))
    compiling = len(plan.buckets) * rates.compile_s / at_once
    return Cost(
        n_buckets=len(plan.buckets),
        n_blocks=plan.n_blocks,
        flop=work,
        occupancy=plan.n_network_steps / max(1.0, sum(lane_steps)),
        seconds=work / rates.flop_per_s + compiling,
    )


def _lane_steps(bucket: Bucket) -> float:
    steps = [spec.n_grad_steps for spec in bucket.specs]
    return max(max(steps) * bucket.lane_width, sum(steps))


def advice_lines(advice: Advice, merges: bool) -> list[str]:
    """Say what merging would change, and what it costs; nothing where it changes nothing."""
    own, merged, rates = advice.own, advice.merged, advice.rates
    if (own.n_buckets, own.flop) == (merged.n_buckets, merged.flop):
        return []
    kind = "measured" if rates.are_measured else "nominal; --measure measures them"
    rest = f"{quantity(rates.flop_per_s)}FLOP/s and {rates.compile_s:.0f} s a bucket, {kind}"
    lines = [
        f"training, by a model ({rest}):",
        f"  in own shapes: {_told(own)}",
        f"  merged:        {_told(merged)}",
    ]
    pays = merged.seconds < own.seconds
    if pays and not merges:
        lines.append(f"--merge would take {merged.seconds / own.seconds:.0%} of the time")
    if merges and not pays:
        ratio = merged.seconds / own.seconds
        lines.append(f"without --merge it would take less: merging costs {ratio:.1f} x the time")
    return lines


def _told(cost: Cost) -> str:
    return (
        f"{cost.n_buckets:,} buckets, {cost.n_blocks:,} blocks, {quantity(cost.flop)}FLOP,"
        f" lanes {cost.occupancy:.0%} full, {duration(cost.seconds)}"
    )
