"""Options that several commands share, and the checks of their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.stop_signal import read_duration
from gridjax.run.storage.resume_policy import ACCEPTABLE, accepted_changes


def _time_limit(text: str) -> float:
    return read_duration(text, "--time-limit")


def _accepted(names: list[str] | None) -> list[str] | None:
    """Return the changes that --accept names. Raises GridjaxError if one is unknown."""
    return list(accepted_changes(names or (), "--accept"))


_COMMA = re.compile(r",(?![^()]*\))")


def _value(name: str, text: str) -> str | list[str]:
    from gridjax.sweep.overrides import is_list_with_commas

    has_start, has_end = text.startswith("["), text.endswith("]")
    if has_start and has_end:
        values = [part.strip() for part in _COMMA.split(text[1:-1])]
        if not all(values):
            message = f"--set {name}={text}: a value between the brackets is missing"
            fix = f"write one value, or several with commas: --set {name}=[A,B]"
            raise GridjaxError(Problem(message, fix=fix))
        return values
    if has_start != has_end or (_COMMA.search(text) and is_list_with_commas(name)):
        values = ",".join(part.strip("[] ") for part in _COMMA.split(text) if part.strip("[] "))
        message = f"--set {name}={text}: several values need brackets on both sides"
        fix = f'write --set "{name}=[{values}]"'
        if re.fullmatch(r"-?\d+,\d+", text):
            fix += ", or a decimal point in place of the comma"
        raise GridjaxError(Problem(message, fix=fix))
    return text


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter in every network (Ng=256), several values of it (Ng=[128,256]), or a"
        " setting (gridjax.evaluation.samples_per_bin=100). May be repeated.",
    ),
]
Part = Annotated[
    str | None,
    typer.Option(
        "--part",
        metavar="K/N|auto|auto/N",
        help="Train part K of N of the networks, of about equal predicted cost. All parts write"
        " DIR, at the same time or one after the other, on any hosts. auto: the part of this task"
        " of a job array (SLURM, LSF; with auto/N also PBS and AWS Batch).",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="TIME",
        parser=_time_limit,
        help="Stop after this time (30m, 10h, ...), at a point where all is saved; exit code 75.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Blocks to train at the same time: by default one on each accelerator, or one process"
        " for each CPU core. The number does not change the results.",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="CHANGE",
        callback=_accepted,
        help="Resume the run although this changed since it began: "
        + ", ".join(ACCEPTABLE)
        + ". Rows of later networks are marked.",
    ),
]


def read_overrides(
    overrides: list[str] | None, settings: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the values of the --set options, together with ``settings``.

    ``settings`` are values by name from other options. A value in brackets becomes a list; commas
    outside of parentheses separate its items. Raises GridjaxError if a name, a value or a bracket
    is missing or a name is given twice.
    """
    values = dict(settings or {})
    for pair in overrides or ():
        name, equals, value = pair.partition("=")
        if not name.strip():
            raise GridjaxError(Problem(f"--set {pair}: no name", fix="write --set NAME=VALUE"))
        if not equals:
            raise GridjaxError(Problem(f"--set {pair}: no value", fix="write --set NAME=VALUE"))
        if name in values:
            raise GridjaxError(Problem(f"--set {name} is given twice", fix="give it once"))
        values[name] = _value(name, value)
    return values
