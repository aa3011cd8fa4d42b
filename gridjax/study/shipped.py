"""Sweep files by the name a user gives: a file, a folder, or an experiment that gridjax ships."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
EXPERIMENTS = next(
    (
        folder
        for folder in (_PACKAGE / "experiments", _PACKAGE.parent / "experiments")
        if folder.is_dir()
    ),
    _PACKAGE / "experiments",
)
"""The shipped experiments: inside an installed package, beside it in a checkout."""


QUICK = "quick.yaml"
"""The size of a shipped experiment that is meant where only the experiment is named."""


def sweep_files(name: str | Path) -> list[Path]:
    """Return the sweep files that a name stands for.

    A path that exists comes first (a folder stands for its ``*.yaml``); then the experiments that
    gridjax ships: ``quickstart``, ``quickstart/gaussian.yaml``, and for those of two sizes
    ``nfl-ideal`` (quick) and ``nfl-ideal/paper``. A name of neither is returned as it is, for the
    reader of the file to refuse.
    """
    with suppress(OSError):  # a name that no file can have
        path = Path(name)
        if path.is_file():
            return [path]
        if path.is_dir() and (files := sorted(path.glob("*.yaml"))):
            return files
        shipped = EXPERIMENTS / name
        for file in (shipped, shipped / QUICK, shipped.with_name(f"{shipped.name}.yaml")):
            if file.is_file():
                return [file]
        if shipped.is_dir() and (files := sorted(shipped.glob("*.yaml"))):
            return files
    return [Path(name)]
