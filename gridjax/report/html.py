"""The HTML page of a run: its table, its figures, and notes on how to read them."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io import numbers
from gridjax.io.atomic_files import replace_file
from gridjax.io.output_paths import special_path
from gridjax.plotting import colour, counted, listed
from gridjax.report.figures import Written, write_figures
from gridjax.report.notes import caveats
from gridjax.report.run_data import Member, Reported, label, reported
from gridjax.report.summary import summary_rows
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.run.storage.run_reader import Run
from gridjax.spec.fidelity import SWITCHES
from gridjax.spec.parameters import FIELDS, is_read_by

PAGE, FIGURES = "report.html", "figures"
LARGEST_SVG = 400_000
"""Bytes up to which the page holds a figure as SVG; larger ones stand there as PNG."""
_MOST_VALUES = 24
_MOST_SOURCE = 100_000
_NEVER_SHOWN = {"layout_seed", "weight_seed", "motion_seed", "n_grad_steps"}


def write_report(run: Run, folder: str | Path) -> Path:
    """Write ``figures/`` and a self-contained ``report.html`` of a run into a folder.

    Returns the page. Works from what is there: an unfinished run, one without maps or weights, or
    one whose networks diverged gets a page that says what is missing.

    Raises GridjaxError where the folder cannot be written.
    """
    folder = Path(folder)
    _refuse_others(folder / FIGURES)
    data = reported(run)
    try:
        figures = write_figures(data, run, folder / FIGURES)
        page = render(run, data, figures)
        replace_file(folder / PAGE, page.encode())
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="make it writable, or copy the run")) from None
    return folder / PAGE


def _refuse_others(figures: Path) -> None:
    """Refuse figures that would be written outside of the run folder, or into a pipe or device."""
    for path in (figures, *(figures.iterdir() if figures.is_dir() else ())):
        if what := special_path(path):
            raise GridjaxError(Problem(f"{path} is {what}", fix="remove it, and report again"))


def render(run: Run, data: Reported, figures: list[Written]) -> str:
    """Return the page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gridjax.report"),
        autoescape=True,  # sweep texts and names come from anybody
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = summary_rows(data)
    return environment.get_template("report.html").render(
        manifest=run.manifest,
        headline=_headline(run, data),
        warnings=_warnings(run, data),
        thresholds=THRESHOLDS,
        rows=[_row(row) for row in rows],
        caveats=caveats(data, rows),
        figures=[_figure(written) for written in figures],
        varied=_varied(data.members),
        constant=_constant(data.members),
        fidelities=_fidelities(data.members),
        coverage=_coverage(data),
        sources=[_shortened(source) for source in run.manifest["sources"]],
    )


def _headline(run: Run, data: Reported) -> dict[str, str]:
    members, device = data.members, run.manifest["device"]
    seconds = run.timings["train_seconds"].sum()
    names = [source["name"].removesuffix(".yaml") for source in run.manifest["sources"]]
    cores = f", {device['cpu_cores']} cores" if device["platform"] == "cpu" else ""
    return {
        "title": ", ".join(names),
        "networks": counted(len(members), "network"),
        "codes": listed([label(code) for code in data.codes]) or "none yet",
        "steps": _range([member.spec.n_grad_steps for member in members]),
        "seconds": f"{seconds:,.0f} s of training, summed over networks",
        "device": f"{device['count']} × {device['kind']} ({device['platform']}{cores})",
    }


