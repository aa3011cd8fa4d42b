"""Result files of a study: verdicts as JSON, rows behind every number as CSV, figures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridjax import plotting
from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import replace_file
from gridjax.plotting import FigureResult
from gridjax.run.storage.run_reader import Run
from gridjax.studies.claims_file import UNITS
from gridjax.studies.evidence import Evidence
from gridjax.studies.training import Asked
from gridjax.studies.verdicts import MANY, Verdict, judge

OUTCOME, ROWS, FIGURES = "verdicts.json", "rows", "figures"


def conclude(
    asked: Asked, run: Run, part: str, out: Path, ladder: Sequence[Asked] = ()
) -> list[Verdict]:
    """Analyse a study from what is in a run, and write what it found into its folder.

    ``ladder`` are the same study's larger networks: their verdicts stand beside its own.
    Trains nothing. Raises GridjaxError where the folder cannot be written, or an analysis and its
    claims do not belong together.
    """
    study, evidence = asked.study, asked.evidence(run)
    estimates = study.analyse(evidence)
    verdicts = judge(study.claims.claims, estimates)
    rungs = [(_units(asked), verdicts), *((_units(one), _judged(one, run)) for one in ladder)]
    folder = out / study.name
    with plotting.styled():
        figures = study.figures(evidence, estimates)
        try:
            (folder / ROWS).mkdir(parents=True, exist_ok=True)
            (folder / FIGURES).mkdir(exist_ok=True)
            _write_rows(folder / ROWS, rungs)
            for drawn in figures:
                plotting.save(drawn, folder / FIGURES)
            told = _told(asked, evidence, part, verdicts, figures)
            told["ladder"] = _ladder(rungs) if ladder else []
            text = json.dumps(told, indent=1, allow_nan=False)
            replace_file(folder / OUTCOME, text.encode())
        except OSError as error:
            message = f"{folder} cannot be written: {error.strerror or error}"
            raise GridjaxError(Problem(message, fix="make it writable")) from None
    return verdicts


def _judged(asked: Asked, run: Run) -> list[Verdict]:
    return judge(asked.study.claims.claims, asked.study.analyse(asked.evidence(run)))


def _units(asked: Asked) -> int:
    return max(spec.Ng for spec in asked.sweep.specs)


def _write_rows(folder: Path, rungs: Sequence[tuple[int, Sequence[Verdict]]]) -> None:
    """Write the rows behind every number, those of larger networks too, and no others."""
    written = set()
    for number, (units, verdicts) in enumerate(rungs):
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


def _ladder(rungs: Sequence[tuple[int, Sequence[Verdict]]]) -> list[dict[str, Any]]:
    """Return each claim's value and outcome by number of units."""
    _, own = rungs[0]
    return [
        {
            "claim": verdict.claim.claim,
            "rungs": [
                _rung(of_size[position], units, is_own=of_size is own) for units, of_size in rungs
            ],
        }
        for position, verdict in enumerate(own)
    ]


def _rung(verdict: Verdict, units: int, is_own: bool) -> dict[str, Any]:
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


def _told(
    asked: Asked,
    evidence: Evidence,
    part: str,
    verdicts: Sequence[Verdict],
    figures: Sequence[FigureResult],
) -> dict[str, Any]:
    claims = asked.study.claims
    registered = evidence.run.manifest.get("claims", {}).get(asked.study.name)
    return {
        "study": asked.study.name,
        "title": claims.title,
        "question": claims.question,
        "caution": claims.caution,
        "size": part,
        "networks": len(evidence.networks),
        "seeds": int(evidence.networks["seed"].nunique()),
        "missing": evidence.n_missing,
        "diverged": evidence.n_diverged,
        "claims_sha256": claims.sha256,
        "registered": registered,
        "verdicts": [_verdict(verdict) for verdict in verdicts],
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


def _verdict(verdict: Verdict) -> dict[str, Any]:
    claim, estimate = verdict.claim, verdict.estimate
    factor, _ = UNITS[claim.unit]

    def number(value: float) -> float | None:
        return factor * value if math.isfinite(value) else None

    interval = f"{claim.shown(estimate.low)} to {claim.shown(estimate.high)}"
    return {
        "name": claim.name,
        "claim": claim.claim,
        "role": claim.role,
        "published": claim.published,
        "estimand": claim.estimand,
        "test": claim.test,
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
        "networks_needed": _whole(verdict.networks_needed),
        "sentence": verdict.sentence,
        "remark": estimate.remark,
        "shown": {
            "value": claim.shown(estimate.value),
            "interval": interval if not math.isnan(estimate.low) else "",
            "null": claim.shown(estimate.null),
        },
    }


def _whole(value: float) -> int | None:
    return math.ceil(value) if value < MANY else None
