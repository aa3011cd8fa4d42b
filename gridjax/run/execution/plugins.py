"""Loader of target codes, cells and losses that a user defines in a Python file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gridjax.errors import GridjaxError, Problem
from gridjax.io.python_files import import_file


def load_plugin(path: str | Path) -> None:
    """Run a Python file of the user that registers target codes, cells or losses.

    Raises GridjaxError if the file does not exist or fails.
    """
    path = Path(path)
    name = f"gridjax_plugin_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    if not path.is_file():
        raise GridjaxError(Problem(f"--plugin {path} is no file", fix="give a Python file"))
    try:
        import_file(path, name)
    except GridjaxError:
        raise
    except ImportError as error:
        if path.suffix != ".py":
            message = f"--plugin {path} is no Python file"
            raise GridjaxError(Problem(message, fix="name it FILE.py")) from None
        raise _failure(path, error) from error
    except Exception as error:
        raise _failure(path, error) from error


def _failure(path: Path, error: Exception) -> GridjaxError:
    message = f"--plugin {path} fails: {type(error).__name__}: {error}"
    return GridjaxError(Problem(message, fix="run it by python to see where"))
