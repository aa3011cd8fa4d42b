"""The status of a run, read from its folder during or after the run."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.errors import DamageError
from gridjax.io.folder_lock import is_locked, writer
from gridjax.io.numbers import quantity
from gridjax.run.checkpointing.block_folder import CHECKPOINTS, block_folders
from gridjax.run.checkpointing.checkpoint_list import Checkpoint
from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.storage.partial_results import partial_run_ids
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.worker_status import (
    killed_parts,
    part_lines,
    parts_status,
    workers_lines,
    workers_status,
)
from gridjax.spec.network import NetworkSpec

if TYPE_CHECKING:
    from rich.table import Table

RUNNING, FINISHED, STOPPED, KILLED = "running", "finished", "stopped", "killed"


def status(folder: Path) -> dict[str, Any]:
    """Return the status of a run as JSON values; ages are in seconds.

    Raises GridjaxError if the folder holds no run.
    """
    store = FolderStore.open(folder)
    committed, total = store.committed(), len(store.manifest["run_ids"])
    named, is_running = writer(folder), is_locked(folder)
    sources = [source["name"] for source in store.manifest["sources"]]
    parts = parts_status(folder, committed, sources)
    checkpoints = [each for block in block_folders(folder)[0] for each in block.listed()]
    partial = partial_run_ids(folder) & set(store.manifest["run_ids"]) - committed
    state = RUNNING if is_running else FINISHED if len(committed) == total else STOPPED
    if state == STOPPED and (named is not None or killed_parts(folder)):
        state = KILLED
    damage = ""
    try:
        n_diverged = store.table("networks")["status"].to_pylist().count(DIVERGED)
    except DamageError as error:
        n_diverged, damage = None, str(error)
    return {
        "state": state,
        "writer": named if is_running or state == KILLED else None,
        "networks": total,
        "finished": len(committed),
        "in_unfinished_blocks": len(partial),
        "diverged": n_diverged,
        "damage": damage,
        "segments": len(store.manifest["segments"]),
        "has_earlier_sweeps": any("sweep" in s["accepted"] for s in store.manifest["segments"]),
        "last_finished_s": _seconds_since(store.last_finished()),
        "in_training": _in_training(store.manifest, committed | partial, checkpoints),
        "workers": workers_status(folder) if is_running else [],
        "parts": parts,
        "of_earlier_sweeps": _of_earlier_sweeps(checkpoints, set(store.manifest["run_ids"])),
    }


def status_lines(state: dict[str, Any]) -> list[str]:
    """Return a status as lines for the terminal."""
    named = state["writer"]
    process = "process {pid} on {host}, since {started}".format(**named) if named else ""
    diverged = f", {state['diverged']} of them diverged" if state["diverged"] else ""
    lines = [
        f"{state['state']} ({process})" if process else state["state"],
        f"{state['finished']} of {state['networks']} networks finished{diverged}"
        + (f", the last {state['last_finished_s']:.0f} s ago" if state["finished"] else ""),
    ]
    if state["in_unfinished_blocks"]:
        lines.append(
            f"{state['in_unfinished_blocks']} more are finished; their rows appear when their"
            " blocks are complete"
        )
    if state["segments"] > 1:
        lines.append(f"resumed {state['segments'] - 1} times under accepted changes")
    if state["parts"] is not None:
        is_whole = any(each["part"] is None for each in state["workers"])
        lines += part_lines(state["parts"], is_whole)
    elif state["state"] in (STOPPED, KILLED):
        lines.append("run the sweep command again to resume the rest")
        if state["has_earlier_sweeps"]:
            lines.append("networks of an earlier sweep need the command of that sweep")
    lines += workers_lines(state["workers"])
    if state["of_earlier_sweeps"]["networks"]:
        n, size = (state["of_earlier_sweeps"][name] for name in ("networks", "bytes"))
        lines.append(
            f"checkpoints of {n} networks of an earlier sweep take {quantity(size)}B; its command"
            f" resumes them under --accept sweep; remove {CHECKPOINTS}/ to give them up"
        )
    if state["damage"]:
        lines.append(state["damage"])
    return lines


def status_table(state: dict[str, Any]) -> Table:
    """Return a table of the networks in training, from their newest checkpoints."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    for name in ("in training", "steps", "of", "saved"):
        table.add_column(name, justify="left" if name == "in training" else "right")
    for one in state["in_training"]:
        steps = [f"{one[name]:,}" for name in ("steps", "n_grad_steps")]
        table.add_row(one["run_id"], *steps, f"{one['saved_s']:.0f} s ago")
    return table


def _in_training(
    manifest: dict[str, Any], committed: set[str], checkpoints: list[Checkpoint]
) -> list[dict[str, Any]]:
    newest: dict[str, tuple[int, Checkpoint]] = {}
    for checkpoint in checkpoints:
        for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True):
            if run_id not in committed and steps >= newest.get(run_id, (0, None))[0]:
                newest[run_id] = (steps, checkpoint)
    specs = dict(zip(manifest["run_ids"], manifest["specs"], strict=True))
    return [
        {
            "run_id": run_id,
            "steps": steps,
            "n_grad_steps": NetworkSpec.from_dict(specs[run_id]).n_grad_steps,
            "saved_s": _age(checkpoint.folder),
        }
        for run_id, (steps, checkpoint) in newest.items()
        if run_id in specs
    ]


def _of_earlier_sweeps(checkpoints: list[Checkpoint], run_ids: set[str]) -> dict[str, int]:
    """Return the number and disk space (bytes) of networks in training from earlier sweeps."""
    theirs, blocks = set(), set()
    for checkpoint in checkpoints:
        if set(checkpoint.networks) - run_ids:
            theirs |= set(checkpoint.run_ids) - run_ids
            blocks.add(checkpoint.folder.parent)
    size = 0
    for path in (path for block in blocks for path in block.rglob("*")):
        with suppress(FileNotFoundError):  # removed by the run meanwhile
            size += path.lstat().st_size
    return {"networks": len(theirs), "bytes": size}


def _age(path: Path) -> float | None:
    """Return the seconds since the last change of a folder; None if it does not exist."""
    try:
        return _seconds_since(path.stat().st_mtime)
    except OSError:  # removed by the run meanwhile
        return None


def _seconds_since(time_s: float | None) -> float | None:
    return None if time_s is None else max(0.0, time.time() - time_s)
