"""Part s: desk sizes of studies, in order of value, with the tables of all finished networks.

Each command has its own run folder. ``AT_ONCE`` of them run side by side on the card, so that one
trains while another compiles. The tables, without weights, are written as ``tables.tar.0``,
``tables.tar.1`` and so on, whenever a command ends. ``cat tables.tar.* | tar x`` gives the folder
``tables`` with a run folder for each command, which ``gridjax study`` resumes, and from which it
computes its page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from .part import Part, pack

BF16 = ("--set", "matmul_precision=bf16")
STUDIES = (
    ("study", "dropout", *BF16),
    ("study", "landmarks", *BF16),
    # the arms that can learn in a cube; see docs/explanation/three-dimensions.md
    ("study", "volume", *BF16, "--set", "place_field_values=gaussian", "--set", "motion=walk"),
    ("study", "turing", *BF16),
    ("study", "modules", *BF16),
    ("study", "static"),  # cells of plugins form their own products, in float32
    ("study", "models"),
)
"""Commands of gridjax; studies whose networks are trained already are not among them."""
TINY = (
    *("--size", "quick", "--seeds", "1", "--set", "Ng=32"),
    *("--set", "batch_size=8", "--set", "n_grad_steps_per_epoch=10"),
)
TINY_STUDIES = (("scan", "--widths", "0.11:0.13:0.01", *BF16), ("study", "modules", *BF16))
"""Commands of a test run; they share a compilation."""
AT_ONCE = 3
"""Commands that run at the same time. With six, the first evaluation was compiled after 260 s on 16
cores of an H200's host."""
LANES = ("--set", "gridjax.lane_width=64")
"""Width of the blocks, narrower than by default, so that more blocks are finished in the time."""
RESERVE_S = 60.0
"""Seconds for the last checkpoint and for the tables."""
KEPT_MAPS = 1
_COMMAND = "from gridjax.cli import main; main()"


def measure(part: Part) -> None:
    """Train studies until the time is spent; write all tables whenever a command ends."""
    folder, kept, lock = part.work / "studies", part.work / "tables", Lock()
    commands = TINY_STUDIES if part.tiny else STUDIES

    def follow(place: int) -> None:
        words = commands[place]
        name = f"{place}-{words[1].lstrip('-')}"
        if part.left < 2 * RESERVE_S:
            part.row("left_out", {"command": " ".join(words)})
            return
        limit = part.left - RESERVE_S
        options = TINY if part.tiny else ("--size", "desk", *LANES)
        asked = [*words, *options, "--out", str(folder / name), "--time-limit", f"{limit:.0f}s"]
        row = _run(asked, limit + 0.6 * RESERVE_S)
        with lock:
            networks = str(folder / name / "networks")
            export = ["export", networks, str(kept / name), "--maps", f"{KEPT_MAPS}"]
            exported = _run(export, max(part.left, 5.0), {"JAX_PLATFORMS": "cpu"})
            row["exported"] = exported["said"].splitlines()[-1:] or [""]
            if not exported["code"]:
                row["bytes"] = pack(kept, part.out / "tables.tar")
        part.row("studies", {"command": " ".join(words), **row})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(follow, range(len(commands))))


def _run(
    arguments: list[str], seconds: float, variables: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run a command of gridjax; return its seconds, exit code and the end of its output."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", _COMMAND, *arguments]
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} | (variables or {})
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env=environment
        )
        code, said = told.returncode, told.stdout + told.stderr
    except subprocess.TimeoutExpired as late:
        code, said = "late", f"{late.stdout}"
    return {"seconds": time.perf_counter() - begun, "code": code, "said": said.strip()[-1500:]}
