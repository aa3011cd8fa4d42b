"""The folder ``parts`` of a run: one folder for each part, with its lock, and the divisions.

``parts/3-of-16`` holds the lock and the sign of life of part 3 of 16. ``parts/of-16.json`` lists
the networks of every part, for ``gridjax status``. Which networks a part trains follows from the
plan alone (gridjax.run.planning.parts).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gridjax.errors import DamageError, GridjaxError, Place, Problem
from gridjax.io.atomic_files import (
    dump_checksummed_json,
    load_checksummed_json,
    read_regular,
    remove_tree,
    replace_file,
    writing,
)
from gridjax.io.folder_lock import LOCK, WORKERS_LOCK, WRITER, in_use, is_locked, locked, named
from gridjax.io.json_schema import check_schema
from gridjax.io.output_paths import special_path
from gridjax.run.planning.parts import Part
from gridjax.run.storage.manifest import MANIFEST

PARTS = "parts"
_FOLDER = re.compile(r"([1-9][0-9]{0,5})-of-([1-9][0-9]{0,5})")
_DIVISION = re.compile(r"of-([1-9][0-9]{0,5})\.json")
_SCHEMA = {"parts": [[str]]}
_PATIENCE_S = 60.0
"""Longest wait for the start of other parts, in seconds; one start takes less than a second."""
_VISIBLE_S, _BETWEEN_LOOKS_S = 60.0, 0.5
"""Longest wait until a file of another host is visible, and the time between two looks, seconds."""


def is_manifest_visible(run_folder: Path) -> bool:
    """Return whether the folder has a manifest; wait for that of a part that another host runs.

    A network file system shows the new files of other hosts some seconds late, in the list of a
    folder before it opens them. In a folder without parts nothing is waited for.
    """
    deadline = time.monotonic() + _VISIBLE_S
    while not (run_folder / MANIFEST).exists():
        if time.monotonic() > deadline or not _names(run_folder) & {PARTS, MANIFEST}:
            return False
        time.sleep(_BETWEEN_LOOKS_S)
    return True


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def part_folder(run_folder: Path, part: Part) -> Path:
    """Return the folder of a part."""
    return run_folder / PARTS / f"{part.number}-of-{part.n_parts}"


def part_folders(run_folder: Path) -> dict[Part, Path]:
    """Return the parts of a run that were started, with their folders; links are left out."""
    root = run_folder / PARTS
    if root.is_symlink() or not root.is_dir():
        return {}
    found = {}
    for path in root.iterdir():
        name = _FOLDER.fullmatch(path.name)
        if name and path.is_dir() and not path.is_symlink():
            found[Part(int(name[1]), int(name[2]))] = path
    return dict(sorted(found.items(), key=lambda item: (item[0].n_parts, item[0].number)))


def running_parts(run_folder: Path) -> dict[Part, Path]:
    """Return the parts whose lock a process holds, with their folders."""
    folders = part_folders(run_folder)
    return {part: path for part, path in folders.items() if is_locked(path)}


@contextmanager
def part_lock(run_folder: Path, part: Part) -> Iterator[dict[str, Any]]:
    """Hold the lock of a part; yield host, process and start time of this process.

    Raises GridjaxError if another process holds it, and if a part of another division is running:
    its networks are also those of this part.
    """
    folder = part_folder(run_folder, part)
    with writing(run_folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, lambda: part_in_use(run_folder, part)) as me:
        for other, path in part_folders(run_folder).items():
            if other.n_parts != part.n_parts and is_locked(path):
                message = f"--out {run_folder}: part {other} of the same run is running"
                message += f"{named(path)}, and this is part {part}"
                fix = f"wait for it to end, or divide the run into {other.n_parts} parts"
                raise GridjaxError(Problem(message, fix=fix))
        yield me


def refuse_running(run_folder: Path, part: Part) -> None:
    """Refuse a part that is running, before a device is started."""
    if is_locked(part_folder(run_folder, part)):
        raise part_in_use(run_folder, part)


def part_in_use(run_folder: Path, part: Part) -> GridjaxError:
    """Return the error for a part that another process writes."""
    message = f"part {part} of --out {run_folder} is being written by another process"
    message += named(part_folder(run_folder, part))
    return GridjaxError(Problem(message, fix="wait for it to end, or run another part"))


def whole_run_refusal(run_folder: Path) -> Callable[[], GridjaxError]:
    """Return the function that makes the error for a run without parts if the folder is in use."""

    def refusal() -> GridjaxError:
        for part, path in running_parts(run_folder).items():
            message = f"part {part} of --out {run_folder} is running{named(path)}"
            fix = "wait for all parts to end, or run another part with --part"
            return GridjaxError(Problem(message, fix=fix))
        return in_use(run_folder)

    return refusal


def write_division(run_folder: Path, parts: Sequence[Sequence[str]]) -> None:
    """Record the run_ids of the networks of each part; unchanged if they are recorded already."""
    if read_division(run_folder, len(parts)) != [list(part) for part in parts]:
        content = dump_checksummed_json({"parts": [list(part) for part in parts]})
        with writing(run_folder):
            (run_folder / PARTS).mkdir(exist_ok=True)
            replace_file(_division_file(run_folder, len(parts)), content, by_several=True)


def read_division(run_folder: Path, n_parts: int) -> list[list[str]] | None:
    """Return the run_ids of each part; None if they are not recorded, or the record is damaged."""
    try:
        return _read_division(_division_file(run_folder, n_parts))
    except (OSError, ValueError, RecursionError):
        return None


def divisions(run_folder: Path) -> list[int]:
    """Return the numbers of parts into which a run was divided, the newest division last."""
    root = run_folder / PARTS
    if root.is_symlink() or not root.is_dir():
        return []
    found = []
    for path in root.iterdir():
        name = _DIVISION.fullmatch(path.name)
        if name and path.is_file() and not path.is_symlink():
            found.append((path.stat().st_mtime_ns, int(name[1])))
    return [n_parts for _, n_parts in sorted(found)]


def damaged_divisions(run_folder: Path) -> Iterator[DamageError]:
    """Yield an error for each damaged record of a division."""
    for n_parts in divisions(run_folder):
        path = _division_file(run_folder, n_parts)
        try:
            _read_division(path)
        except (OSError, ValueError, RecursionError) as error:
            fix = "run any part of the sweep again: it writes the file again"
            yield DamageError(Problem(f"damaged: {error}", Place(str(path)), fix=fix))


@contextmanager
def manifest_lock(run_folder: Path) -> Iterator[None]:
    """Hold the lock under which a part reads and writes the manifest and then locks its part.

    Parts that start at the same time wait for each other.
    """
    folder = run_folder / PARTS

    def refusal() -> GridjaxError:
        message = f"--out {run_folder}: another part has been starting for a minute{named(folder)}"
        return GridjaxError(Problem(message, fix="end that process, or look at its disk"))

    with writing(run_folder):
        folder.mkdir(exist_ok=True)
    with locked(folder, refusal, patience_s=_PATIENCE_S):
        yield


def remove_part_folders(run_folder: Path) -> None:
    """Remove the locks of the parts of a finished run, whose lock this process holds alone."""
    for path in part_folders(run_folder).values():
        with suppress(OSError):  # gridjax status looks at them
            remove_tree(path)


def refuse_other_files(run_folder: Path) -> None:
    """Refuse links, pipes and the like in the places of the files of the parts."""
    for path in (run_folder / PARTS, *part_folders(run_folder).values()):
        for name in (LOCK, WORKERS_LOCK, WRITER):
            what = special_path(path / name, may_be_folder=False)
            if what:
                message = f"--out {run_folder} cannot be written: {path / name} is {what}"
                fix = "remove it and run the command again"
                raise GridjaxError(Problem(message, fix=fix))


def _division_file(run_folder: Path, n_parts: int) -> Path:
    return run_folder / PARTS / f"of-{n_parts}.json"


def _read_division(path: Path) -> list[list[str]]:
    content = load_checksummed_json(read_regular(path))
    check_schema(content, _SCHEMA, "it")
    parts: list[list[str]] = content["parts"]
    if path.name != f"of-{len(parts)}.json":
        raise ValueError(f"it lists {len(parts)} parts")
    return parts
