"""Sizes of the evaluation of a network, from its spec and the settings. Imports no JAX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gridjax.errors import Place, Problem
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings

N_BINS = (20, 32)
"""Bins along each side of two further rate maps of a square (Banino et al. 2018; Sorscher et al.
2019)."""
VOLUME_READOUTS = 32
"""Number of random readouts of each layout in a cube. The score of a map takes half a second."""
T_STUDY = 50
"""Number of moves of the trajectories that the study used for position errors."""
MOST_POINTS = 2000
"""Largest number of activity vectors for the estimate of the dimension of the analysed layer."""
MOST_KEPT = 2**24
"""Largest number of target values of one network that are kept from the first pass of the readouts
to the second (64 MiB); more are computed twice."""
TIMES_TRAINED = 10
"""Length of the long trajectories of drift curves, in units of that of training trajectories."""
MOST_PATHS, FEWEST_PATHS = 200, 20
"""Limits of the number of long trajectories."""
OF_SQUARES = ("n_readouts", "all_bins")
"""Evaluation settings that lines and cubes do not read."""
_SAMPLES = 40_000
"""Positions of all long trajectories together, within these limits."""


class Design(NamedTuple):
    """Sizes of the evaluation of one network; hashable, static in its compilation."""

    n_bins: tuple[int, ...]
    """numbers of bins along each side of the rate maps; the last one is the reported number"""
    n_bins_compared: tuple[int, ...]
    """those of ``n_bins`` whose maps have null scores and lattices; the last one is the reported
    number"""
    sequence_length: int
    """number of moves of a trajectory that are used for the rate maps"""
    n_moves: int
    """number of moves of a trajectory: enough for the maps, the trained length and T_STUDY"""
    batch_size: int
    n_batches: int
    n_readouts: int


class DriftSizes(NamedTuple):
    """Numbers of the long trajectories of drift curves."""

    n_moves: int
    n_early: int
    """moves with a likelihood error: those of a training trajectory, at least T_STUDY"""
    n_paths: int


def design_of(spec: NetworkSpec, settings: EvaluationSettings) -> Design:
    """Return the sizes of the evaluation of one network.

    The wanted number of samples per bin determines the number of batches. With the published
    fidelity there is one batch, with the batch size of the network and T_STUDY moves.
    """
    reported = spec.n_bins_reported
    further = N_BINS if spec.dimensions == 2 else ()
    n_bins = (*(n for n in further if n != reported), reported)
    one_batch = spec.fidelity.evaluation_positions == "one_batch"
    batch_size = spec.batch_size if one_batch else settings.batch_size
    sequence_length = T_STUDY if one_batch else settings.sequence_length
    samples = settings.samples_per_bin * reported**spec.dimensions
    return Design(
        n_bins=n_bins,
        n_bins_compared=n_bins if settings.all_bins else n_bins[-1:],
        sequence_length=sequence_length,
        n_moves=max(sequence_length, spec.sequence_length, T_STUDY),
        batch_size=batch_size,
        n_batches=1 if one_batch else -(-samples // (batch_size * sequence_length)),
        n_readouts=VOLUME_READOUTS if spec.dimensions == 3 else settings.n_readouts,
    )


def drift_sizes(sequence_length: int) -> DriftSizes:
    """Return the sizes of the long trajectories of a network trained on ``sequence_length`` moves.

    They are TIMES_TRAINED times as long.
    """
    n_early = max(T_STUDY, sequence_length)
    n_moves = max(TIMES_TRAINED * sequence_length, n_early)
    n_paths = max(FEWEST_PATHS, min(_SAMPLES // n_moves, MOST_PATHS))
    return DriftSizes(n_moves, n_early, n_paths)


def problems_of_settings(
    settings: EvaluationSettings,
    specs: Iterable[NetworkSpec],
    places: Mapping[str, Place | None],
) -> list[Problem]:
    """Return why settings of OF_SQUARES have no effect in a sweep; empty if they have one.

    Args:
        settings: the settings of the sweep. Default values are no problem.
        specs: the networks of the sweep. Without any, there is no problem.
        places: the places of the settings, by their names.
    """
    specs, default = list(specs), EvaluationSettings()
    if not specs or any(spec.dimensions == 2 for spec in specs):
        return []
    return [
        Problem(
            f"evaluation.{name}: {str(getattr(settings, name)).lower()} has no effect: no network"
            " of the sweep is in a square box",
            places.get(f"evaluation.{name}"),
            f"remove the setting: a cube has {VOLUME_READOUTS} readouts and one number of bins, a"
            " line has no readouts",
        )
        for name in OF_SQUARES
        if getattr(settings, name) != getattr(default, name)
    ]
