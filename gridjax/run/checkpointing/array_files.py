"""Files of named arrays, written and read by orbax, and the sha256 of these files."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np

Leaves = dict[str, np.ndarray]
"""Arrays by name."""
_OS_ERROR = re.compile(r"os_error_code='(\d+)'")
# The process has one event loop and one set of loggers of orbax; several devices may save at once.
_ORBAX = threading.Lock()


def save_arrays(path: Path, arrays: Leaves) -> None:
    """Write arrays to the folder ``path``. Raises OSError if orbax cannot write them."""
    with _ORBAX:
        try:
            _checkpointer().save(path.absolute(), arrays)
        except OSError:
            raise
        except Exception as error:  # errors of the C++ writer of orbax are not OSErrors
            match = _OS_ERROR.search(str(error))
            code = int(match[1]) if match else errno.EIO
            raise OSError(code, os.strerror(code)) from error


def load_arrays(path: Path) -> Leaves:
    """Read arrays from the folder ``path``. Raises ValueError if orbax cannot read them."""
    with _ORBAX:
        try:
            return {
                name: np.asarray(a) for name, a in _checkpointer().restore(path.absolute()).items()
            }
        except Exception as error:  # orbax raises many kinds of errors for damaged files
            raise ValueError(f"its arrays cannot be read ({type(error).__name__})") from None


def file_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file in a folder, by relative path; do not follow links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = "a link"
        elif path.is_dir():
            continue
        elif not path.is_file():
            found[name] = "no regular file"
        else:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _checkpointer() -> Any:
    """Return an orbax checkpointer without compression, which is slow and saves little here."""
    import orbax.checkpoint as ocp

    logging.getLogger("absl").setLevel(logging.ERROR)
    logging.getLogger("asyncio").addFilter(_is_not_of_orbax)
    return ocp.PyTreeCheckpointer(use_compression=False)


def _is_not_of_orbax(record: logging.LogRecord) -> bool:
    """Filter the log: after the first error of a full disk, orbax logs pages of the same error."""
    return "tensorstore" not in record.getMessage()


def leaf_name(path: tuple[Any, ...]) -> str:
    """Return the name of a leaf from its path in a tree: ``params/cell/W``."""
    return "/".join(str(getattr(key, "key", getattr(key, "name", key))) for key in path)
