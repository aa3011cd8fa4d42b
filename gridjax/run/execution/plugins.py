"""Loader of a user's own target codes, cells and losses from a Python file."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from gridjax.errors import GridjaxError, Problem


def load_plugin(path: str | Path) -> None:
    """Run a Python file of the user's, which registers what it defines.

    Raises GridjaxError where there is none, or where it fails.
    """
    path = Path(path)
    name = f"gridjax_plugin_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    if not path.is_file():
        raise GridjaxError(Problem(f"--plugin {path} is no file", fix="give a Python file"))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise GridjaxError(Problem(f"--plugin {path} is no Python file", fix="name it FILE.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except GridjaxError:
        raise
    except Exception as error:
        message = f"--plugin {path} fails: {type(error).__name__}: {error}"
        raise GridjaxError(Problem(message, fix="run it by python to see where")) from error
