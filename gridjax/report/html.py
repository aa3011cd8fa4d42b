"""HTML page of a run: its summary, its figures, and notes that explain them."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io import numbers
from gridjax.io.atomic_files import replace_file
from gridjax.io.output_paths import special_path
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.plotting import colour, counted, listed
from gridjax.report.figures import SavedFigure, write_figures
from gridjax.report.notes import reading_notes
from gridjax.report.run_data import RunData, label, read_run_data
from gridjax.report.settings import (
    constant_parameters,
    coverage,
    fidelity_switches,
    number_range,
    varied_parameters,
)
from gridjax.report.summary import READOUT_MEDIANS, VOLUME_SHARES, row_label, summary_rows
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.run.results.run import Run

PAGE, FIGURES = "report.html", "figures"
LARGEST_SVG = 400_000
"""Largest SVG (bytes) that the page contains; a figure with a larger SVG is included as PNG."""
_MOST_SOURCE = 100_000
"""Largest number of characters of a sweep file that the page shows."""


def write_report(run: Run, folder: str | Path) -> Path:
    """Write ``figures/`` and a self-contained ``report.html`` of a run into a folder.

    Returns the path of the page. If a run is unfinished, has no kept maps or weights, or has
    diverged networks, the page lists what is missing.

    Raises GridjaxError if the folder cannot be written.
    """
    folder = Path(folder)
    _refuse_others(folder / FIGURES)
    data = read_run_data(run)
    try:
        figures = write_figures(data, run, folder / FIGURES)
        page = render(run, data, figures)
        replace_file(folder / PAGE, page.encode())
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(
            Problem(message, fix="make it writable, or copy the run to another folder")
        ) from None
    return folder / PAGE


def _refuse_others(figures: Path) -> None:
    """Raise GridjaxError if a path of a figure is a link, a pipe or a device."""
    for path in (figures, *(figures.iterdir() if figures.is_dir() else ())):
        if what := special_path(path):
            message, fix = f"{path} is {what}", "remove it and run the report again"
            raise GridjaxError(Problem(message, fix=fix))


def render(run: Run, data: RunData, figures: list[SavedFigure]) -> str:
    """Return the HTML of the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gridjax.report"),
        autoescape=True,  # sweep files may contain HTML
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
        fewest_seeds=FEWEST_SEEDS,
        rows=[_row(row) for row in rows if row["dimensions"] != 3],
        cubes=[_cube(row) for row in rows if row["dimensions"] == 3],
        with_outputs=bool(data.with_outputs.records) or not data.records,
        without_outputs=bool(data.without_outputs.records),
        notes=reading_notes(data, rows),
        figures=[_figure(saved) for saved in figures if saved.files is not None],
        not_drawn=_not_drawn(figures),
        varied=varied_parameters(data.records),
        constant=constant_parameters(data.records),
        fidelities=fidelity_switches(data.records),
        coverage=coverage(data),
        versions=_versions(run),
        accepted=_accepted(run),
        sources=[_truncated(source) for source in run.manifest["sources"]],
    )


def _headline(run: Run, data: RunData) -> dict[str, str]:
    records = data.records
    devices = [f"{one['kind']} ({one['platform']})" for one in _used(run, "device")]
    seconds = run.timings["train_seconds"].sum()
    names = [source["name"].removesuffix(".yaml") for source in run.manifest["sources"]]
    return {
        "title": ", ".join(names),
        "networks": counted(len(records), "network"),
        "what": "target codes" if data.with_outputs.records or not records else "objectives",
        "codes": listed([label(code) for code in data.codes]) or "none yet",
        "steps": number_range([record.spec.n_grad_steps for record in records]),
        "seconds": f"{seconds:,.0f} s of training, summed over networks",
        "device": listed(list(dict.fromkeys(devices))),
        "version": listed(_used(run, "gridjax")),
    }


def _used(run: Run, name: str) -> list[Any]:
    """Return the distinct values of a part of the manifest under which networks were finished.

    They differ between the segments of a run that was resumed under accepted changes.
    """
    numbers = sorted({int(number) for number in run.networks["segment"].dropna()})
    segments = run.manifest["segments"]
    used = [segments[number] for number in numbers if number < len(segments)]
    values = [(run.manifest | segment)[name] for segment in used or [run.manifest]]
    return [value for position, value in enumerate(values) if value not in values[:position]]


def _versions(run: Run) -> list[tuple[str, str]]:
    """Return the name of each library, and its versions under which networks were finished."""
    used = _used(run, "versions")
    names = dict.fromkeys(name for versions in used for name in versions)
    found = {name: dict.fromkeys(str(one[name]) for one in used if name in one) for name in names}
    return [(name, ", ".join(versions)) for name, versions in found.items()]


