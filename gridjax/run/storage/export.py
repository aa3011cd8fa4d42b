"""Export of a run: its tables, without weights and checkpoints, as a small run folder.

The exported folder is a run folder. It can be opened, reported, verified, and resumed: a resumed
run trains only the networks that it does not contain. Each export adds one shard with the networks
that have finished since the last export.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from gridjax.errors import DamageError, GridjaxError, Place, Problem
from gridjax.io.output_paths import check_writable
from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.storage.block_results import Arrays, BlockResults, join_results
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.resume_policy import different_settings
from gridjax.run.storage.run_folder import FolderStore, commit_block


class Exported(NamedTuple):
    """What an export has written."""

    added: int
    """networks that this export has added"""
    present: int
    """networks that the exported folder contains now"""
    wanted: int
    """networks of the run, finished or not"""


def export_run(folder: str | Path, out: str | Path, maps: int = 0) -> Exported:
    """Copy the results of the finished networks of a run to a small run folder.

    Weights and checkpoints are not copied. If ``out`` is an earlier export of the run, the networks
    that it lacks are added, with as many maps as those that it has.

    Args:
        folder: The folder of the run, finished or not.
        out: The folder to write, or an earlier export of the same run.
        maps: Number of rate maps to copy of each added network; with ``keep_maps: best:N`` these
            are the maps of its best units. Networks that ``out`` has are not changed.

    Returns:
        The numbers of added and present networks, and of networks of the run.

    Raises:
        GridjaxError: There is no run in ``folder``, ``out`` contains something else than an
            export of this run, has another number of maps, or cannot be written.
        DamageError: A file of the run, or of the earlier export, is damaged.
    """
    if maps < 0:
        raise GridjaxError(Problem(f"maps={maps} is negative", fix="give 0 or a positive number"))
    out = Path(out)
    run = FolderStore.open(Path(folder))
    if out.exists() and out.resolve() == run.folder.resolve():
        raise GridjaxError(Problem(f"{out} is the run itself", fix="name another folder"))
    finished = run.committed()
    present = _exported_before(out, run, finished)
    if present:
        _check_maps(FolderStore.open(out), run, maps)
    new = [run_id for run_id in run.manifest["run_ids"] if run_id in finished - present]
    results = _results(run, new, maps)  # a damaged run is found before anything is written
    _make_writable(out)
    FolderStore.create(out, run.manifest, {})
    if new:
        commit_block(out, results)
    return Exported(len(new), len(present) + len(new), len(run.manifest["run_ids"]))


def _exported_before(out: Path, run: FolderStore, finished: set[str]) -> set[str]:
    """Return the networks in ``out``.

    Raises GridjaxError unless ``out`` is absent, empty, or an export of the run.
    """
    if not os.path.lexists(out) or (out.is_dir() and not any(out.iterdir())):
        return set()
    fix = "name a new folder, or an earlier export of this run"
    if not (out / MANIFEST).exists():
        raise GridjaxError(Problem("is not empty, and contains no run", Place(str(out)), fix))
    there = FolderStore.open(out)
    if damaged := there.damaged():
        places = [Place(file) for file in damaged.values()]
        raise DamageError([Problem("damaged, in an earlier export", at, fix) for at in places])
    present = there.committed()
    foreign = present - finished
    if foreign:
        message = f"contains {len(foreign)} networks that are not finished in {run.folder}"
        raise GridjaxError(Problem(message, Place(str(out)), fix))
    if different_settings(there.manifest, run.manifest):
        message = f"is the export of a run with other settings than {run.folder}"
        raise GridjaxError(Problem(message, Place(str(out)), fix))
    if there.with_weights():
        message = "contains weights, so it is a run and no export"
        raise GridjaxError(Problem(message, Place(str(out)), fix))
    return present


def _make_writable(out: Path) -> None:
    """Create the folder if it is missing. Raises GridjaxError if it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        check_writable(out)
    except OSError as error:
        fix = "name a folder that you can write to"
        message = f"cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, Place(str(out)), fix)) from None


def _check_maps(there: FolderStore, run: FolderStore, n_maps: int) -> None:
    """Raise GridjaxError if an earlier export has more or fewer maps of each network than asked.

    The first network that did not diverge is compared; each of them has the same number.
    """
    columns = there.table("networks").select(["run_id", "status"]).to_pylist()
    first = next((each["run_id"] for each in columns if each["status"] != DIVERGED), None)
    of_run = None if first is None else run.maps(first)
    if first is None or of_run is None:
        return
    copied = there.maps(first)
    n_there, n_here = 0 if copied is None else len(copied.maps), len(of_run.maps)
    if n_there != min(n_maps, n_here):
        message = f"has {n_there} maps of each network, not {min(n_maps, n_here)}"
        fix = f"give --maps {n_there} (Python: maps={n_there}), or name a new folder"
        raise GridjaxError(Problem(message, Place(str(there.folder)), fix))


def _results(run: FolderStore, run_ids: list[str], n_maps: int) -> BlockResults:
    """Return the results of networks as one block, without weights."""
    whole = join_results(list(run.results_of(frozenset(run_ids))), run_ids)
    maps = {} if n_maps == 0 else {name: _first(own, n_maps) for name, own in whole.maps.items()}
    return BlockResults(whole.run_ids, whole.tables, maps, {})


def _first(kept: Arrays, n: int) -> Arrays:
    """Return the first ``n`` maps of a network."""
    return kept | {"maps": kept["maps"][:n], "units": kept["units"][:n]}
