"""Catalogue of the sweep files and benchmarks that gridjax ships, by name."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

from gridjax.errors import GridjaxError, Problem
from gridjax.io.python_files import import_file

_PACKAGE = Path(__file__).parents[1]


def _shipped(name: str) -> Path:
    """Return a shipped folder: inside an installed package, next to the package in a checkout."""
    places = (_PACKAGE / name, _PACKAGE.parent / name)
    return next((folder for folder in places if folder.is_dir()), places[0])


EXPERIMENTS = _shipped("experiments")
BENCHMARKS = _shipped("benchmarks")

QUICK = "quick.yaml"
"""The sweep file of a shipped experiment if the name contains no size."""
STUDY = "claims.yaml"
"""A file that only the folder of a study has; it is no sweep file."""


def sweep_files(name: str | Path) -> list[Path]:
    """Return the sweep files of a name.

    An existing path has priority; for a folder, all its ``*.yaml`` files are returned. Otherwise
    the name is that of a shipped experiment: ``quickstart``, ``quickstart/gaussian.yaml``, or an
    experiment with sizes, such as ``nfl-ideal`` (size quick) and ``nfl-ideal/paper``. Any other
    name is returned unchanged, and reading it gives the error message.

    Raises GridjaxError if the name is that of a folder of a study without a sweep file QUICK.
    """
    with suppress(OSError):  # not a possible file name
        path = Path(name)
        if path.is_file():
            return [path]
        if path.is_dir() and (files := _in_folder(path, name)):
            return files
        shipped = EXPERIMENTS / name
        for file in (shipped, shipped / QUICK, shipped.with_name(f"{shipped.name}.yaml")):
            if file.is_file():
                return [file]
        if shipped.is_dir() and (files := _in_folder(shipped, name)):
            return files
    return [Path(name)]


def _in_folder(folder: Path, name: str | Path) -> list[Path]:
    """Return the sweep files of a folder. Raises GridjaxError if it is the folder of a study."""
    files = sorted(folder.glob("*.yaml"))
    if folder / STUDY in files:
        sizes = [each for each in sorted(folder.iterdir()) if any(each.glob("*.yaml"))]
        examples = [*sizes, *(file for file in files if file.name != STUDY)]
        fix = f"run gridjax study {name}"
        if examples:
            fix += f", or name its sweep files, such as {name}/{examples[0].name}"
        raise GridjaxError(Problem(f"{name} is a study, not a sweep", fix=fix))
    return files


def plugin_file(name: str | Path) -> Path:
    """Return the file of a plugin: an existing path, or else the name of a shipped one.

    Shipped plugins are Python files of the experiments, such as ``models/piso.py``. Any other name
    is returned unchanged.
    """
    path, shipped = Path(name), EXPERIMENTS / name
    return path if path.exists() or not shipped.is_file() else shipped


def benchmark(name: str) -> ModuleType:
    """Import a module of the shipped benchmarks as gridjax.benchmarks.NAME."""
    package = "gridjax.benchmarks"
    if package not in sys.modules and BENCHMARKS.parent != _PACKAGE:
        # Without this import, a checkout could find a top-level `benchmarks` of another project.
        import_file(BENCHMARKS / "__init__.py", package)
    return import_module(f"{package}.{name}")
