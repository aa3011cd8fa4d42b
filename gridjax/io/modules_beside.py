"""Modules beside a Python file: those in its folder, or below, that are not installed packages."""

from __future__ import annotations

import ast
import sys
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

from gridjax.io.atomic_files import digest

_INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of installed packages, which can lie below the folder of a plugin."""


def modules_beside(own_name: str, value: Any) -> dict[Path, str]:
    """Return the files of the module that defines a value, and of the modules that it imports.

    Only modules in the folder of the module ``own_name``, or below, are returned: file -> its path
    in the folder and its SHA-256, as one line.
    """
    own = getattr(sys.modules.get(own_name), "__file__", None)
    found: dict[Path, str] = {}
    names = [_module_name(value)]
    while names:
        file = getattr(sys.modules.get(name := names.pop()), "__file__", None)
        if own is None or file is None or not file.endswith(".py"):
            continue
        path, folder = Path(file).resolve(), Path(own).resolve().parent
        if path in found or path == Path(own).resolve() or not _is_beside(name, path, folder):
            continue
        content = path.read_bytes()
        found[path] = f"{path.relative_to(folder).as_posix()}: {digest(content)}"
        names += _imports(content, str(sys.modules[name].__package__))
    return found


def _module_name(value: Any) -> str:
    """Return the name of a module, or of the module that defines a function, class or value."""
    name = getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", None)
    return name if isinstance(name, str) else ""


def _is_beside(name: str, path: Path, folder: Path) -> bool:
    """Return whether a module is the user's: in or below the folder, and not an installed one."""
    if name.partition(".")[0] in sys.stdlib_module_names | {"gridjax"}:
        return False
    if folder.name in _INSTALLED or not path.is_relative_to(folder):
        return False
    return _INSTALLED.isdisjoint(path.relative_to(folder).parts)


def _imports(content: bytes, package: str) -> list[str]:
    """Return the names of the modules that a file may import, in their order."""
    names = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            names += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            name = resolve_name(name, package) if node.level else name
            names += [name, *(f"{name}.{each.name}" for each in node.names)]
    return names
