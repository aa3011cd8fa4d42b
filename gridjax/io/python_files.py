"""Import of a Python file by its path."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType


def import_file(path: Path, name: str) -> ModuleType:
    """Run a Python file or the __init__.py of a package as the module ``name``; return the module.

    The modules of a package are imported anew.

    Raises ImportError if the file name is not that of a Python file. Also raises every exception of
    the file itself.
    """
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not named as a Python file")
    module = module_from_spec(spec)
    # modules of another package of this name
    for other in [each for each in sys.modules if each.startswith(f"{name}.")]:
        del sys.modules[other]
    sys.modules[name] = module  # before the file runs, because dataclasses look up their module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
