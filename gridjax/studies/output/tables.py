"""Terminal tables of studies: their cost and their verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gridjax.spec.network import NetworkSpec
from gridjax.studies.arms import shortage
from gridjax.studies.claims.verdicts import MANY, NOT_ANSWERABLE, Verdict
from gridjax.studies.competence import COMPETENT
from gridjax.studies.networks.training import Request, StudyPlan, pilot_plans, resolve_pilots, union
from gridjax.studies.study import Study


def plan_lines(studies: Sequence[Study], request: Request, device_kind: str) -> list[Any]:
    """Return tables and lines about the cost of studies: networks, buckets, FLOPs; train nothing.

    ``device_kind`` ("cpu", or the name that an accelerator reports) decides the lane widths, and
    therefore the blocks and their memory.
    """
    from rich import box
    from rich.table import Table

    from gridjax.io.numbers import quantity
    from gridjax.run.planning.merging import plan_under
    from gridjax.run.planning.plan import Plan
    from gridjax.run.planning.plan_table import plan_table

    before = [plan for one in request.by_units for plan in pilot_plans(studies, one)]
    plans = [plan for one in request.by_units for plan in resolve_pilots(studies, one, None)]
    everything = union([*before, *plans])
    settings = everything.settings

    def plan_of(specs: tuple[NetworkSpec, ...]) -> Plan:
        return plan_under(settings, specs, device_kind)

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for head in ("study", "networks", "pilot", "network-steps", "FLOP"):
        table.add_column(head, justify="left" if head == "study" else "right")
    for study in studies:
        pilot = _distinct(before, study)
        main = _distinct(plans, study)
        own = [*pilot, *main]
        plan = plan_of(tuple(dict.fromkeys(own)))
        steps = sum(spec.n_grad_steps for spec in dict.fromkeys(own))
        n_pilot = f"{len(pilot):,}" if pilot else "–"
        row = (study.name, f"{len(main):,}", n_pilot, f"{steps:,}", quantity(plan.flop))
        table.add_row(*row)
    plan = plan_of(everything.specs)
    steps = sum(spec.n_grad_steps for spec in everything.specs)
    lines: list[Any] = [table]
    if len(studies) > 1:
        each = sum(len(_distinct(part, study)) for part in (before, plans) for study in studies)
        shared = each - plan.n_networks
        lines.append(f"together {plan.n_networks:,} networks, {steps:,} network-steps;")
        lines.append(f"{shared:,} are shared and trained once")
    lines.append(plan_table(plan))
    for name in dict.fromkeys(plan.study.name for plan in before):
        lines.append(f"{name}: its pilot sets some values of its networks; the cost stays the same")
    return lines


def _distinct(plans: Sequence[StudyPlan], study: Study) -> list[NetworkSpec]:
    """Return the distinct networks of a study."""
    own = (spec for plan in plans if plan.study == study for spec in plan.sweep.specs)
    return list(dict.fromkeys(own))


def verdict_table(study: Study, verdicts: Sequence[Verdict]) -> Any:
    """Return the verdicts of a study as a table."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=study.claims.title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        show_lines=False,
        caption="\n".join(_notes(verdicts)) or None,
        caption_justify="left",
    )
    table.add_column("claim", ratio=1)
    for head in ("ours (95 %)", "null", "p (Holm)", "n"):
        table.add_column(head, justify="right")
    table.add_column("verdict")
    for verdict in verdicts:
        claim, estimate = verdict.claim, verdict.estimate
        ours = claim.shown(estimate.value)
        if not math.isnan(estimate.low):
            ours += f"\n{claim.shown(estimate.low)} to {claim.shown(estimate.high)}"
        p = f"{verdict.p_holm:.2g}" if math.isfinite(verdict.p_holm) else "–"
        outcome = verdict.outcome
        if verdict.networks_needed < MANY:
            outcome += f"\nneeds {verdict.networks_needed:,.0f}"
        shown = (ours, claim.shown(estimate.null), p, f"{estimate.n:,}", outcome)
        table.add_row(claim.claim, *shown)
    return table


def _notes(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the warning about the size, and why claims are not answerable, once each."""
    cautions = [one.caution for one in verdicts if one.caution]
    blocked = [one for one in verdicts if one.outcome == NOT_ANSWERABLE]
    few = [one for one in blocked if one.claim.asked_of == COMPETENT and shortage(one.arms)]
    short = shortage(dict.fromkeys(arm for one in few for arm in one.arms))
    reasons = dict.fromkeys([short, *(one.reason for one in blocked if one not in few)])
    notes = [f"This is {text}." for text in dict.fromkeys(cautions)]
    return [*notes, *(f"Not answerable: {text}." for text in reasons if text)]
