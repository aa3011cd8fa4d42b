"""Lazy import of the public names of a package: each is imported from its module at its first use.

The stub ``__init__.pyi`` of the package lists the names. Type checkers and the running program
both read it. Therefore ``import gridjax`` and ``gridjax --help`` load neither JAX nor pandas.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    ``package`` and ``file`` are its ``__name__`` and ``__file__``. Its public names are the names
    that the stub ``__init__.pyi`` imports.
    """
    stub = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    names = sorted(homes)

    def get_attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = homes[name]
        if module == package:  # a module that is public as a whole
            return import_module(f"{package}.{attribute}")
        return getattr(import_module(module), attribute)

    return get_attribute, lambda: names, names
