"""Merged compilation (``--merge``): padded shapes of a plan, and the comparison of their cost.

This module contains all code of planning, execution and storage that depends on padded shapes: the
shape of the bucket of a network, the column ``padded_to`` of its row, and the comparison that
``gridjax plan`` prints. The cost model has four terms: compilations, arithmetic (including
padding), empty lanes and the launches of each gradient step of a block. It has no effect on a run.
Its rates are nominal until they are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridjax.io.numbers import duration, quantity
from gridjax.run.planning.plan import Bucket, Plan, flop_per_step, make_plan, own_shape
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config, padded_sizes
from gridjax.sweep.settings.run_settings import Settings


def padded_shape(spec: NetworkSpec) -> StaticConfig:
    """Return the static config of a network with padded sizes; unchanged if it cannot be padded."""
    return padded_config(spec.static) or spec.static


def bucket_shape(merge: bool) -> Callable[[NetworkSpec], StaticConfig]:
    """Return the function that gives the static config in which a network is trained."""
    return padded_shape if merge else own_shape


def padded_to(spec: NetworkSpec, merge: bool) -> str:
    """Return the padded sizes of a network as text, empty without merging."""
    return padded_sizes(spec) if merge else ""


@dataclass(frozen=True)
class Rates:
    """Speed of a machine in training and compilation."""

    flop_per_s: float
    """floating-point operations per second of all its workers together, with all lanes in use"""
    compile_s: float
    """seconds from the start to the first step of one bucket. The compilation of the evaluation is
    not included, because merging does not change it"""
    n_workers: int
    """number of workers; they compile at the same time"""
    are_measured: bool = False
    launch_s: float = 0.0
    """seconds of one gradient step of a block beside its operations; 0 if ``flop_per_s`` was
    measured, because it then contains them"""


NOMINAL = {"cpu": Rates(50e9, 8.0, 1), "gpu": Rates(20e12, 20.0, 1, launch_s=3e-4)}
"""Nominal rates of one device, by its kind.

The rates of a CPU are rounded measurements of one core with AVX2
(benchmarks/results/train-avx2-cpu.json). The rates of an accelerator are correct only to an
order of magnitude. Its launches are the time of no lane on the line through the measured times of
64 and 256 lanes of 128 units, rounded (benchmarks/results/accelerator-h200.json)."""


@dataclass(frozen=True)
class Cost:
    """Predicted cost of the training of a plan."""

    n_buckets: int
    n_blocks: int
    flop: float
    """floating-point operations of all lanes, including padding and empty lanes"""
    occupancy: float
    """share of the steps of all lanes in which the lane contains a network"""
    seconds: float
    """wall-clock time, in seconds"""

    def to_json(self) -> dict[str, float]:
        """The cost as JSON values."""
        return vars(self) | {}


@dataclass(frozen=True)
class Advice:
    """The cost of a plan with the networks' own shapes and with padded shapes."""

    own: Cost
    merged: Cost
    rates: Rates

    def to_json(self) -> dict[str, Any]:
        """Both costs and the rates as JSON values."""
        return {"own_shapes": self.own.to_json(), "merged": self.merged.to_json()} | {
            "rates": vars(self.rates) | {}
        }


def plan_under(settings: Settings, specs: Iterable[NetworkSpec], device_kind: str) -> Plan:
    """Divide specs into buckets and blocks under the settings of a run.

    ``device_kind`` is "cpu" or the name that JAX reports for an accelerator.
    """
    shape_of = bucket_shape(settings.merge)
    return make_plan(specs, settings.lane_width, device_kind, shape_of, settings.evaluation)


def advise(
    settings: Settings, specs: Sequence[NetworkSpec], device_kind: str, rates: Rates
) -> Advice:
    """Predict the cost of a population with own shapes and with padded shapes.

    Other settings than ``merge`` are those given.
    """
    own, merged = (
        plan_under(replace(settings, merge=merge), specs, device_kind) for merge in (False, True)
    )
    return Advice(cost(own, rates), cost(merged, rates), rates)


def nominal(device_kind: str, n_workers: int) -> Rates:
    """Return nominal rates for ``n_workers`` workers on devices of one kind."""
    one = NOMINAL["cpu" if device_kind.lower().startswith("cpu") else "gpu"]
    return replace(one, flop_per_s=one.flop_per_s * n_workers, n_workers=n_workers)


def cost(plan: Plan, rates: Rates) -> Cost:
    """Predict the cost of a plan.

    An empty lane costs as much as a full lane. Free lanes are refilled, so the number of steps of a
    bucket is that of its longest network or the mean over its lanes, whichever is larger. Workers
    compile different buckets at the same time; one bucket is never shared.
    """
    steps = [lane_steps(bucket) for bucket in plan.buckets]
    work = sum(
        of_lanes * flop_per_step(bucket.static)
        for of_lanes, bucket in zip(steps, plan.buckets, strict=True)
    )
    of_blocks = sum(of / bucket.lane_width for of, bucket in zip(steps, plan.buckets, strict=True))
    launching = of_blocks * rates.launch_s / rates.n_workers
    at_once = max(1, min(rates.n_workers, len(plan.buckets)))
    compiling = len(plan.buckets) * rates.compile_s / at_once
    return Cost(
        n_buckets=len(plan.buckets),
        n_blocks=plan.n_blocks,
        flop=work,
        occupancy=plan.n_network_steps / max(1.0, sum(steps)),
        seconds=work / rates.flop_per_s + launching + compiling,
    )


def lane_steps(bucket: Bucket) -> float:
    """Return the gradient steps of all lanes of a bucket together, empty lanes included."""
    steps = [spec.n_grad_steps for spec in bucket.specs]
    return max(max(steps) * bucket.lane_width, sum(steps))


def advice_lines(advice: Advice, merges: bool) -> list[str]:
    """Return the lines that compare both costs; no lines if the costs are equal."""
    own, merged, rates = advice.own, advice.merged, advice.rates
    if (own.n_buckets, own.flop) == (merged.n_buckets, merged.flop):
        return []
    source = "measured" if rates.are_measured else "nominal; --measure measures them"
    assumed = f"{quantity(rates.flop_per_s)}FLOP/s and {rates.compile_s:.0f} s a bucket, {source}"
    lines = [
        f"predicted training ({assumed}):",
        f"  own shapes:    {_in_words(own)}",
        f"  padded shapes: {_in_words(merged)}",
    ]
    pays = merged.seconds < own.seconds
    if pays and not merges:
        lines.append(f"--merge would take {merged.seconds / own.seconds:.0%} of this time")
    if merges and not pays:
        ratio = merged.seconds / own.seconds
        lines.append(f"--merge takes {ratio:.1f} times as long as own shapes; leave it out")
    return lines


def _in_words(cost: Cost) -> str:
    return (
        f"{cost.n_buckets:,} buckets, {cost.n_blocks:,} blocks, {quantity(cost.flop)}FLOP,"
        f" lanes {cost.occupancy:.0%} full, {duration(cost.seconds)}"
    )
