"""The plan of a population on a card that is not attached: memory, launches, arithmetic, time.

The times are predictions of a roofline model. All other numbers are read from the programs that the
compiler of the card produces.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax

from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import VECTOR, CardInfo
from gridjax.accelerators.compiled_program import Launches, launches_per_step, read_program
from gridjax.accelerators.roofline import Roofline, predict
from gridjax.errors import GridjaxError, Problem
from gridjax.run.card_plan.programs import CardProgram, evaluation_programs, training_program
from gridjax.run.planning.lane_width import evaluation_width
from gridjax.run.planning.merging import lane_steps
from gridjax.run.planning.plan import Bucket, Plan
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.shapes import steps_ahead
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.memory_analysis import bytes_needed

Report = Callable[[str], None]
"""Function that receives one line before each compilation, which can take minutes."""


@dataclass(frozen=True)
class StepOnCard:
    """One gradient step of all lanes of a block, compiled for a card."""

    block_bytes: int
    """memory of a block in training, in bytes, as the compiler reports it"""
    launches: Launches
    """kernels of one gradient step"""
    time: Roofline
    """predicted time of one gradient step"""

    @property
    def flop(self) -> float:
        """Operations of all matrix products of the step."""
        return sum(n for kind, n in self.launches.operations.items() if kind != VECTOR)

    @property
    def other_operations(self) -> float:
        """Operations of all other instructions of the step, including operations on integers."""
        return self.launches.operations.get(VECTOR, 0.0)


@dataclass(frozen=True)
class BucketOnCard:
    """One compile bucket on a card."""

    bucket: int
    """index of the bucket in its plan"""
    lane_width: int
    lane_limit: str
    """what limits the lane width; see gridjax.run.planning.lane_width"""
    compile_s: float
    """seconds of the compilation on this machine; 0 if an earlier bucket has the same program"""
    step: StepOnCard | None
    """None if the compiler refused the program"""
    refusal: str
    """first line of the compiler's message; empty if it compiled the program"""
    training_s: float
    """predicted time of the training of all networks of the bucket on one card, without compilation
    and evaluation; NaN if the compiler refused the program"""

    def fits(self, card: CardInfo) -> bool:
        """Return whether a block in training needs at most the usable memory of the card."""
        return self.step is not None and self.step.block_bytes <= card.usable_memory

    def most_lanes(self, card: CardInfo) -> int | None:
        """Return about how many lanes fit on the card, given the memory of one lane."""
        if self.step is None:
            return None
        return int(card.usable_memory * self.lane_width // self.step.block_bytes)


@dataclass(frozen=True)
class EvaluationOnCard:
    """The programs of the evaluation of one bucket on a card."""

    bucket: int
    """index of the bucket in its plan"""
    lane_width: int
    """lanes that are evaluated at the same time"""
    n_programs: int
    most_bytes: int
    """memory of the compiled program that needs the most memory, bytes"""
    refused: str
    """name of the first program that the compiler refused; empty if it compiled all of them"""
    refusal: str
    """first line of the compiler's message"""
    compile_s: float
    """seconds of the compilation on this machine, up to the first refused program"""


@dataclass(frozen=True)
class CardPlan:
    """A plan on one card."""

    card: CardInfo
    buckets: tuple[BucketOnCard, ...]
    evaluation: EvaluationOnCard | None
    """None if only training was compiled"""

    @property
    def training_s(self) -> float:
        """Predicted time of the training of all buckets, one after the other on one card."""
        return sum(each.training_s for each in self.buckets)


def plan_on_card(
    plan: Plan,
    card: CardInfo,
    settings: EvaluationSettings | None = None,
    report: Report = lambda _: None,
    is_fused: bool = False,
) -> CardPlan:
    """Compile a plan for a card and read the programs; no card is needed, and none is started.

    Training is compiled for every bucket. Evaluation is compiled for the bucket with the largest
    blocks.

    Args:
        plan: a plan for accelerators; programs are compiled for its lane widths.
        card: the card.
        settings: sizes of the evaluation; None compiles only training.
        report: called with a line before each compilation.
        is_fused: the setting ``fused_recurrence``.

    Raises GridjaxError if the compiler of the card is not installed.
    """
    if not plan.buckets:
        raise GridjaxError(Problem("no networks to plan", fix="give a sweep with a network"))
    device = absent_device(card)
    buckets: list[BucketOnCard] = []
    same: dict[tuple[StaticConfig, int], BucketOnCard] = {}
    for index, bucket in enumerate(plan.buckets):
        shape = bucket.static, bucket.lane_width
        if shape in same:
            limit = bucket.lane_limit
            found = replace(same[shape], bucket=index, lane_limit=limit, compile_s=0.0)
        else:
            report(f"bucket {index + 1} of {len(plan.buckets)}: compiling for {card.label}")
            found = same[shape] = _bucket(index, bucket, card, device, is_fused)
        if found.step is not None:
            seconds = _n_steps(bucket) * found.step.time.total_s
            found = replace(found, training_s=seconds)
        buckets.append(found)
    if settings is None:
        return CardPlan(card, tuple(buckets), None)

    def size(each: BucketOnCard) -> float:
        return math.inf if each.step is None else each.step.block_bytes

    largest = max(buckets, key=size).bucket
    evaluation = _evaluation(largest, plan.buckets[largest], settings, card, device, report)
    return CardPlan(card, tuple(buckets), evaluation)


def read_step(compiled: jax.stages.Compiled, static: StaticConfig, card: CardInfo) -> StepOnCard:
    """Return the numbers of one gradient step of the compiled training of a block.

    ``static`` is the static config in which the block is trained.
    """
    chunk = read_program(compiled.as_text() or "")
    launched = launches_per_step(chunk, steps_ahead(static))
    return StepOnCard(bytes_needed(compiled), launched, predict(launched, card))


def _bucket(
    index: int, bucket: Bucket, card: CardInfo, device: Any, is_fused: bool
) -> BucketOnCard:
    begun, width = time.perf_counter(), bucket.lane_width
    program = training_program(bucket.specs[0], bucket.static, width, device, is_fused)
    compiled, refusal = _compiled(program)
    step = None if compiled is None else read_step(compiled, bucket.static, card)
    elapsed = time.perf_counter() - begun
    return BucketOnCard(index, width, bucket.lane_limit, elapsed, step, refusal, math.nan)


def _n_steps(bucket: Bucket) -> float:
    """Return the gradient steps of all blocks of a bucket, one block after the other."""
    return lane_steps(bucket) / bucket.lane_width


def _evaluation(
    index: int,
    bucket: Bucket,
    settings: EvaluationSettings,
    card: CardInfo,
    device: Any,
    report: Report,
) -> EvaluationOnCard:
    begun, spec = time.perf_counter(), bucket.specs[0]
    width = 1  # networks in padded shapes are evaluated one by one in their own shapes
    if bucket.static == spec.static:
        of_block = spec.static, bucket.n_bins, settings, bucket.lane_width
        width = evaluation_width(card.device_kind, *of_block)
    programs = evaluation_programs(spec, settings, width, device)
    most_bytes, refused, refusal = 0, "", ""
    for place, program in enumerate(programs):
        report(f"evaluation, program {place + 1} of {len(programs)}: compiling {program.name}")
        compiled, refusal = _compiled(program)
        if compiled is None:
            refused = program.name
            break
        most_bytes = max(most_bytes, bytes_needed(compiled))
    elapsed = time.perf_counter() - begun
    return EvaluationOnCard(index, width, len(programs), most_bytes, refused, refusal, elapsed)


def _compiled(program: CardProgram) -> tuple[jax.stages.Compiled | None, str]:
    """Return the compiled program, or None and the first line of the compiler's message."""
    try:
        return program.compile(), ""
    except (jax.errors.JaxRuntimeError, NotImplementedError) as error:
        return None, (str(error).strip() or type(error).__name__).splitlines()[0][:300]
