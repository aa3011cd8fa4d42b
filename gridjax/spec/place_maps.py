"""Measured place cells: rate maps from a file, identified by their content."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from jaxtyping import Float


class PlaceMaps:
    """Rate maps of place cells over the box; equal if their contents are equal.

    ``str`` of place maps is the first 32 hex digits of the SHA-256 of the maps. A spec that is read
    from a run has this text but not the maps.
    """

    __slots__ = ("digest", "maps")

    def __init__(self, digest: str, maps: Float[np.ndarray, "Np n n"] | None = None):
        self.digest = digest
        self.maps = maps
        """first axis cell, second x, third y; None for place maps that were read from a run"""

    @classmethod
    def of(cls, maps: Float[np.ndarray, "Np n n"]) -> PlaceMaps:
        """Return the place maps of an array, converted to float32."""
        single = np.ascontiguousarray(maps, np.float32)
        text = f"{single.shape}".encode() + single.astype("<f4").tobytes()
        return cls(hashlib.sha256(text).hexdigest()[:32], single)

    def __str__(self) -> str:
        return self.digest

    def __repr__(self) -> str:
        return f"PlaceMaps({self.digest!r})"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, PlaceMaps) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)
