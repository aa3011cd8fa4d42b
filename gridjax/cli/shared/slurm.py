"""Options of gridjax sweep that print a batch script of SLURM."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.job_arrays.slurm_script import slurm_script, without_options

_FLAGS, _OPTIONS = ("--print-slurm",), ("--parts", "--gres", "--time")
_DEFAULT_PARTS = 16

PrintSlurm = Annotated[
    bool,
    typer.Option(
        "--print-slurm",
        help="Train nothing; print a batch script of SLURM that runs this command in parts.",
    ),
]
Parts = Annotated[
    int | None,
    typer.Option(
        "--parts",
        metavar="N",
        min=1,
        max=999_999,
        help=f"Number of parts of the script of --print-slurm ({_DEFAULT_PARTS}).",
    ),
]
Gres = Annotated[
    str | None,
    typer.Option("--gres", metavar="GRES", help="Resources of each part (gpu:1), for the script."),
]
Time = Annotated[
    str | None,
    typer.Option("--time", metavar="TIME", help="Time limit of a task (4:00:00), for the script."),
]


def check_slurm_options(
    print_slurm: bool, part: str | None, engine: str, options: Mapping[str, Any]
) -> None:
    """Raise GridjaxError for options of the script without --print-slurm, and for others with it.

    The script divides the run itself, so that it takes neither a part nor a cluster of Ray.
    ``options`` are the values of --parts, --gres and --time, None if they are not given.
    """
    given = [name for name, value in options.items() if value is not None]
    if given and not print_slurm:
        message = f"{given[0]} is an option of the script of --print-slurm"
        raise GridjaxError(Problem(message, fix="add --print-slurm, or leave it out"))
    if print_slurm and part is not None:
        message = f"--part {part} and --print-slurm: the script runs all parts"
        raise GridjaxError(Problem(message, fix="leave --part out, and give --parts N"))
    if print_slurm and engine != "local":
        message = f"--engine {engine} and --print-slurm: the script runs parts, each on one machine"
        fix = "leave one of them out; docs/howto/machines.md has a script for Ray under SLURM"
        raise GridjaxError(Problem(message, fix=fix))


def script_of_this_command(
    parts: int | None, gres: str | None, time: str | None, workers: int | None
) -> str:
    """Return the script that runs the command of this process in parts, in the same folder.

    Without ``gres``, each task has as many CPU cores as ``workers``.
    """
    n_parts = parts or _DEFAULT_PARTS
    words = without_options(sys.argv[1:], _FLAGS, _OPTIONS)
    command = [*_program(), *words, "--part", f"auto/{n_parts}"]
    cpus = workers if gres is None else None
    return slurm_script(command, Path.cwd(), n_parts, gres, time, cpus)


def _program() -> list[str]:
    """Return the words that start this program on another host with the same file system."""
    found = shutil.which(sys.argv[0])
    if found is None:  # python -m gridjax
        return [sys.executable, "-m", "gridjax"]
    return [str(Path(found).absolute())]
