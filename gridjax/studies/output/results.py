"""Result files of a study: verdicts (JSON), the rows of every number (CSV), figures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gridjax import plotting
from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import replace_file
from gridjax.io.numbers import percent
from gridjax.plotting import FigureResult
from gridjax.run.results.run import Run
from gridjax.studies.arms import Arm
from gridjax.studies.claims.claim_tests import CLAIM_TESTS
from gridjax.studies.claims.claims_file import UNITS
from gridjax.studies.claims.verdicts import MANY, Verdict, judge
from gridjax.studies.competence import LEAST_SHARE
from gridjax.studies.evidence import Evidence
from gridjax.studies.networks.training import StudyPlan
from gridjax.studies.study import QUICK

OUTCOME, ROWS, FIGURES = "verdicts.json", "rows", "figures"
IN_NO_CLAIM = "in no claim"
"""Name of the networks of a study that are in no arm of a claim, in the table of competence."""
SMOKE_TEST = "a smoke test"
UNLEARNED_SMOKE_TEST = "a smoke test: its networks have not learned the task"
"""The warning about size quick, if fewer than half of the networks are competent."""


def conclude(
    plan: StudyPlan, run: Run, size_name: str, out: Path, larger: Sequence[StudyPlan] = ()
) -> list[Verdict]:
    """Analyse a study's networks in a run and write verdicts, rows and figures; train nothing.

    Args:
        plan: the study and its networks.
        run: a run that contains these networks, or some of them.
        size_name: the name of the size, or ``published``, for the page.
        out: the folder of studies; the files are written into the study's own folder in it.
        larger: the same study with other numbers of units; the files also contain their verdicts.

    Returns the verdicts in the order of the claims. Raises GridjaxError if the folder cannot be
    written, or if the analysis does not fit its claims.
    """
    study, folder = plan.study, out / plan.study.name
    evidence = plan.evidence(run, folder)
    estimates = study.estimates(evidence)
    caution = _caution(evidence, size_name)
    arms, unfinished = study.arms(evidence), _unfinished(plan, evidence)
    verdicts = judge(study.claims.claims, estimates, arms, caution, unfinished)
    if study.base is not None:
        verdicts = _about_these_networks(verdicts)
    names = {verdict.claim.name for verdict in verdicts}
    by_units = [
        (_units(plan), verdicts),
        *((_units(one), _judged(one, run, folder, names)) for one in larger),
    ]
    with plotting.styled():
        figures = study.figures(evidence, estimates)
        try:
            (folder / ROWS).mkdir(parents=True, exist_ok=True)
            (folder / FIGURES).mkdir(exist_ok=True)
            _write_rows(folder / ROWS, by_units)
            for drawn in figures:
                plotting.save(drawn, folder / FIGURES)
            content = _content(plan, evidence, size_name, verdicts, figures)
            content["by_units"] = _by_units(by_units) if larger else []
            text = json.dumps(content, indent=1, allow_nan=False)
            replace_file(folder / OUTCOME, text.encode())
        except OSError as error:
            message = f"{folder} cannot be written: {error.strerror or error}"
            raise GridjaxError(Problem(message, fix="make it writable")) from None
    return verdicts


def _judged(plan: StudyPlan, run: Run, folder: Path, names: set[str]) -> list[Verdict]:
    """Return the verdicts on the claims with these names."""
    study, evidence = plan.study, plan.evidence(run, folder)
    estimates, arms = study.estimates(evidence), study.arms(evidence)
    unfinished = _unfinished(plan, evidence)
    verdicts = judge(study.claims.claims, estimates, arms, unfinished=unfinished)
    return [verdict for verdict in verdicts if verdict.claim.name in names]


def _about_these_networks(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Omit claims with an arm of which a sweep file of the user has no network.

    If no claim is left, all are kept.
    """
    kept = [verdict for verdict in verdicts if all(arm.run_ids for arm in verdict.arms)]
    return kept or list(verdicts)


def _unfinished(plan: StudyPlan, evidence: Evidence) -> str:
    """Return how many networks, or networks of the pilot, are not trained; empty if all are.

    Without its whole pilot a study may have other networks.
    """
    if n_missing := _pilot(plan, evidence).n_missing:
        return f"{n_missing:,} of {len(plan.pilot):,} networks of the pilot are not trained"
    if not evidence.n_missing:
        return ""
    return f"{evidence.n_missing:,} of {len(set(evidence.wanted)):,} networks are not trained"


def _pilot(plan: StudyPlan, evidence: Evidence) -> Evidence:
    return replace(evidence, wanted=tuple(spec.run_id for spec in plan.pilot))


def _caution(evidence: Evidence, size_name: str) -> str:
    """Return the warning about all verdicts of a size; empty if the size needs none."""
    if size_name != QUICK:
        return ""
    able = evidence.everything["is_competent"]
    return SMOKE_TEST if able.mean() >= LEAST_SHARE else UNLEARNED_SMOKE_TEST  # NaN: no network


def _units(plan: StudyPlan) -> int:
    return max(spec.Ng for spec in plan.sweep.specs)


