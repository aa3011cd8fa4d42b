"""Configuration, tables, figures and networks of a run folder, for a tracker."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridjax.run.results.run import Run, open_run
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS
from gridjax.trackers.tracked_run import TrackedRun

_CURVES = ("loss", "loss_excess", "pos_decoding_err")
_MOST_VALUES = 50
"""Largest number of values of a parameter that a configuration lists."""


@dataclass(frozen=True)
class NetworkRecord:
    """One finished network: its parameters, its measures and its training."""

    run_id: str
    parameters: dict[str, Any]
    measures: dict[str, float]
    """finite measures by column of networks.parquet"""
    curves: list[tuple[int, dict[str, float]]]
    """gradient steps, and the finite loss (nats or m^2) and position error (cm) there"""


def population_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of a population: its files, settings, device and parameters.

    A parameter that differs between networks is given as the list of its values, or as their number
    if there are more than 50.
    """
    manifest = open_run(folder).manifest
    specs, defaults = manifest["specs"], NetworkSpec()
    config: dict[str, Any] = {
        "networks": len(specs),
        "sweep_files": [source["name"] for source in manifest["sources"]],
        "settings": manifest["settings"],
        "device": manifest["device"],
        "gridjax": manifest["gridjax"],
    }
    for name in FIELDS:
        if not any(name in spec for spec in specs):
            continue
        given = (spec.get(name, getattr(defaults, name)) for spec in specs)
        values = list({json.dumps(value, default=str): value for value in given}.values())
        several = values if len(values) <= _MOST_VALUES else f"{len(values)} values"
        config[name] = values[0] if len(values) == 1 else several
    return config


def record_results(folder: Path, population: TrackedRun, with_figures: bool) -> None:
    """Record the table of networks, and the figures of the report, of the finished networks."""
    run = open_run(folder)
    population.add_table("networks", run.networks)
    if not with_figures:
        return
    from gridjax.report.figures import write_figures
    from gridjax.report.run_data import read_run_data

    with tempfile.TemporaryDirectory(prefix="gridjax-figures-") as images:
        for result, files in write_figures(read_run_data(run), run, Path(images)):
            if files is not None:
                population.add_figure(result.name, f"{result.title}. {result.caption}", files.png)


def network_records(folder: Path, run_ids: Iterable[str]) -> Iterator[NetworkRecord]:
    """Yield the networks of ``run_ids``, in the order of the run's table."""
    run, wanted = open_run(folder), set(run_ids)
    steps = dict(iter(run.history.groupby("run_id", observed=True)))
    for row in run.networks.to_dict("records"):
        if row["run_id"] not in wanted:
            continue
        curves = steps.get(row["run_id"])
        points = [] if curves is None else curves.to_dict("records")
        yield NetworkRecord(
            run_id=row["run_id"],
            parameters={name: _plain(row[name]) for name in FIELDS if name in row},
            measures=finite({name: row[name] for name in _measures(run)}),
            curves=[(int(at["step"]), finite({n: at[n] for n in _CURVES})) for at in points],
        )


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return the finite values: trackers draw no NaN, and some refuse it."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _measures(run: Run) -> list[str]:
    numbers = run.networks.select_dtypes("number").columns
    return [name for name in numbers if name not in FIELDS]


def _plain(value: Any) -> Any:
    """Return a value of a table as a Python value; None for a missing one."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value
