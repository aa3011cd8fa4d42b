"""The table of a plan for the terminal: one row for each compile bucket."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gridjax.io.numbers import quantity
from gridjax.run.planning.plan import Plan, flop_per_step
from gridjax.spec.fields.declarations import reads_target_code
from gridjax.spec.lowering import StaticConfig

if TYPE_CHECKING:
    from rich.table import Table

_UNCLEAR = ("recurrent_dropout_mask",)
"""Static fields whose texts do not say what they are."""
TABLE_HEADER = ("networks", "blocks", "lanes", "block memory", "work", "compiled for")


def plan_table(plan: Plan) -> Table:
    """Return the plan as a table for the terminal, one row for each compile bucket."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = (
        f"{plan.n_networks:,} networks{_distinct(plan)} in {len(plan.buckets):,} compile buckets,"
        f" {plan.n_blocks:,} blocks, {quantity(plan.flop)}FLOP"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in TABLE_HEADER[:-1]:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(TABLE_HEADER[-1], overflow="fold")
    for row in table_rows(plan):
        table.add_row(*row)
    return table


def _distinct(plan: Plan) -> str:
    return f" ({plan.n_distinct:,} distinct)" if plan.n_distinct < plan.n_networks else ""


def table_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return one row of texts for each bucket, with the columns of TABLE_HEADER.

    The last column has the main fields, and the fields that differ between buckets.
    """
    statics = [_static_values(bucket.static) for bucket in plan.buckets]
    statics = [
        {**static, "n_bins": bucket.n_bins}
        for static, bucket in zip(statics, plan.buckets, strict=True)
    ]
    main = ("rnn_type", "Ng", "place_field_values", "Np")
    if not all(reads_target_code(bucket.static) for bucket in plan.buckets):
        main = (*main, "state_objective")
    shown = [
        name
        for name in dict.fromkeys(name for static in statics for name in static)
        if name in main or len({static.get(name) for static in statics}) > 1
    ]
    return [
        (
            f"{len(bucket.specs):,}",
            f"{bucket.n_blocks:,}",
            str(bucket.lane_width),
            f"{quantity(bucket.bytes_per_block)}B",
            f"{quantity(flop_per_step(bucket.static) * bucket.n_network_steps)}FLOP",
            " ".join(_in_words(name, static[name]) for name in shown if name in static),
        )
        for bucket, static in zip(plan.buckets, statics, strict=True)
    ]


def _static_values(static: StaticConfig) -> dict[str, Any]:
    """Return the values of a static config, without those of a target code that is not read."""
    values = dataclasses.asdict(static)
    if not reads_target_code(static):
        del values["place_field_values"], values["Np"]
    return values


def _in_words(name: str, value: Any) -> str:
    """Format a static field: a clear text unchanged, another value as name=value."""
    is_clear = isinstance(value, str) and name not in _UNCLEAR
    return value if is_clear else f"{name}={value}"
