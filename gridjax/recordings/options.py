"""Options of gridjax score, with their limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gridjax.io.source_location import Problems
from gridjax.metrics import map_batches


@dataclass(frozen=True)
class Options:
    """How to score. Bins, smoothing, speed and shifts concern sessions only."""

    shuffles: int = 0
    min_shift_s: float = 20.0
    seed: int = 0
    n_bins: int | None = None
    """Across the longer side of the arena; takes the place of bin_cm."""
    bin_cm: float | None = None
    """Side of a bin; 2.5 cm if neither it nor n_bins is given."""
    smoothing_cm: float = 4.0
    """Standard deviation of the Gaussian; 0 for none."""
    min_speed_cm_s: float = 2.5
    width_cm: float | None = None
    """The side of bare maps."""
    units: Literal["m", "cm"] = "m"
    """Of the positions of all sessions."""
    rings: Literal["study", "adaptive"] = "study"
    nan: Literal["mask", "zero"] = "mask"
    variant: Literal["minmax", "mean"] = "minmax"

    def check(self) -> None:
        """Raise GridjaxError with everything that is wrong with these options."""
        found = Problems()
        for name, value, low, high in (
            ("--shuffles", self.shuffles, 0, 10**7),
            ("--min-shift", self.min_shift_s, 0, math.inf),
            ("--seed", self.seed, 0, 2**32 - 1),
            ("--bins", self.n_bins, map_batches.SMALLEST, map_batches.LARGEST),
            ("--bin-cm", self.bin_cm, 1e-3, 1e3),
            ("--smooth-cm", self.smoothing_cm, 0, 1e3),
            ("--min-speed", self.min_speed_cm_s, 0, 1e3),
            ("--width-cm", self.width_cm, 1e-3, 1e6),
        ):
            if value is not None and not low <= value <= high:
                found.add(f"{name} is {value:g}", None, f"give {low:g} to {high:g}")
        if self.n_bins is not None and self.bin_cm is not None:
            found.add("--bins and --bin-cm are both given", None, "give one of them")
        for name, value, choices in (
            ("--units", self.units, ("m", "cm")),
            ("--rings", self.rings, ("study", "adaptive")),
            ("--nan", self.nan, ("mask", "zero")),
            ("--variant", self.variant, ("minmax", "mean")),
        ):
            if value not in choices:
                found.add(f"{name} is {value!r}", None, f"choose {' or '.join(choices)}")
        found.raise_any()
