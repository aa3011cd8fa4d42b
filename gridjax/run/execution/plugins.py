"""Loader of target codes, cells and losses that a user defines in a Python file."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gridjax.errors import GridjaxError, Problem
from gridjax.io.python_files import import_file
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import REGISTRIES, is_plugin
from gridjax.sweep.catalog import plugin_file

_PREFIX = "gridjax_plugin_"


class PluginSources(NamedTuple):
    """The sources from which another process can register the same plugins."""

    files: tuple[str, ...]
    """Python files that were loaded by ``load_plugin``"""
    modules: tuple[str, ...]
    """names of other modules"""


def load_plugin(path: str | Path) -> None:
    """Run a Python file that registers target codes, cells or losses: a user's, or a shipped one.

    Args:
        path: the file, or the name of a shipped plugin, such as ``models/piso.py``.

    Raises GridjaxError if the file does not exist or fails.
    """
    path = plugin_file(path)
    name = f"{_PREFIX}{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    if not path.is_file():
        raise GridjaxError(Problem(f"--plugin {path} is not a file", fix="give a Python file"))
    try:
        import_file(path, name)
    except GridjaxError:
        raise
    except ImportError as error:
        if path.suffix != ".py":
            message = f"--plugin {path} is not a Python file"
            raise GridjaxError(Problem(message, fix="name it FILE.py")) from None
        raise _failure(path, error) from error
    except Exception as error:
        raise _failure(path, error) from error


def plugin_sources(specs: Iterable[NetworkSpec]) -> PluginSources | None:
    """Return the sources of the plugins of networks; None if another process cannot load them.

    A plugin that a script or notebook registers itself is in no module that can be imported.
    """
    used = {(name, getattr(spec, name)) for spec in specs for name in REGISTRIES}
    names = {REGISTRIES[name].module_of(value) for name, value in used if is_plugin(name, value)}
    if "__main__" in names:
        return None
    loaded = sorted(name for name in names if name.startswith(_PREFIX))
    files = tuple(str(Path(str(sys.modules[name].__file__)).resolve()) for name in loaded)
    return PluginSources(files, tuple(sorted(names - set(loaded))))


def _failure(path: Path, error: Exception) -> GridjaxError:
    message = f"--plugin {path} fails: {type(error).__name__}: {error}"
    return GridjaxError(Problem(message, fix="run it with python to see where it fails"))
