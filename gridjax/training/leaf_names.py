"""Names of the leaves of a tree of arrays."""

from __future__ import annotations

from typing import Any


def leaf_name(path: tuple[Any, ...]) -> str:
    """Return the name of a leaf from its path in a tree: ``params/cell/W``."""
    return "/".join(str(getattr(key, "key", getattr(key, "name", key))) for key in path)
