"""Scores and lattices of the units of a block, and of the random readouts of its null scores.

All maps with one number of bins are scored by one call; they stay on their device.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics.gridscore.grid_score import GridScores, grid_score, mean_score_60
from gridjax.metrics.lattice.lattice import Lattice, in_cm, lattice_in_bins
from gridjax.metrics.ratemaps.copies import copies_in_lanes
from gridjax.metrics.volume.grid_score_3d import VolumeScores
from gridjax.run.evaluation.volume_scores import (
    best_symmetry,
    line_columns,
    score_volumes,
    volume_columns,
)
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design

Maps = Sequence[Float[Array, "lane unit ..."]]
"""Maps of a block, for each number of bins of a design."""


class MapScores(NamedTuple):
    """Scores of the maps of a block with one number of bins; arrays of a device or of the host."""

    of_units: GridScores | None
    """[lane, unit]; None unless the maps are those of a square"""
    of_readouts: GridScores | None
    """[null, readout]; None without new null scores of these bins"""
    lattices: Lattice | None
    """[lane, unit]; periods in bins. None if lattices of these bins are not measured"""
    volumes: VolumeScores | None = None
    """[lane, unit]; None unless the maps are those of a cube"""
    volumes_of_readouts: VolumeScores | None = None
    """[null, readout]; None without new null scores of a cube"""
    copies: Int[Array, "lane unit"] | None = None
    """the unit whose map each map is a copy of, or itself; None if lattices of these bins
    are not measured, and on a line"""


def score_maps(
    design: Design, units: Maps, readouts: Maps, empty_bins: Any
) -> tuple[MapScores, ...]:
    """Score the maps of the units and of the readouts of a block, for each number of bins.

    Args:
        design: sizes of the evaluation.
        units: maps of the analysed layers, for each of ``design.n_bins``.
        readouts: maps of the readouts of new null scores, for each of ``design.n_bins_compared``;
            empty without any.
        empty_bins: treatment of unvisited bins by the grid score, "mask" or "zero".
    """
    if units[-1].ndim != 4:
        return (_score_boxes(units[-1], readouts),)
    maps_of_readouts = dict(zip(design.n_bins_compared, readouts, strict=False))
    found = []
    for n, maps in zip(design.n_bins, units, strict=True):
        shape = maps.shape[:2]
        flat = _flat([maps])
        null = maps_of_readouts.get(n)
        together = flat if null is None else _flat([maps, null])
        scores = grid_score(together, nan=empty_bins, correlations=True)
        of_units = _by_lane(scores, shape, 0)
        of_readouts = lattices = copies = None
        if null is not None:
            rest = scores._replace(correlations=None)
            of_readouts = _by_lane(rest, null.shape[:2], len(flat))
        if n in design.n_bins_compared:
            lattices = _by_lane(lattice_in_bins(flat), shape, 0)
            copies = copies_in_lanes(maps)
        found.append(MapScores(of_units, of_readouts, lattices, copies=copies))
    return tuple(found)


def _score_boxes(maps: Float[Array, "lane unit ..."], readouts: Maps) -> MapScores:
    """Score the maps of cubes; maps of lines have no scores."""
    if maps.ndim == 3:
        return MapScores(None, None, None)
    of_readouts = score_volumes(readouts[-1]) if readouts else None
    copies = copies_in_lanes(maps)
    return MapScores(None, None, None, score_volumes(maps), of_readouts, copies)


@jax.jit
def _flat(parts: Maps) -> Float[Array, "map n n"]:
    return jnp.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts])


@partial(jax.jit, static_argnames=("shape", "start"))
def _by_lane(values: Any, shape: tuple[int, int], start: int) -> Any:
    """Return the values of maps [lane, unit], which begin at ``start``, with these two axes."""
    n_lanes, n_units = shape

    def chosen(value: Array) -> Array:
        some = value[start : start + n_lanes * n_units]
        return some.reshape(n_lanes, n_units, *value.shape[1:])

    return jax.tree.map(chosen, values)


@partial(jax.jit, static_argnames=("n_kept",))
def best_units(
    score: Float[Array, "lane unit"], active: Bool[Array, "lane unit"], n_kept: int
) -> Int[Array, "lane kept"]:
    """Return the units with the highest scores, the best first; inactive units score 0."""
    score = jnp.where(active, score, 0.0)
    return jnp.argsort(-score, axis=1, stable=True)[:, :n_kept]


@jax.jit
def maps_of(
    maps: Float[Array, "lane unit ..."], units: Int[Array, "lane kept"]
) -> Float[Array, "lane kept ..."]:
    """Return the maps of some units of each lane."""
    return jnp.take_along_axis(maps, units.reshape(*units.shape, *[1] * (maps.ndim - 2)), axis=1)


def ranking(scores: MapScores, active: Bool[Array, "lane unit"]) -> Float[Array, "lane unit"]:
    """Return the score by which the best units are chosen.

    It is score_60 in a square, the largest correlation with an ideal lattice in a cube, and 0 on a
    line.
    """
    if scores.of_units is not None:
        return jnp.asarray(scores.of_units.score_60)
    if scores.volumes is not None:
        return jnp.asarray(best_symmetry(scores.volumes))
    return jnp.zeros(active.shape)


def unit_columns(
    spec: NetworkSpec,
    design: Design,
    scores: Sequence[MapScores],
    active: Sequence[Bool[np.ndarray, " unit"]],
) -> dict[str, np.ndarray]:
    """Return the table of units: rows sorted by ``design.n_bins``, then by unit.

    ``scores`` and ``active`` are those of one lane, on the host.
    """
    if scores[-1].volumes is not None:
        columns = volume_columns(spec, design.n_bins[-1], scores[-1].volumes, active[-1])
        return columns | {"copy_of": _copies(scores[-1], active[-1])}
    if scores[-1].of_units is None:
        return line_columns(spec, design.n_bins[-1], active[-1])
    unknown = np.full(spec.n_analysed, np.nan, np.float32)
    lattices = [
        (unknown,) * 5
        if one.lattices is None
        else _lattice_columns(in_cm(one.lattices, spec.box_width_in_m, n))
        for one, n in zip(scores, design.n_bins, strict=True)
    ]
    periods, orientations, p_values, phases_x, phases_y = zip(*lattices, strict=True)

    def where_inactive(other: float, values: list[Any]) -> np.ndarray:
        pairs = zip(active, values, strict=True)
        return np.concatenate([np.where(on, np.asarray(value), other) for on, value in pairs])

    n_sizes = len(design.n_bins)
    units: list[Any] = [one.of_units for one in scores]
    return {
        "unit": np.tile(np.arange(spec.n_analysed, dtype=np.int32), n_sizes),
        "nbins": np.repeat(np.asarray(design.n_bins, np.int32), spec.n_analysed),
        "score_60_by_neuron": where_inactive(0.0, [s.score_60 for s in units]),
        "score_60_mean_by_neuron": where_inactive(
            0.0, [mean_score_60(np.asarray(s.correlations)) for s in units]
        ),
        "score_90_by_neuron": where_inactive(0.0, [s.score_90 for s in units]),
        "period_cm": where_inactive(np.nan, list(periods)),
        "orientation_rad": where_inactive(np.nan, list(orientations)),
        "phase_x_cm": where_inactive(np.nan, list(phases_x)),
        "phase_y_cm": where_inactive(np.nan, list(phases_y)),
        "lattice_p_value": np.concatenate(p_values),
        "active": np.concatenate(active),
        "copy_of": np.concatenate([_copies(*one) for one in zip(scores, active, strict=True)]),
    }


def _copies(scores: MapScores, active: Bool[np.ndarray, " unit"]) -> Float[np.ndarray, " unit"]:
    """Return the unit whose map each map is a copy of; NaN if copies were not looked for."""
    if scores.copies is None:
        return np.full(len(active), np.nan, np.float32)
    return np.where(active, scores.copies, np.arange(len(active))).astype(np.float32)


def _lattice_columns(found: Lattice) -> tuple[np.ndarray, ...]:
    """Return period (cm), orientation (rad), p-value and phase (cm, cm) of each unit."""
    measures = found.period_cm, found.orientation_rad, found.p_value
    return tuple(map(np.asarray, (*measures, found.phase_x_cm, found.phase_y_cm)))
