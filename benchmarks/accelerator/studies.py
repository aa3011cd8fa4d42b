"""Part s: desk sizes of studies, in order of value, with the tables of all finished networks.

The studies share one run folder. Its tables, without weights, are written as ``tables.tar.0``,
``tables.tar.1`` and so on, after each study. ``cat tables.tar.* | tar x`` gives a run folder, from
which ``gridjax study`` computes its page without training.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from .part import Part

BF16 = ("--set", "matmul_precision=bf16")
STUDIES = (
    ("study", "heterogeneity", *BF16),
    # the arms that can learn in a cube; see docs/explanation/three-dimensions.md
    ("study", "volume", *BF16, "--set", "place_field_values=gaussian", "--set", "motion=walk"),
    ("study", "dropout", *BF16),
    ("study", "static"),  # cells of plugins form their own products, in float32
    ("study", "models"),
    ("study", "turing", *BF16),
    ("study", "modules", *BF16),
)
"""Commands of gridjax; studies whose networks are trained already are not among them."""
TINY = (
    *("--size", "quick", "--seeds", "1", "--set", "Ng=32"),
    *("--set", "batch_size=8", "--set", "n_grad_steps_per_epoch=10"),
)
TINY_STUDIES = (("scan", "--widths", "0.11:0.13:0.01", *BF16), ("study", "modules", *BF16))
"""Commands of a test run; they share a compilation."""
RESERVE_S = 60.0
"""Seconds for the last checkpoint and for the tables."""
KEPT_MAPS = 1
PIECE = 15 << 20
"""Largest number of bytes of a file."""
_COMMAND = "from gridjax.cli import main; main()"


def measure(part: Part) -> None:
    """Train one study after the other until the time is spent; write all tables after each."""
    folder = part.work / "studies"
    for words in TINY_STUDIES if part.tiny else STUDIES:
        if part.left < 2 * RESERVE_S:
            part.row("left_out", {"command": " ".join(words)})
            continue
        limit = part.left - RESERVE_S
        options = TINY if part.tiny else ("--size", "desk")
        asked = [*words, *options, "--out", str(folder), "--time-limit", f"{limit:.0f}s"]
        row = _run(asked, limit + 0.8 * RESERVE_S)
        tables = part.work / "tables"
        kept = ["export", str(folder / "networks"), str(tables), "--maps", f"{KEPT_MAPS}"]
        exported = _run(kept, max(part.left, 5.0))
        row["exported"] = exported["said"].splitlines()[-1:] or [""]
        if not exported["code"]:
            row["bytes"] = pack(tables, part.out)
        part.row("studies", {"command": " ".join(words), **row})


def pack(folder: Path, out: Path) -> int:
    """Write a folder as an archive in pieces of at most PIECE bytes; return all bytes."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        archive.add(folder, arcname=folder.name)
    content = whole.getvalue()
    for number, start in enumerate(range(0, len(content), PIECE)):
        (out / f"tables.tar.{number}").write_bytes(content[start : start + PIECE])
    return len(content)


def _run(arguments: list[str], seconds: float) -> dict[str, Any]:
    """Run a command of gridjax; return its seconds, exit code and the end of its output."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", _COMMAND, *arguments]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        code, said = told.returncode, told.stdout + told.stderr
    except subprocess.TimeoutExpired as late:
        code, said = "late", f"{late.stdout}"
    return {"seconds": time.perf_counter() - begun, "code": code, "said": said.strip()[-1500:]}
