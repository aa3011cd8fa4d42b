"""Output of gridjax score: a table on the terminal, a Parquet file and a gallery."""

from __future__ import annotations

import io
import json
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.numbers import number
from gridjax.io.output_paths import output_files
from gridjax.recordings.cell_scores import PERCENTILES, InputScores
from gridjax.recordings.figure import draw, p_text
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import pooled_thresholds, score_inputs

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

SHOWN = 30
"""Largest number of cells in the table on the terminal."""
WIDE, NARROW_NAME = 100, 16
"""Smallest terminal width that shows all columns, and largest width of a name in a narrower
terminal, in characters."""


class OutputFiles(NamedTuple):
    """Output files of one call."""

    table: Path
    png: Path
    svg: Path


class Column(NamedTuple):
    """A column of the table on the terminal."""

    head: str
    text: Callable[[pd.Series], str]
    always: bool = True
    """Whether a narrow terminal shows the column."""


BINS, CENTIMETRES = "period\nbins", "period\ncm"
CHANCE = ("chance\np", "95 %", "99 %")
COLUMNS = (
    Column("cell", lambda row: row["cell"]),
    Column("spikes", lambda row: f"{row['n_spikes']:,}" if row["n_spikes"] >= 0 else "–"),
    Column("mean\nrate", lambda row: f"{row['mean_rate']:.3g}".replace("-", "−"), always=False),
    Column("score\n60", lambda row: number(row["score_60"])),
    Column("score\n90", lambda row: number(row["score_90"]), always=False),
    Column(CENTIMETRES, lambda row: number(row["period_cm"], 1)),
    Column(BINS, lambda row: number(row["period_bins"], 1)),
    Column("axes\n°", lambda row: number(math.degrees(row["orientation_rad"]), 1)),
    Column("ellip-\nticity", lambda row: number(row["ellipticity"]), always=False),
    Column("lattice\np", lambda row: p_text(row["lattice_p"])),
    Column(CHANCE[0], lambda row: p_text(row["p_value"])),
    Column(CHANCE[1], lambda row: number(row["shuffle_95"])),
    Column(CHANCE[2], lambda row: number(row["shuffle_99"])),
)


def score_files(
    names: Sequence[str | Path],
    meaning: InputOptions,
    options: ScoreOptions,
    out: Path | None,
    force: bool,
    console: Console,
) -> list[InputScores]:
    """Read inputs, print their scores, and optionally write a table and a gallery.

    Args:
        names: input files, or patterns that match files.
        meaning: meaning of the numbers in the inputs.
        options: options of scoring.
        out: file of the table, .parquet; None to write no files.
        force: whether existing output files may be replaced.
        console: terminal for the output.

    Returns the scores of each input. Raises GridjaxError before scoring, for invalid options,
    inputs and output files.
    """
    options.check()
    files = None if out is None else outputs(out, force)
    inputs = read_inputs(names, meaning)
    with console.status("scoring") as status:

        def progress(name: str, done: int, total: int) -> None:
            status.update(f"shuffling {Path(name).name}: {done} of {total} cells done")

        scored = score_inputs(inputs, options, progress)
    show(console, scored)
    if files is not None:
        write(scored, meaning, options, files)
        message = f"table in {files.table}, gallery in {files.png} and {files.svg}"
        console.print(message, soft_wrap=True, highlight=False)
    return scored


def outputs(out: Path, force: bool) -> OutputFiles:
    """Return the files to write: the table, and its gallery in the same folder.

    Raises GridjaxError for an ending other than .parquet, for a folder that does not exist, and,
    unless `force` is true, for files that exist.
    """
    return OutputFiles(*output_files(out, (".parquet", ".png", ".svg"), force, "scores.parquet"))


def table(scored: Sequence[InputScores]) -> pd.DataFrame:
    """Return one row for each cell, in the order of the inputs.

    The columns are those of the Parquet file, listed in docs/howto/scoring.md.
    """
    import pandas as pd

    frame = pd.concat([pd.DataFrame(one.columns) for one in scored], ignore_index=True)
    pooled = pooled_thresholds(scored)
    none = np.full(len(PERCENTILES), np.nan)
    limits = np.array([pooled.get(null, none) for null in frame["null"]])
    frame["pooled_95"], frame["pooled_99"] = limits.T
    for name in ("n_spikes", "ring_60", "n_bins", "n_shuffles"):
        frame[name] = frame[name].astype("Int64")
    for name in ("input", "cell", "null", "arena"):
        frame[name] = frame[name].astype("string")
    return frame


def write(
    scored: Sequence[InputScores],
    meaning: InputOptions,
    options: ScoreOptions,
    files: OutputFiles,
) -> None:
    """Write the table, with options and thresholds as metadata, and the gallery.

    Raises GridjaxError if the files cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gridjax import plotting
    from gridjax.io.atomic_files import replace_file
    from gridjax.version import __version__

    frame = table(scored)
    pooled = {null: list(values) for null, values in pooled_thresholds(scored).items()}
    about = {
        "version": __version__,
        "options": asdict(options) | asdict(meaning),
        "pooled_95_99": pooled,
    }
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    arrow = arrow.replace_schema_metadata(
        {**(arrow.schema.metadata or {}), b"gridjax": json.dumps(about).encode()}
    )
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer)
    try:
        replace_file(files.table, buffer.getvalue())
        with plotting.styled(), warnings.catch_warnings():
            # characters that the font does not have appear as boxes, without a warning
            warnings.filterwarnings("ignore", "Glyph .* missing")
            plotting.save(draw(scored, files.table.stem, options.nan), files.table.parent)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, Place(str(files.table)))) from None


def show(console: Console, scored: Sequence[InputScores]) -> None:
    """Print one line about each input, the table of the best cells, and pooled null thresholds."""
    for one in scored:
        for line in (one.headline, *(f"  {remark}" for remark in one.remarks)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    frame = table(scored).sort_values("score_60", ascending=False, kind="stable")
    console.print(_terminal_table(frame.fillna({"n_spikes": -1}), console.width))
    if len(frame) > SHOWN:
        console.print(f"the best {SHOWN} of {len(frame):,} cells; --out writes all cells")
    for null, limits in pooled_thresholds(scored).items():
        n_draws = sum(one.null_scores.size for one in scored if one.null == null)
        percentiles = ", ".join(
            f"{percent:.0f} % below {number(float(limit))}"
            for percent, limit in zip(PERCENTILES, limits, strict=True)
        )
        console.print(
            f"null, all cells pooled ({null}, {n_draws:,} draws): {percentiles}",
            highlight=False,
            soft_wrap=True,
        )


def _terminal_table(frame: pd.DataFrame, width: int) -> Table:
    """Return the first SHOWN rows as a table, with fewer columns for a narrow terminal."""
    from rich import box
    from rich.table import Table

    shuffled = bool((frame["n_shuffles"] > 0).any())
    wide = width >= WIDE
    columns = [column for column in COLUMNS if wide or column.always]
    if frame["input"].nunique() > 1:
        columns.insert(0, Column("input", lambda row: Path(row["input"]).name))
    if frame["map_width_cm"].notna().any():
        columns = [column for column in columns if column.head != BINS]
    if not shuffled:
        columns = [column for column in columns if column.head not in CHANCE]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        names = column.head in ("input", "cell")
        table.add_column(
            column.head,
            justify="left" if names else "right",
            no_wrap=True,
            max_width=None if wide or not names else NARROW_NAME,
        )
    for _, row in frame.head(SHOWN).iterrows():
        table.add_row(*(column.text(row) for column in columns))
    return table