def _accepted(run: Run) -> str:
    """Return the changes under which the run was resumed; empty without any."""
    changes = [each for one in run.manifest["segments"] for each in one.get("accepted", ())]
    return ", ".join(dict.fromkeys(changes))


def _warnings(run: Run, data: RunData) -> list[str]:
    warnings = []
    n_there, n_wanted = len(data.records) + data.n_replicates, len(run.manifest["run_ids"])
    if n_there < n_wanted:
        warnings.append(f"The run is not finished: {n_there:,} of {n_wanted:,} networks are done.")
    if data.n_replicates:
        distinct = counted(len(data.records), "network")
        warnings.append(
            f"The {n_there:,} descriptions of networks that are done describe {distinct}; each"
            " network counts once here."
        )
    n_diverged = len(data.records) - len(data.finished)
    if n_diverged:
        verb = "is" if n_diverged == 1 else "are"
        warnings.append(
            f"{counted(n_diverged, 'network')} diverged and {verb} counted, but not evaluated."
        )
    return warnings


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return one row of the table of squares and lines as texts."""
    shares = [
        (
            _with_interval(row, f"share_above_{threshold}"),
            numbers.percent(row[f"null_share_above_{threshold}"]),
        )
        for threshold in THRESHOLDS
    ]
    return _first_cells(row) | {
        "shares": shares,
        "best": _with_range(row, "score_60_by_neuron_max", 2),
        "above_null": _with_interval(row, "share_above_null_99"),
    }


def _cube(row: dict[str, Any]) -> dict[str, Any]:
    """Return one row of the table of cubes as texts."""
    shares = [
        (_with_interval(row, name), numbers.percent(row[f"null_{name}"])) for name in VOLUME_SHARES
    ]
    return _first_cells(row) | {"shares": shares}


def _first_cells(row: dict[str, Any]) -> dict[str, Any]:
    """Return the cells of a row that boxes of all dimensions have."""
    diverged = row["diverged"]
    return {
        "code": row_label(row),
        "colour": colour(row["code"]),
        "width": numbers.in_cm(row["width_cm"]),
        "networks": (
            str(row["networks"]),
            counted(row["seeds"], "seed") + (f",\n{diverged} diverged" if diverged else ""),
        ),
        "errors": [_error(row), _with_range(row, "pos_decoding_err_T50")],
    }


def _with_range(row: dict[str, Any], name: str, decimals: int = 1) -> tuple[str, str]:
    value, low, high = row[name], row[f"{name}_min"], row[f"{name}_max"]
    if math.isnan(value):
        return ("–", "")
    texts = [numbers.number(one, decimals) for one in (value, low, high)]
    return (texts[0], f"{texts[1]} to {texts[2]}" if low < high else "")


def _error(row: dict[str, Any]) -> tuple[str, str]:
    """Return the position error; without outputs that of a linear readout, beside chance."""
    if math.isfinite(row["pos_decoding_err"]) or math.isnan(row["readout_err_cm"]):
        return _with_range(row, "pos_decoding_err")
    value, chance = (numbers.number(row[name], 1) for name in READOUT_MEDIANS)
    return (value, f"readout; chance {chance}")


def _with_interval(row: dict[str, Any], name: str) -> tuple[str, str]:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    interval = f"{_share(low)} to {_share(high)}" if low < high else ""
    return (numbers.percent(row[name]), interval)


def _share(share: float) -> str:
    return numbers.percent(share).removesuffix(" %")


def _not_drawn(figures: list[SavedFigure]) -> list[tuple[str, str]]:
    """Return the titles of figures that are not drawn and the reason, once for each reason."""
    titles: dict[str, list[str]] = {}
    for result, files in figures:
        if files is None:
            titles.setdefault(result.caption, []).append(result.title)
    return [("; ".join(names), reason) for reason, names in titles.items()]


def _figure(saved: SavedFigure) -> dict[str, Any]:
    result, files = saved
    assert files is not None
    figure = {
        "name": result.name,
        "title": result.title,
        "caption": result.caption,
        "alt": result.alt,
        "table": result.table,
    }
    small = files.svg.stat().st_size <= LARGEST_SVG
    image, kind = (files.svg, "svg+xml") if small else (files.png, "png")
    encoded = base64.b64encode(image.read_bytes()).decode()
    return figure | {"uri": f"data:image/{kind};base64,{encoded}"}


def _truncated(source: dict[str, str]) -> dict[str, str]:
    text = source["text"]
    if len(text) > _MOST_SOURCE:
        text = f"{text[:_MOST_SOURCE]}\n… {len(text) - _MOST_SOURCE:,} more characters"
    return {"name": source["name"], "text": text}
