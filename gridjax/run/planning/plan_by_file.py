"""The table of sweep files: the networks of each file, and the networks left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gridjax.io.text import shown
from gridjax.run.planning.plan import Plan
from gridjax.sweep.sweep import Sweep

if TYPE_CHECKING:
    from rich.table import Table

_MOST_REASONS = 20


class FilePlan(NamedTuple):
    """One row of the table of files."""

    file: str
    networks: int
    """networks that no earlier file contains"""
    distinct_networks: int
    """number of the same networks if networks of the same computation count once"""
    buckets: int
    """compile buckets of these networks; files may share buckets"""
    skipped: int
    """networks left out because their values cannot run"""


def plan_files(sweep: Sweep, plan: Plan) -> list[FilePlan]:
    """Return the row of each file of a sweep, in the order of the files."""
    trained = {spec: group[0] for group in plan.equivalent_specs.values() for spec in group}
    bucket_of = {
        spec: number for number, bucket in enumerate(plan.buckets) for spec in bucket.specs
    }
    rows, start = [], 0
    for origin in sweep.origins:
        specs = sweep.specs[start : start + origin.n_networks]
        start += origin.n_networks
        distinct = {trained[spec] for spec in specs}
        buckets = {bucket_of[spec] for spec in distinct}
        row = FilePlan(origin.name, len(specs), len(distinct), len(buckets), origin.n_skipped)
        rows.append(row)
    return rows


def files_to_json(sweep: Sweep, plan: Plan) -> dict[str, Any]:
    """Return the files, the sweep seed and the networks left out, as JSON values."""
    return {
        "files": [row._asdict() for row in plan_files(sweep, plan)],
        "sweep_seed": sweep.sweep_seed,
        "skipped": [each.to_dict() for each in sweep.skipped],
        "drawn": drawn_ranges(sweep),
    }


def files_table(sweep: Sweep, plan: Plan) -> Table:
    """Return the table for the terminal, one row for each file."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=f"{len(sweep.origins)} files", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("file", overflow="fold")
    for name in FilePlan._fields[1:]:
        table.add_column(name.replace("_", " "), justify="right")
    for file, *numbers in plan_files(sweep, plan):
        table.add_row(shown(file), *(f"{number:,}" for number in numbers))
    return table


def drawn_ranges(sweep: Sweep) -> list[dict[str, Any]]:
    """Return the parameters drawn from distributions, with their smallest and largest values."""
    ranges = []
    for name, distribution in sweep.drawn:
        values = [getattr(spec, name) for spec in sweep.specs]
        entry = {"parameter": name, "distribution": distribution}
        ranges.append(entry | {"smallest": min(values), "largest": max(values)})
    return ranges


def drawn_lines(sweep: Sweep) -> list[str]:
    """Return one line for each parameter drawn from a distribution."""
    return [
        f"{each['parameter']}: {each['smallest']:.6g} to {each['largest']:.6g}"
        f" ({each['distribution']})"
        for each in drawn_ranges(sweep)
    ]


def remarks(sweep: Sweep) -> list[str]:
    """Return lines about the networks that were drawn and about those left out, with reasons."""
    lines = []
    for origin in sweep.origins:
        if origin.n_draws:
            drawn = f"{origin.n_draws:,} random networks, sweep seed {sweep.sweep_seed}"
            if origin.n_networks + origin.n_skipped < origin.n_draws:  # some were drawn twice
                drawn += f"; only {origin.n_networks:,} distinct ones are trained"
            lines.append(f"{shown(origin.name)}: {drawn}")
    lines += sweep.remarks
    if sweep.skipped:
        lines.append(f"left out {sweep.n_skipped:,} networks whose values cannot run:")
    most = sorted(sweep.skipped, key=lambda each: -each.n_networks)
    for each in most[:_MOST_REASONS]:
        where = f"{each.reason.place}: " if each.reason.place else ""
        lines.append(f"  {each.n_networks:,}  {where}{each.reason.message}")
    if len(most) > _MOST_REASONS:
        lines.append(f"  and {len(most) - _MOST_REASONS:,} more reasons")
    return lines
