"""Checks of output paths before anything is computed: names, folders, and files that exist."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import TEMP_PREFIX
from gridjax.io.text import flaw, shown

MAX_NAME_BYTES = 240
"""Longest file name, in bytes: file systems allow 255, and a temporary name is longer."""
_FIX_FOLDER = "choose a folder that you may write to"


def output_files(out: Path, suffixes: Sequence[str], force: bool, example: str) -> list[Path]:
    """Return the files of one output: ``out``, and the name of ``out`` with each further suffix.

    ``out`` must have the first of ``suffixes`` (".parquet"). Messages give ``example`` as a valid
    name. Raises GridjaxError if a file cannot be written: the folder does not exist or is
    read-only, or a file of that name exists and ``force`` is not set.
    """
    name = shown(str(out))
    if out.suffix != suffixes[0]:
        raise _refused(f"--out {name} is no {suffixes[0]} file", f"give a name such as {example}")
    if words := flaw(str(out)):
        raise _refused(f"--out {name}: the name {words}", "choose another name")
    if len(os.fsencode(out.name)) > MAX_NAME_BYTES:
        raise _refused(f"--out {name}: the name is too long", "choose a shorter name")
    files = [out, *(out.with_suffix(suffix) for suffix in suffixes[1:])]
    try:
        if not out.parent.is_dir():
            raise _refused(f"--out {name}: no folder {out.parent}", "make the folder first")
        check_writable(out.parent)
        existing = [str(file) for file in files if file.is_dir() or (file.exists() and not force)]
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise _refused(f"--out {name} cannot be written: {reason}", _FIX_FOLDER) from None
    if existing:
        fix = "choose another name, or --force to overwrite existing files"
        raise _refused(f"--out {name} would overwrite {', '.join(existing)}", fix)
    return files


def check_writable(folder: Path) -> None:
    """Raise OSError if no file can be created in a folder."""
    with TemporaryFile(prefix=TEMP_PREFIX, dir=folder):
        pass


def special_path(path: Path, may_be_folder: bool = True, may_be_file: bool = True) -> str | None:
    """Return why a path must not be written ("a link", "not a folder"); None if it can be written.

    A link can point outside of the output folder. A write to a pipe waits until a reader opens it.
    """
    if path.is_symlink():
        return "a link"
    is_allowed = (may_be_folder and path.is_dir()) or (may_be_file and path.is_file())
    if not path.exists() or is_allowed:
        return None
    return "not a regular file" if may_be_file else "not a folder"


def _refused(message: str, fix: str) -> GridjaxError:
    return GridjaxError(Problem(message, fix=fix))