def _warnings(run: Run, data: Reported) -> list[str]:
    warnings = []
    n_there, n_wanted = len(data.members) + data.n_replicates, len(run.manifest["run_ids"])
    if n_there < n_wanted:
        warnings.append(f"The run is not finished: {n_there:,} of {n_wanted:,} networks are there.")
    if data.n_replicates:
        distinct = counted(len(data.members), "network")
        warnings.append(
            f"The {n_there:,} networks that are there are {distinct} under several descriptions;"
            " each counts once here."
        )
    n_diverged = len(data.members) - len(data.finished)
    if n_diverged:
        verb = "is" if n_diverged == 1 else "are"
        warnings.append(
            f"{counted(n_diverged, 'network')} diverged and {verb} counted, but not measured."
        )
    return warnings


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return one row of the table, written out."""
    diverged = row["diverged"]
    shares = [
        (
            _with_interval(row, f"share_above_{threshold}"),
            numbers.percent(row[f"null_share_above_{threshold}"]),
        )
        for threshold in THRESHOLDS
    ]
    return {
        "code": label(row["code"]),
        "colour": colour(row["code"]),
        "width": numbers.in_cm(row["width_cm"]),
        "networks": (str(row["networks"]), f"{diverged} diverged" if diverged else ""),
        "errors": [_with_range(row, name) for name in ("pos_decoding_err", "pos_decoding_err_T50")],
        "shares": shares,
        "best": _with_range(row, "score_60_by_neuron_max", 2),
        "above_null": _with_interval(row, "share_above_null_99"),
    }


def _with_range(row: dict[str, Any], name: str, decimals: int = 1) -> tuple[str, str]:
    value, low, high = row[name], row[f"{name}_min"], row[f"{name}_max"]
    if math.isnan(value):
        return ("–", "")
    written = [numbers.number(one, decimals) for one in (value, low, high)]
    return (written[0], f"{written[1]} to {written[2]}" if low < high else "")


def _with_interval(row: dict[str, Any], name: str) -> tuple[str, str]:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    # Networks that agree to the digit say little of how far they may differ: no interval.
    interval = f"{_share(low)} to {_share(high)}" if low < high else ""
    return (numbers.percent(row[name]), interval)


def _share(share: float) -> str:
    return numbers.percent(share).removesuffix(" %")


def _figure(written: Written) -> dict[str, Any]:
    drawn, files = written
    figure = {
        "name": drawn.name,
        "title": drawn.title,
        "caption": drawn.caption,
        "alt": drawn.alt,
        "uri": "",
        "table": drawn.table,
    }
    if files is None:
        return figure
    small = files.svg.stat().st_size <= LARGEST_SVG
    chosen, kind = (files.svg, "svg+xml") if small else (files.png, "png")
    encoded = base64.b64encode(chosen.read_bytes()).decode()
    return figure | {"uri": f"data:image/{kind};base64,{encoded}"}


def _varied(members: list[Member]) -> list[tuple[str, str]]:
    """Return the parameters in which networks differ, with their values."""
    values = {name: _values(members, name) for name in _shown()}
    return [(name, _written(own)) for name, own in values.items() if len(own) > 1]


def _constant(members: list[Member]) -> list[tuple[str, str, str]]:
    """Return the parameters that all networks share, with their meaning."""
    values = {name: _values(members, name) for name in _shown()}
    return [
        (name, _written(own), FIELDS[name].metadata["doc"])
        for name, own in values.items()
        if len(own) == 1
    ]


def _fidelities(members: list[Member]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return each fidelity of the networks with its switches: name, value and meaning."""
    fidelities = dict.fromkeys(member.spec.fidelity for member in members)
    return [
        (str(fidelity), [(n, getattr(fidelity, n), f.metadata["doc"]) for n, f in SWITCHES.items()])
        for fidelity in fidelities
    ]


def _shown() -> list[str]:
    return [name for name in FIELDS if name not in _NEVER_SHOWN]


def _values(members: list[Member], name: str) -> list[Any]:
    """Return the values of a parameter over the networks whose target code reads it.

    Numbers, then the laws that fields are drawn from; without those that are not given.
    """
    read = (getattr(m.spec, name) for m in members if is_read_by(FIELDS[name], m.code))
    given = {v if isinstance(v, int | float | str) else str(v) for v in read if v is not None}
    return sorted(given, key=lambda value: (isinstance(value, str), value))


def _written(values: list[Any]) -> str:
    written = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    if len(written) <= _MOST_VALUES:
        return ", ".join(written)
    return f"{len(written):,} values from {written[0]} to {written[-1]}"


def _range(values: list[int]) -> str:
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _coverage(data: Reported) -> str:
    finished = data.finished
    if not finished:
        return "No network is measured yet."
    visited = min(member.row["share_of_bins_visited"] for member in finished)
    samples = sum(member.row["samples_per_bin"] for member in finished) / len(finished)
    moves = _range([member.row["evaluation_sequence_length"] for member in finished])
    bins = listed(
        [f"{n} × {n}" for n in sorted({member.spec.n_bins_reported for member in finished})]
    )
    return (
        f"Rate maps of {bins} bins from fresh trajectories of {moves} moves:"
        f" {samples:.0f} samples a bin in"
        f" the mean, at least {100 * visited:.1f} % of the bins visited."
    )


def _shortened(source: dict[str, str]) -> dict[str, str]:
    text = source["text"]
    if len(text) > _MOST_SOURCE:
        text = f"{text[:_MOST_SOURCE]}\n… {len(text) - _MOST_SOURCE:,} more characters"
    return {"name": source["name"], "text": text}
