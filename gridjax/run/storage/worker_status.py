"""Status of the workers and the parts of a run, read from its folder."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.io.folder_lock import activity, is_locked, writer
from gridjax.io.numbers import duration
from gridjax.io.text import shown
from gridjax.run.planning.parts import Part
from gridjax.run.storage.parts.part_folders import (
    divisions,
    part_folders,
    read_division,
    running_parts,
)

if TYPE_CHECKING:
    from rich.table import Table

_MOST_COMMANDS = 4
"""Missing parts of which each is printed as a command of its own."""


def workers_status(folder: Path) -> list[dict[str, Any]]:
    """Return one entry for each block in training, and for each process without a block.

    Entries have the keys ``part`` ("3/16"; None for a run without parts), ``host``, ``pid``,
    ``started``, ``device``, ``block``, ``steps_per_s`` (gradient steps of all its networks),
    ``last_sign_s`` (seconds since its last sign of life) and ``left_s`` (predicted seconds to the
    end of the process). Unknown values are None.
    """
    running = running_parts(folder)
    places = [(str(part), path) for part, path in running.items()]
    if not running and is_locked(folder):
        places = [(None, folder)]
    return [entry for part, path in places for entry in _entries(part, path)]


def parts_status(
    folder: Path, committed: AbstractSet[str], sources: Iterable[str]
) -> dict[str, Any] | None:
    """Return the parts of the newest division of a run; None if the run has none.

    The keys are ``n_parts``, the numbers of the ``finished``, ``running`` and ``missing`` parts,
    ``networks`` and ``finished_networks`` by part, and ``commands`` with one command for each
    missing part; options of the first call beyond the files of the sweep must be added to them.
    """
    for n_parts in reversed(divisions(folder)):
        run_ids = read_division(folder, n_parts)
        if run_ids is None:
            continue
        n_finished = [sum(run_id in committed for run_id in own) for own in run_ids]
        done = [number + 1 for number, own in enumerate(run_ids) if n_finished[number] == len(own)]
        running = {part.number for part in running_parts(folder) if part.n_parts == n_parts}
        rest = [number for number in range(1, n_parts + 1) if number not in {*done, *running}]
        return {
            "n_parts": n_parts,
            "finished": [number for number in done if number not in running],
            "running": sorted(running),
            "missing": rest,
            "networks": [len(own) for own in run_ids],
            "finished_networks": n_finished,
            "commands": [_command(folder, sources, Part(number, n_parts)) for number in rest],
        }
    return None


def killed_parts(folder: Path) -> list[Path]:
    """Return the folders of the parts whose process was killed."""
    folders = part_folders(folder).values()
    return [path for path in folders if writer(path) is not None and not is_locked(path)]


def part_lines(parts: dict[str, Any], is_whole_running: bool) -> list[str]:
    """Return the parts of a run as lines for the terminal, with the commands of missing ones."""
    states = [(len(parts[name]), name, numbers(parts[name])) for name in _STATES if parts[name]]
    told = ", ".join(
        f"{n} {name}" + ("" if name == "finished" else f" ({which})") for n, name, which in states
    )
    lines = [f"{parts['n_parts']} parts: {told}"]
    if not parts["missing"] or is_whole_running:
        return lines
    commands = parts["commands"]
    lines.append("to train the missing parts (with the other options of the first call):")
    lines += [f"  {command}" for command in commands[:_MOST_COMMANDS]]
    if len(commands) > _MOST_COMMANDS:
        n_more = len(commands) - _MOST_COMMANDS
        lines.append(f"  and {n_more} more with another number before the /")
    array = numbers(parts["missing"])
    lines.append(f"  or, with a script of --print-slurm: sbatch --array={array} SCRIPT")
    return lines


_STATES = ("finished", "running", "missing")


def workers_lines(workers: Sequence[dict[str, Any]]) -> list[str]:
    """Return the speed of all workers together, and the time left, as a line for the terminal."""
    speeds = [each["steps_per_s"] for each in workers if each["steps_per_s"] is not None]
    left = [each["left_s"] for each in workers if each["left_s"] is not None]
    if not speeds:
        return []
    line = f"{sum(speeds):,.0f} gradient steps per second"
    return [line + (f", {duration(max(left))} left" if left else "")]


def workers_table(workers: Sequence[dict[str, Any]]) -> Table:
    """Return a table of the workers for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    has_parts = any(each["part"] for each in workers)
    for name in (*(("part",) if has_parts else ()), "host", "process", "device", "block"):
        table.add_column(name)
    for name in ("steps/s", "last sign"):
        table.add_column(name, justify="right")
    for each in workers:
        speed, sign = each["steps_per_s"], each["last_sign_s"]
        table.add_row(
            *((each["part"] or "",) if has_parts else ()),
            each["host"] or "",
            str(each["pid"] or ""),
            each["device"] or "",
            each["block"] or "",
            "" if speed is None else f"{speed:,.0f}",
            "" if sign is None else f"{duration(sign)} ago",
        )
    return table


def numbers(values: Sequence[int]) -> str:
    """Return sorted numbers in short: 1, 2, 3, 7 is '1-3,7'."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _entries(part: str | None, path: Path) -> list[dict[str, Any]]:
    named = writer(path) or {"host": None, "pid": None, "started": None}
    content, recorded = activity(path)
    age = None if recorded is None else max(0.0, time.time() - recorded)
    device = content.get("device")
    left_s = _number(content.get("left_s"))
    process = {
        "part": part,
        **named,
        "device": shown(device) if isinstance(device, str) else None,
        "left_s": None if left_s is None or age is None else max(0.0, left_s - age),
    }
    blocks = content.get("blocks")
    if not isinstance(blocks, dict) or not blocks:
        return [process | {"block": None, "steps_per_s": None, "last_sign_s": age}]
    return [process | _of_block(name, each, age) for name, each in blocks.items()]


def _of_block(name: str, content: Any, age: float | None) -> dict[str, Any]:
    values = content if isinstance(content, dict) else {}
    idle_s = _number(values.get("idle_s"))
    worker = {name: values.get(name) for name in ("host", "pid", "device")}
    kinds = {"host": str, "pid": int, "device": str}
    is_known = all(isinstance(worker[name], kind) for name, kind in kinds.items())
    return {
        **({name: _shown(value) for name, value in worker.items()} if is_known else {}),
        "block": shown(name),
        "steps_per_s": _number(values.get("steps_per_s")),
        "last_sign_s": None if age is None else age + (idle_s or 0.0),
    }


def _shown(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e18 and math.isfinite(value) else None


def _command(folder: Path, sources: Iterable[str], part: Part) -> str:
    words = ["gridjax", "sweep", *map(shown, sources), "--out", str(folder), "--part", str(part)]
    return shlex.join(words)
