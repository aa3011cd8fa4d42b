"""What is measured and how long: the sizes of networks, and the options of every benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean
from gridjax.spec.network import NetworkSpec

KINDS = ("train", "motion", "gridscore", "scaling")
"""The benchmarks, in the order in which they run."""
_RNN = NetworkSpec(place_field_values="difference_of_gaussians", place_cell_rf=0.2)
SIZES: dict[str, NetworkSpec] = {
    "small": replace(_RNN, Ng=128, Np=128, batch_size=64),
    "medium": replace(_RNN, Ng=256, Np=256, batch_size=100),
    "paper": replace(_RNN, Ng=1024, Np=512, batch_size=200),
}
"""RNN with relu, 20 moves, Difference-of-Softmaxes targets, cross-entropy, Adam."""

SHAPES = (
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (4000, 1024, 1024),
    (1024, 4000, 1024),
)
"""Squares, and the largest products of the study's network."""


@dataclass(frozen=True)
class Options:
    """How much is measured. Neither changes what a number means, only how far to trust it."""

    sizes: Mapping[str, NetworkSpec] = field(default_factory=lambda: SIZES)
    repeats: int = 7
    """Rounds; in each, everything that is compared runs once, and medians are reported."""
    seconds: float = 1.0
    """Least time of one measurement."""
    populations: tuple[int, ...] = (1, 8, 32, 64, 128, 256)
    steps: int = 32
    """Gradient steps of each network of a population."""
    batches: tuple[int, ...] = (64, 200, 2000)
    """Trajectories simulated at once."""
    shapes: tuple[tuple[int, int, int], ...] = SHAPES
    """m, k, n of the matrix products whose best rate is the ceiling."""
    bins: tuple[int, ...] = (20, 32, 44)
    """Sides of the maps that are scored."""
    with_pytorch: bool = True


QUICK = Options({"small": SIZES["small"]}, 3, 0.2, (1, 8, 32), 16, (200,), SHAPES[:2], (20,))
"""Half a minute in all: whether it works, and the order of magnitude."""

Say = Callable[[str], None]
"""Takes a line to be shown."""


def options(
    quick: bool = False,
    sizes: str | None = None,
    repeats: int | None = None,
    with_pytorch: bool = True,
) -> Options:
    """Return the options a user asked for: ``sizes`` are names with commas between them.

    Raises GridjaxError for a size that is none, or fewer repeats than one.
    """
    chosen = replace(QUICK if quick else Options(), with_pytorch=with_pytorch)
    if sizes is not None:
        names = [name.strip() for name in sizes.split(",")]
        for name in names:
            if name not in SIZES:
                fix = did_you_mean(name, SIZES) or f"one or more of {','.join(SIZES)}"
                raise GridjaxError(Problem(f"--sizes {sizes}: {name!r} is no size", fix=fix))
        chosen = replace(chosen, sizes={name: SIZES[name] for name in names})
    if repeats is not None:
        if repeats < 1:
            raise GridjaxError(Problem(f"--repeats {repeats}", fix="measure at least once"))
        chosen = replace(chosen, repeats=repeats)
    return chosen
