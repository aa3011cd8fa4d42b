"""Output of a plan on a card: tables and lines for the terminal, and JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from gridjax.accelerators.card_info import GPU, CardInfo
from gridjax.accelerators.roofline import REACHED_BANDWIDTH, REACHED_RATE
from gridjax.io.numbers import duration, quantity
from gridjax.run.card_plan.card_plan import BucketOnCard, CardPlan
from gridjax.run.planning.lane_width import SHARE
from gridjax.run.planning.plan import Plan
from gridjax.run.planning.plan_table import table_rows

if TYPE_CHECKING:
    from rich.table import Table


def card_tables(found: CardPlan, plan: Plan) -> list[Table]:
    """Return the tables for the terminal: memory, and one gradient step of all lanes of a block.

    Both have one row for each compile bucket.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    launched = "kernels" if found.card.kind == GPU else "operations"
    columns = {
        f"memory of training, compiled for {found.card.label}": (
            *("bucket", "lanes", "limited by", "lane memory", "block memory", "fits"),
        ),
        "one gradient step with all lanes in use; times are predictions of a model": (
            *("bucket", launched, "FLOP", "FLOP/network", "time", "network-steps/s", "limited by"),
        ),
    }
    tables = []
    for title, names in columns.items():
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        tables.append(table)
    memory, step = tables
    memory.add_column("compiled for", overflow="fold")
    for bucket, shape in zip(found.buckets, table_rows(plan), strict=True):
        number = str(bucket.bucket + 1)
        memory.add_row(number, *_memory_cells(bucket, found.card), shape[-1])
        step.add_row(number, *_step_cells(bucket))
    return tables


def _memory_cells(bucket: BucketOnCard, card: CardInfo) -> list[str]:
    lanes = [str(bucket.lane_width), bucket.lane_limit]
    if bucket.step is None:
        return [*lanes, "–", "–", "no"]
    fits = "yes" if bucket.fits(card) else f"no, {bucket.most_lanes(card)} lanes fit"
    return [
        *lanes,
        f"{quantity(bucket.step.block_bytes / bucket.lane_width)}B",
        f"{quantity(bucket.step.block_bytes)}B",
        fits,
    ]


def _step_cells(bucket: BucketOnCard) -> list[str]:
    step = bucket.step
    if step is None:
        return ["–"] * 6
    seconds = step.time.total_s
    return [
        f"{step.launches.n_kernels:.0f}",
        quantity(step.flop),
        quantity(step.flop / bucket.lane_width),
        f"{seconds * 1e3:.3g} ms",
        f"{bucket.lane_width / seconds:,.0f}",
        step.time.limit,
    ]


def card_lines(found: CardPlan) -> list[str]:
    """Return the lines below the tables: times, the model, refusals, evaluation."""
    card, lines = found.card, []
    lines += [
        f"bucket {each.bucket + 1} does not compile for {card.label}: {each.refusal}"
        for each in found.buckets
        if each.step is None
    ]
    if not math.isnan(found.training_s):
        lines.append(
            f"training of all networks on one card: {duration(found.training_s)}, without"
            " compilation and evaluation"
        )
    launch = f", {card.launch_s * 1e6:g} us a launch" if card.launch_s else ""
    lines.append(
        "times are predictions of a roofline model, not measurements:"
        f" {REACHED_RATE:.0%} of the peak rates, {REACHED_BANDWIDTH:.0%} of"
        f" {quantity(card.bytes_per_s)}B/s{launch} ({card.source})"
    )
    usable = f"{quantity(card.usable_memory)}B of {quantity(card.memory)}B"
    lines.append(
        f"memory is that of training, without checkpoints; programs can use {usable}; by default a"
        f" block has as many lanes as fit in {SHARE:.0%} of the memory in training and evaluation"
    )
    lines += _lines_of_evaluation(found)
    seconds = sum(each.compile_s for each in found.buckets)
    rest = found.evaluation.compile_s if found.evaluation else 0.0
    lines.append(f"compilation on this machine took {duration(seconds + rest)}")
    return lines


def _lines_of_evaluation(found: CardPlan) -> list[str]:
    evaluation, card = found.evaluation, found.card
    if evaluation is None:
        return []
    if evaluation.refused:
        return [
            f"evaluation does not compile for {card.label}; only training is possible on it:"
            f" {evaluation.refused}: {evaluation.refusal}"
        ]
    fits = "fits" if evaluation.most_bytes <= card.usable_memory else "does not fit"
    return [
        f"evaluation of a block of bucket {evaluation.bucket + 1}, {evaluation.lane_width} lanes"
        f" at once: {evaluation.n_programs} programs; the largest one needs"
        f" {quantity(evaluation.most_bytes)}B, which {fits}"
    ]


def card_to_json(found: CardPlan) -> dict[str, Any]:
    """Return the plan on a card as JSON values; times are in seconds."""
    card, evaluation = found.card, found.evaluation
    return {
        "name": card.name,
        "label": card.label,
        "memory_bytes": card.memory,
        "usable_bytes": card.usable_memory,
        "source": card.source,
        "times_are": "predictions of a roofline model, not measurements",
        "training_s": _number(found.training_s),
        "buckets": [_bucket_to_json(each, found) for each in found.buckets],
        "evaluation": None if evaluation is None else dataclasses.asdict(evaluation),
    }


def _bucket_to_json(bucket: BucketOnCard, found: CardPlan) -> dict[str, Any]:
    content: dict[str, Any] = {
        "bucket": bucket.bucket,
        "lane_width": bucket.lane_width,
        "lane_limit": bucket.lane_limit,
        "compile_s": bucket.compile_s,
        "fits": bucket.fits(found.card),
    }
    step = bucket.step
    if step is None:
        return content | {"refusal": bucket.refusal}
    return content | {
        "most_lanes": bucket.most_lanes(found.card),
        "bytes_per_lane": step.block_bytes / bucket.lane_width,
        "bytes_per_block": step.block_bytes,
        "kernels_per_step": step.launches.n_kernels,
        "flop_per_step": step.flop,
        "flop_per_network_step": step.flop / bucket.lane_width,
        "other_operations_per_step": step.other_operations,
        "operations_per_step": step.launches.operations,
        "bytes_moved_per_step": step.launches.bytes_moved,
        "step_s": step.time.total_s,
        "arithmetic_s": step.time.arithmetic_s,
        "memory_s": step.time.bytes_s,
        "launch_s": step.time.launch_s,
        "limited_by": step.time.limit,
        "network_steps_per_s": bucket.lane_width / step.time.total_s,
        "training_s": bucket.training_s,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
