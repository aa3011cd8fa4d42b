"""Folders of named arrays, written by orbax in the background and read by orbax."""

from __future__ import annotations

import errno
import inspect
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Leaves = dict[str, np.ndarray]
"""Arrays by name, for instance ``params/cell/W``."""
_OS_ERROR = re.compile(r"os_error_code='(\d+)'")
# Orbax counts its operations in the process: two threads must not start one at the same time.
_STARTING = threading.Lock()


class ArrayWriter:
    """Writes one folder of arrays at a time; the threads of orbax write while the caller works."""

    def __init__(self):
        self._orbax: Any = None
        self._path: Path | None = None
        self._n_bytes = 0

    def start(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        """Start to write arrays to the new folder ``path``.

        The arrays must keep their values until ``wait`` returns: orbax does not copy them.
        Raises OSError if orbax cannot write.
        """
        self._path, self._n_bytes = path, sum(array.nbytes for array in arrays.values())
        with _STARTING:
            try:
                self._orbax = self._orbax or _async_checkpointer()
                self._orbax.save(path.absolute(), args=_save_args(arrays))
            except Exception as error:
                self._orbax = None
                raise _as_os_error(error) from error

    def wait(self) -> None:
        """Wait until orbax has written all files. Raises OSError if it could not."""
        try:
            self._orbax.wait_until_finished()
        except Exception as error:
            self._orbax = None
            raise _as_os_error(error) from error
        assert self._path is not None
        files = [path for path in self._path.rglob("*") if path.is_file()]
        if sum(path.stat().st_size for path in files) < self._n_bytes:
            # orbax has reported success for files that a full disk has cut off
            raise OSError(errno.EIO, "files are incomplete", str(self._path))


def read_arrays(path: Path) -> Leaves:
    """Read all arrays of the folder ``path``. Raises ValueError if orbax cannot read them."""
    import orbax.checkpoint as ocp

    _quieten()
    with _STARTING:
        try:
            with ocp.Checkpointer(_handler()) as orbax:
                found = orbax.restore(path.absolute(), args=ocp.args.PyTreeRestore())
            return {name: np.asarray(array) for name, array in found.items()}
        except Exception as error:  # orbax raises many kinds of errors for damaged files
            raise ValueError(f"its arrays cannot be read ({type(error).__name__})") from None


def _async_checkpointer() -> Any:
    import orbax.checkpoint as ocp

    _quieten()
    # The folder is made before ``save`` returns: its creation in the background is bound to a
    # number of the operation that all threads of the process share.
    options = ocp.options.AsyncOptions(create_directories_asynchronously=False)
    return ocp.AsyncCheckpointer(_handler(), async_options=options)


def _handler() -> Any:
    """Return the orbax handler of the format: a file for each array, and no second copy in memory.

    zarr3 without compression writes the memory of an array as it is. OCDBT, which joins the arrays
    to few files, is not used: a block of 1.6 GB took it 2.6 to 6 times as long.
    """
    import orbax.checkpoint as ocp

    numpy_handler = ocp.type_handlers.NumpyHandler
    options: dict[str, Any] = {}
    if "deepcopy_host_arrays" in inspect.signature(numpy_handler.__init__).parameters:
        options["deepcopy_host_arrays"] = False  # older versions of orbax always copy
    registry = ocp.type_handlers.create_type_handler_registry(
        (np.ndarray, numpy_handler(**options))
    )
    return ocp.PyTreeCheckpointHandler(
        use_ocdbt=False, use_zarr3=True, use_compression=False, type_handler_registry=registry
    )


def _save_args(arrays: Mapping[str, np.ndarray]) -> Any:
    import orbax.checkpoint as ocp

    return ocp.args.PyTreeSave(dict(arrays))


def _as_os_error(error: Exception) -> OSError:
    """Return an error of orbax as an OSError: errors of its C++ writer have another type."""
    if isinstance(error, OSError):
        return error
    match = _OS_ERROR.search(str(error))
    code = int(match[1]) if match else errno.EIO
    return OSError(code, os.strerror(code))


def _quieten() -> None:
    """Drop messages of orbax: it logs a traceback of every error that it also raises."""
    logging.getLogger("absl").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").addFilter(_is_not_of_orbax)
    if not isinstance(sys.unraisablehook, _LateErrorFilter):
        sys.unraisablehook = _LateErrorFilter(sys.unraisablehook)


class _LateErrorFilter:
    """A hook for exceptions that cannot be raised; it drops those of orbax after an error.

    When one array cannot be written, orbax raises its error and closes the event loop. The writes
    of the other arrays end later and find the loop closed.
    """

    def __init__(self, following: Callable[[Any], object]):
        self._following = following

    def __call__(self, unraisable: Any) -> None:
        error = unraisable.exc_value
        if not (isinstance(error, RuntimeError) and str(error) == "Event loop is closed"):
            self._following(unraisable)


def _is_not_of_orbax(record: logging.LogRecord) -> bool:
    """Filter the log: after the first error of a full disk, orbax logs pages of the same error."""
    return "tensorstore" not in record.getMessage()
