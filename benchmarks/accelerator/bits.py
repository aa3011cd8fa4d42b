"""Part g: which tables of a sweep are equal to the bit when it is run in other ways.

The same sweep again in the same process and in another, stopped and resumed, and with other
networks in its block; each with the usual and with deterministic operations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .part import Part

SEEDS, COMPANY = [0, 1, 2, 3], [11, 2, 12, 0]
"""Seeds of the networks; the second list has two of the first in other places."""
PROCESSES = (("first", "again", "resumed", "company"), ("other process",))
"""The runs of each process."""


def measure(part: Part) -> None:
    """Make the runs of each process, and compare them with the first of the same operations.

    The runs with usual and with deterministic operations are made side by side, because most of
    the time is compilation.
    """
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    os.environ["JAX_PLATFORMS"] = "cpu"  # the runs need the card's memory, not the comparison
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(_make_runs, part, each, environment) for each in (False, True)]
        for each in made:
            each.result()


def _make_runs(part: Part, deterministic: bool, environment: Mapping[str, str]) -> None:
    """Make the runs with one kind of operations, and compare them."""
    if deterministic and (cache := environment.get("JAX_COMPILATION_CACHE_DIR")):
        # processes with one cache wait for each other's programs
        environment = {**environment, "JAX_COMPILATION_CACHE_DIR": f"{cache}-deterministic"}
    for names in PROCESSES:
        if part.left < 15 and not part.tiny:
            part.row("left_out", {"deterministic": deterministic, "runs": " ".join(names)})
            continue
        folders = {name: _folder(part, deterministic, name) for name in names}
        runs = [
            {
                "name": name,
                "folder": str(folder),
                "seeds": COMPANY if name == "company" else SEEDS,
                "stop": name == "resumed",
            }
            for name, folder in folders.items()
        ]
        wish = {
            "deterministic": deterministic,
            "units": 32 if part.tiny else 128,
            "steps": 200 if part.tiny else 4000,
            "settings": {"evaluation": {"samples_per_bin": 2}} if part.tiny else {},
            "runs": runs,
        }
        _run(part, wish, environment)
        first = _folder(part, deterministic, "first")
        for name, folder in folders.items():
            if name != "first" and _is_finished(first) and _is_finished(folder):
                row = {"deterministic": deterministic, "run": name} | compare(first, folder)
                part.row("comparisons", row)


def _folder(part: Part, deterministic: bool, name: str) -> Path:
    kind = "deterministic" if deterministic else "usual"
    return part.work / f"bits-{kind}-{name.replace(' ', '-')}"


def _run(part: Part, wish: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Run one process; write the seconds of its runs, or its last words."""
    command = [sys.executable, "-m", "benchmarks.accelerator.bits_runs", json.dumps(wish)]
    most = max(1.0, part.left - 3)
    try:
        told = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=most
        )
        code, said, last = told.returncode, told.stdout, told.stderr[-1500:]
    except subprocess.TimeoutExpired as late:
        kept = late.stdout or ""  # bytes in spite of text=True
        said = kept.decode() if isinstance(kept, bytes) else kept
        code, last = "late", ""
    for line in said.splitlines():
        row = json.loads(line)
        steps = row["resumed_at"]
        row["resumed_at"] = f"{min(steps)} to {max(steps)}" if steps else "not resumed"
        part.row("runs", {"deterministic": wish["deterministic"], **row})
    if code != 0:
        part.row("failed", {"deterministic": wish["deterministic"], "code": code, "said": last})


def _is_finished(folder: Path) -> bool:
    from gridjax.errors import GridjaxError
    from gridjax.run.storage.run_folder import FolderStore

    try:
        store = FolderStore.open(folder)
    except GridjaxError:
        return False
    return len(store.committed()) == len(store.manifest["run_ids"])


def compare(first: Path, other: Path) -> dict[str, Any]:
    """Return which results of the networks of both runs have the same bits.

    ``equal`` and ``different`` are names of tables, ``maps`` and ``weights``; ``columns`` are those
    of the tables that differ. Wall-clock times are not compared.
    """
    import numpy as np

    from gridjax.run.storage.run_folder import FolderStore
    from gridjax.run.storage.tables.schema import ROW_KEYS, TABLES

    stores = FolderStore.open(first), FolderStore.open(other)
    shared = sorted(stores[0].committed() & stores[1].committed())
    tables = [{name: store.table(name).to_pandas() for name in TABLES} for store in stores]
    networks = [each["networks"].set_index("run_id") for each in tables]
    equal, different, columns = [], [], []
    for name in TABLES:
        if name == "timings":
            continue
        key = ROW_KEYS[name]
        keys = set(shared) if key == "run_id" else set(networks[0].loc[shared, key])
        rows = [_of(each[name], key, keys) for each in tables]
        differing = [
            f"{name}.{column}"
            for column in rows[0]
            if _bits(rows[0], column) != _bits(rows[1], column)
        ]
        (different if differing else equal).append(name)
        columns += differing
    for name in ("maps", "weights"):
        is_same = True
        for run_id in shared:
            ours, theirs = (_arrays(getattr(store, name)(run_id)) for store in stores)
            is_same &= ours.keys() == theirs.keys() and all(
                np.asarray(ours[key]).tobytes() == np.asarray(theirs[key]).tobytes() for key in ours
            )
        (equal if is_same else different).append(name)
    return {
        "networks": len(shared),
        "equal": " ".join(equal),
        "different": " ".join(different),
        "columns": " ".join(columns)[:1500],
    }


def _of(table: Any, key: str, keys: set[str]) -> Any:
    """Return the rows of some networks or nulls, in an order that the run does not decide."""
    return table[table[key].isin(keys)].sort_values(key, kind="stable")


def _bits(table: Any, column: str) -> str:
    return repr(table[column].to_numpy().tolist())


def _arrays(kept: Any) -> dict[str, Any]:
    if kept is None:
        return {}
    return dict(kept) if isinstance(kept, dict) else dict(vars(kept))
