"""Sizes of networks, and options of all benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean
from gridjax.spec.network import NetworkSpec

KINDS = ("pipeline", "train", "motion", "gridscore", "scaling")
"""Names of the benchmarks, in the order in which they run."""
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
    """Amount of measurements. It changes the precision of a number, not its meaning."""

    sizes: Mapping[str, NetworkSpec] = field(default_factory=lambda: SIZES)
    repeats: int = 7
    """Rounds. Each program runs once in each round, and medians are reported."""
    seconds: float = 1.0
    """Minimum time of one measurement."""
    populations: tuple[int, ...] = (1, 8, 32, 64, 128, 256)
    steps: int = 32
    """Gradient steps of each network of a population."""
    batches: tuple[int, ...] = (64, 200, 2000)
    """Numbers of trajectories in one call."""
    shapes: tuple[tuple[int, int, int], ...] = SHAPES
    """m, k, n of the matrix products; the highest of their rates is the ceiling."""
    bins: tuple[int, ...] = (20, 32, 44)
    """Bins along each side of the scored maps."""
    pipeline_populations: tuple[int, ...] = (4, 16, 64)
    """Networks of the runs from specs to stored rows."""
    pipeline_steps: int = 2500
    """Gradient steps of each network of these runs."""
    with_pytorch: bool = True


QUICK = Options(
    sizes={"small": SIZES["small"]},
    repeats=3,
    seconds=0.2,
    populations=(1, 8, 32),
    steps=16,
    batches=(200,),
    shapes=SHAPES[:2],
    bins=(20,),
    pipeline_populations=(4,),
    pipeline_steps=250,
)
"""About two minutes in all: an order of magnitude."""

Say = Callable[[str], None]
"""A function that prints one line."""


def options(
    quick: bool = False,
    sizes: str | None = None,
    repeats: int | None = None,
    with_pytorch: bool = True,
) -> Options:
    """Return the options of a command; ``sizes`` are names separated by commas.

    Raises GridjaxError for an unknown size, or fewer than one repeat.
    """
    chosen = replace(QUICK if quick else Options(), with_pytorch=with_pytorch)
    if sizes is not None:
        names = [name.strip() for name in sizes.split(",")]
        for name in names:
            if name not in SIZES:
                fix = did_you_mean(name, SIZES) or f"one or more of {','.join(SIZES)}"
                raise GridjaxError(Problem(f"--sizes {sizes}: unknown size {name!r}", fix=fix))
        chosen = replace(chosen, sizes={name: SIZES[name] for name in names})
    if repeats is not None:
        if repeats < 1:
            raise GridjaxError(
                Problem(f"--repeats {repeats}: expected 1 or more", fix="give at least 1")
            )
        chosen = replace(chosen, repeats=repeats)
    return chosen
