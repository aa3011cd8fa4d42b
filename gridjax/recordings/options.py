"""Options of gridjax score and their limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gridjax.io.source_location import Problems
from gridjax.metrics import map_batches


@dataclass(frozen=True)
class ScoreOptions:
    """Options of scoring. Options of bins, smoothing, speed and shifts apply to sessions only."""

    shuffles: int = 0
    """Number of null draws for each cell."""
    min_shift_s: float = 20.0
    """Smallest time shift of the spikes, seconds."""
    seed: int = 0
    """Random seed of the null draws."""
    n_bins: int | None = None
    """Number of bins along the longer side of the arena, in place of bin_cm."""
    bin_cm: float | None = None
    """Side of a bin, cm; 2.5 cm if both bin_cm and n_bins are None."""
    smoothing_cm: float = 4.0
    """Standard deviation of the Gaussian smoothing, cm; 0 for none."""
    min_speed_cm_s: float = 2.5
    """Smallest speed, cm/s; slower samples are left out."""
    width_cm: float | tuple[float, float] | None = None
    """Side of rate maps, or their sides along x and y, cm. With None, the side is taken from the
    file; if the file does not state it, periods are in bins."""
    rings: Literal["study", "adaptive"] = "study"
    """Rings of the score: as published ("study"), or outside the central field ("adaptive")."""
    nan: Literal["mask", "zero"] = "mask"
    """Treatment of bins without visits: unknown ("mask") or rate 0 ("zero")."""
    variant: Literal["minmax", "mean"] = "minmax"
    """Contrast of rotations in score60: extremes ("minmax") or means ("mean") of correlations."""

    @property
    def sides_cm(self) -> tuple[float, ...]:
        """Sides of rate maps, cm: empty, one side, or the sides along x and y."""
        if self.width_cm is None:
            return ()
        return self.width_cm if isinstance(self.width_cm, tuple) else (self.width_cm,)

    def check(self) -> None:
        """Raise GridjaxError with every invalid option."""
        problems = Problems()
        for name, value, low, high in (
            ("--shuffles", self.shuffles, 0, 10**7),
            ("--min-shift", self.min_shift_s, 0, math.inf),
            ("--seed", self.seed, 0, 2**32 - 1),
            ("--bins", self.n_bins, map_batches.SMALLEST, map_batches.LARGEST),
            ("--bin-cm", self.bin_cm, 1e-3, 1e3),
            ("--smooth-cm", self.smoothing_cm, 0, 1e3),
            ("--min-speed", self.min_speed_cm_s, 0, 1e3),
            *(("--width-cm", side, 1e-3, 1e6) for side in self.sides_cm),
        ):
            if value is not None and not low <= value <= high:
                problems.add(f"{name} is {value:g}", None, f"give {low:g} to {high:g}")
        if self.n_bins is not None and self.bin_cm is not None:
            problems.add("--bins and --bin-cm exclude each other", None, "give one of them")
        for name, value, choices in (
            ("--rings", self.rings, ("study", "adaptive")),
            ("--nan", self.nan, ("mask", "zero")),
            ("--variant", self.variant, ("minmax", "mean")),
        ):
            if value not in choices:
                problems.add(f"{name} is {value!r}", None, f"choose {' or '.join(choices)}")
        problems.raise_any()
