"""Networks of a block in all their environments: errors, grid-like units, and remapping of units.

The tables are computed on request (``evaluation.environments``). Each environment has the
trajectories of the evaluation; environment 0 is that of all other tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.lattice.lattice import lattice_in_bins
from gridjax.metrics.remapping.map_correlation import (
    MapCorrelation,
    has_compact_field,
    map_correlation,
)
from gridjax.metrics.remapping.unit_kinds import partners, unit_kinds
from gridjax.model.weights import Params
from gridjax.run.evaluation.block_measures import Members, filled, stacked
from gridjax.run.evaluation.lane_measures import active_units, measured_config
from gridjax.run.evaluation.remapping.remapping_tables import (
    InEnvironment,
    Remapping,
    environment_tables,
)
from gridjax.run.evaluation.rollout import record
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.task.environments import layout_in
from gridjax.task.task import Layout
from gridjax.training.population import over_networks
from gridjax.training.position_metrics import PositionMetrics
from gridjax.training.train_step import TrainState


class EnvironmentMaps(NamedTuple):
    """Rate maps and errors of one network in one environment."""

    maps: Float[Array, "analysed n n"]
    by_time: PositionMetrics
    is_active: Bool[Array, " analysed"]
    is_compact: Bool[Array, " analysed"]
    """units with one compact field"""


def measure_environments(
    specs: Sequence[NetworkSpec],
    state: TrainState,
    members: Members,
    null_99: Sequence[float],
) -> list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """Return the tables ``environments`` and ``remapping`` of some networks of a block, as columns.

    All lanes are measured, so that the bits of a network do not depend on the others.

    Args:
        specs: networks of the first lanes of the block.
        state: the block, in own shapes.
        members: the networks.
        null_99: for each of them, the 99th percentile of the scores of random readouts of its
            target code in environment 0.
    """
    lane_width, (device,) = len(state.step), state.step.devices()
    limits = np.full(lane_width, np.inf)
    limits[list(members.lanes)] = null_99
    lanes = stacked(specs, lane_width, device), state.params, state.layout
    found = _of_lanes(filled(specs, lane_width), members, lanes, limits)
    n_bins = members.design.n_bins[-1]
    return [environment_tables(specs[lane], n_bins, found[lane]) for lane in members.lanes]


def _of_lanes(
    specs: Sequence[NetworkSpec],
    members: Members,
    lanes: tuple[TracedParams, Params, Layout],
    null_99: Float[np.ndarray, " lane"],
) -> list[list[tuple[InEnvironment, Remapping | None]]]:
    """Return the measures of each lane in each environment, on the host."""
    first, lane_width, n_bins = specs[members.lanes[0]], len(specs), members.design.n_bins[-1]
    static = measured_config(first)
    reported = members.design._replace(n_bins=(n_bins,), n_bins_compared=(n_bins,))
    found: list[list[tuple[InEnvironment, Remapping | None]]] = [[] for _ in range(lane_width)]
    first_maps = None
    for number in range(first.n_environments):
        numbers = np.full(lane_width, number, np.int32)
        measured = _measure(static, reported, lane_width, *lanes, numbers)
        scored = _scored(specs, measured, members.empty_bins, null_99)
        if first_maps is None:
            first_maps = measured.maps
        for lane, one in enumerate(scored):
            found[lane].append((one, None))
        if number == 0:
            continue
        kinds = [_kinds(found[lane][0][0], one) for lane, one in enumerate(scored)]
        others = np.stack([partners(each) for each in kinds])
        compared = jax.device_get(_compare(lane_width, first_maps, measured.maps, others))
        for lane, one in enumerate(scored):
            own, shuffled = jax.tree.map(lambda leaf, lane=lane: leaf[lane], compared)
            is_alone = (others[lane] < 0).all(axis=0)
            found[lane][number] = one, Remapping(kinds[lane], own, shuffled, is_alone)
    return found


@partial(jax.jit, static_argnums=(0, 1, 2))
def _measure(
    static: StaticConfig,
    design: Design,
    lane_width: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    environment: Int[Array, " lane"],
) -> EnvironmentMaps:
    """Measure all networks of a block in one environment; one compilation for all environments."""

    def one(
        traced: TracedParams, params: Params, layout: Layout, environment: Int[Array, ""]
    ) -> EnvironmentMaps:
        there = layout_in(layout, environment)
        recording = record(static, design, traced, params, there)
        maps = recording.maps[-1]
        return EnvironmentMaps(maps, recording.by_time, active_units(maps), has_compact_field(maps))

    return over_networks(one, lane_width)(traced, params, layout, environment)


def _scored(
    specs: Sequence[NetworkSpec],
    measured: EnvironmentMaps,
    empty_bins: Any,
    null_99: Float[np.ndarray, " lane"],
) -> list[InEnvironment]:
    """Return the scores and lattices of the units of each lane, on the host."""
    n_lanes, n_units, n_bins = measured.maps.shape[:3]
    flat = measured.maps.reshape(-1, n_bins, n_bins)
    lattices = lattice_in_bins(flat)
    values = (
        grid_score(flat, nan=empty_bins).score_60,
        *(lattices.period_cm, lattices.orientation_rad, lattices.phase_x_cm, lattices.phase_y_cm),
    )
    (by_time, is_active, is_compact), values = jax.device_get((measured[1:], values))
    lanes = [np.asarray(each).reshape(n_lanes, n_units) for each in values]
    found = []
    for lane, spec in enumerate(specs):
        score_60, period, turn, x, y = (each[lane] for each in lanes)
        cm = 100 * spec.box_width_in_m / n_bins
        found.append(
            InEnvironment.of(
                jax.tree.map(lambda leaf, lane=lane: leaf[lane], by_time),
                is_active[lane],
                is_compact[lane],
                float(null_99[lane]),
                score_60,
                *(cm * period, turn, cm * x, cm * y),
            )
        )
    return found


def _kinds(first: InEnvironment, second: InEnvironment) -> np.ndarray:
    return unit_kinds(
        np.stack([first.is_grid, second.is_grid]),
        np.stack([first.is_active, second.is_active]),
        first.is_compact,
    )


@partial(jax.jit, static_argnums=0)
def _compare(
    lane_width: int,
    first: Float[Array, "lane unit n n"],
    second: Float[Array, "lane unit n n"],
    partners: Int[Array, "lane partner unit"],
) -> tuple[MapCorrelation, MapCorrelation]:
    """Compare the maps of each unit in two environments, and those of shuffled units.

    The second result is the mean over the partners.
    """

    def one(first: Array, second: Array, partners: Array) -> tuple[MapCorrelation, MapCorrelation]:
        own = map_correlation(first, second)
        shuffled = lax.map(lambda others: map_correlation(first, second[others]), partners)
        return own, jax.tree.map(lambda leaf: leaf.mean(axis=0), shuffled)

    return over_networks(one, lane_width)(first, second, partners)
