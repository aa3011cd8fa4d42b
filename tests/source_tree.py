"""Files of the source tree that a wheel does not have: tests of an installed package skip these."""

import importlib
import sys
from pathlib import Path

import pytest

import gridjax

ROOT = Path(__file__).parents[1]
IS_WHOLE = (ROOT / "gridjax").is_dir() and (ROOT / "docs").is_dir()


def shipped(*names):
    """Return the path of a file of experiments or benchmarks, of the tree or of the wheel."""
    return (ROOT if IS_WHOLE else Path(gridjax.__file__).parent).joinpath(*names)


def text_of(*names):
    """Return the text of a file by its path from the root; skip the module or test without it."""
    path = ROOT.joinpath(*names)
    if not path.exists():
        reason = f"needs {path.relative_to(ROOT)} of the source tree"
        pytest.skip(reason, allow_module_level=True)
    return path.read_text()


def use_installed_packages():
    """Let tests import benchmarks and experiments, which a wheel has inside of gridjax."""
    for name in () if IS_WHOLE else ("benchmarks", "experiments"):
        sys.modules.setdefault(name, importlib.import_module(f"gridjax.{name}"))