def _write_rows(folder: Path, by_units: Sequence[tuple[int, Sequence[Verdict]]]) -> None:
    """Write the rows of every claim for all numbers of units; delete all other files of rows."""
    written = set()
    for number, (units, verdicts) in enumerate(by_units):
        for verdict in verdicts:
            name = _rows_name(verdict, units) if number else verdict.claim.name
            rows = verdict.estimate.rows.to_csv(index=False)
            replace_file(folder / f"{name}.csv", rows.encode())
            written.add(f"{name}.csv")
    for old in folder.glob("*.csv"):
        if old.name not in written:
            old.unlink()


def _rows_name(verdict: Verdict, units: int) -> str:
    return f"{verdict.claim.name}.Ng{units}"  # no claim has a dot in its name


def _by_units(by_units: Sequence[tuple[int, Sequence[Verdict]]]) -> list[dict[str, Any]]:
    """Return the value and the outcome of each claim for each number of units."""
    _, own = by_units[0]
    return [
        {
            "claim": verdict.claim.claim,
            "sizes": [
                _of_units(verdicts[position], units, is_own=verdicts is own)
                for units, verdicts in by_units
            ],
        }
        for position, verdict in enumerate(own)
    ]


def _of_units(verdict: Verdict, units: int, is_own: bool) -> dict[str, Any]:
    claim, estimate = verdict.claim, verdict.estimate
    interval = f"{claim.shown(estimate.low)} to {claim.shown(estimate.high)}"
    return {
        "Ng": units,
        "value": claim.shown(estimate.value),
        "interval": "" if math.isnan(estimate.low) else interval,
        "outcome": verdict.outcome,
        "n": estimate.n,
        "rows": claim.name if is_own else _rows_name(verdict, units),
    }


def _content(
    plan: StudyPlan,
    evidence: Evidence,
    size_name: str,
    verdicts: Sequence[Verdict],
    figures: Sequence[FigureResult],
) -> dict[str, Any]:
    claims = plan.study.claims
    recorded = evidence.run.manifest.get("claims", {}).get(plan.study.name)
    return {
        "study": plan.study.name,
        "title": claims.title,
        "question": claims.question,
        "caution": claims.caution,
        "version": claims.version,
        "changes": claims.changes,
        "smoke_test": _caution(evidence, size_name),
        "size": size_name,
        "networks": len(evidence.networks),
        "seeds": int(evidence.networks["seed"].nunique()),
        "missing": evidence.n_missing,
        "diverged": evidence.n_diverged,
        "pilot": {
            "networks": len(plan.pilot),
            "missing": _pilot(plan, evidence).n_missing,
            "chosen": plan.chosen,
        },
        "claims_sha256": claims.sha256,
        "claims_sha256_before_training": recorded,
        "arms": _arms(verdicts, evidence),
        "verdicts": [verdict_content(verdict) for verdict in verdicts],
        "figures": [
            {
                "name": drawn.name,
                "title": drawn.title,
                "caption": drawn.caption,
                "alt": drawn.alt,
                "table": drawn.table,
            }
            for drawn in figures
        ],
    }


def _arms(verdicts: Sequence[Verdict], evidence: Evidence) -> list[dict[str, Any]]:
    """Return the arms of all claims, each once, in their order, and the other networks as one."""
    arms = dict.fromkeys(arm for verdict in verdicts for arm in verdict.arms)
    rows = evidence.everything
    in_claims = frozenset[str]().union(*(arm.run_ids for arm in arms))
    others = rows[~rows["run_id"].isin(list(in_claims))]
    if arms and len(others):
        able = others.loc[others["is_competent"].astype(bool), "run_id"]
        arms[Arm(IN_NO_CLAIM, frozenset(others["run_id"]), frozenset(able))] = None
    return [
        {
            "arm": arm.name,
            "networks": len(arm.run_ids),
            "competent": len(arm.competent),
            "share": percent(arm.share),
        }
        for arm in arms
    ]


def verdict_content(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values; numbers have the unit of the claim."""
    claim, estimate = verdict.claim, verdict.estimate
    factor, _ = UNITS[claim.unit]

    def number(value: float) -> float | None:
        return factor * value if math.isfinite(value) else None

    interval = f"{claim.shown(estimate.low)} to {claim.shown(estimate.high)}"
    return {
        "name": claim.name,
        "claim": claim.claim,
        "role": claim.role,
        "asked_of": claim.asked_of,
        "published": claim.published,
        "estimand": claim.estimand,
        "test": claim.test,
        "test_is": CLAIM_TESTS[claim.test].description,
        "null_is": claim.null,
        "unit": claim.unit,
        "holds_where": claim.region,
        "value": number(estimate.value),
        "low": number(estimate.low),
        "high": number(estimate.high),
        "null": number(estimate.null),
        "p": estimate.p if math.isfinite(estimate.p) else None,
        "p_holm": verdict.p_holm if math.isfinite(verdict.p_holm) else None,
        "n": estimate.n,
        "outcome": verdict.outcome,
        "networks_needed": _rounded_up(verdict.networks_needed),
        "sentence": verdict.sentence,
        "remark": estimate.remark,
        "shown": {
            "value": claim.shown(estimate.value),
            "interval": interval if not math.isnan(estimate.low) else "",
            "null": claim.shown(estimate.null),
        },
    }


def _rounded_up(value: float) -> int | None:
    return math.ceil(value) if value < MANY else None
