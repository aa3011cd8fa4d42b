"""Evaluation of the trained networks of a block: maps, scores, lattices, errors, null scores.

Everything is computed for all lanes at once, on the device that trained them, and one transfer
brings the results to the host. Only if the memory of an accelerator is too small for the evaluation
of all lanes, they are evaluated in parts of equal width.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import jax
import numpy as np

from gridjax.run.evaluation import network_metrics
from gridjax.run.evaluation.block_measures import Members, start_measures, start_weight_measures
from gridjax.run.evaluation.evaluation import (
    DIVERGED,
    FINISHED,
    Evaluation,
    NullScores,
    evaluation_of,
    null_scores_of,
)
from gridjax.run.evaluation.remapping.environment_measures import measure_environments
from gridjax.run.evaluation.robustness import conditions_for
from gridjax.run.evaluation.unit_scores import MapScores
from gridjax.run.planning.lane_width import evaluation_width
from gridjax.spec.lowering import null_parts
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.environments import compares_environments
from gridjax.sweep.settings.evaluation_sizes import Design, design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.padding import is_in_padded_shapes
from gridjax.training.population import MATMUL_PRECISION, lane, take_lanes, unpadded_lane
from gridjax.training.train_step import NOT_DIVERGED, TrainState


def evaluate_block(
    specs: Sequence[NetworkSpec],
    state: TrainState,
    settings: EvaluationSettings,
    known_nulls: Mapping[str, NullScores],
    keep_maps: str,
) -> list[Evaluation]:
    """Measure the trained networks of a block, on the device that holds its state.

    The last bits of the results depend on the lane width and the kind of device, which also decide
    how many lanes are evaluated at once, but not on the other networks.

    Args:
        specs: networks of the first lanes; further lanes are ignored. They share shapes.
        state: arrays with a leading axis of lanes, in own shapes or in padded shapes. Networks in
            padded shapes are evaluated one by one in their own shapes.
        settings: sizes of the evaluation.
        known_nulls: null scores computed so far, by null_id. Networks with the same layout,
            activation and trajectories have the same null scores.
        keep_maps: "all", "none" or "best:N", the maps to return.
    """
    known, found = dict(known_nulls), []
    with jax.default_matmul_precision(MATMUL_PRECISION):
        for part, of_part in _parts(specs, state, settings):
            evaluations = _evaluate(part, of_part, settings, known, keep_maps)
            known |= {each.null.null_id: each.null for each in evaluations if each.null is not None}
            found += evaluations
    return found


def _parts(
    specs: Sequence[NetworkSpec], state: TrainState, settings: EvaluationSettings
) -> Iterator[tuple[Sequence[NetworkSpec], TrainState]]:
    """Yield the networks that are evaluated at the same time, with their state in own shapes.

    All parts have the same width; copies of the last network fill the last part.
    """
    if is_in_padded_shapes(state):
        for index, spec in enumerate(specs):
            own = unpadded_lane(state, index, spec)
            yield [spec], jax.tree.map(lambda leaf: leaf[None], own)
        return
    (device,) = state.step.devices()
    lane_width = len(state.step)
    of_block = specs[0].static, specs[0].n_bins_reported, settings, lane_width
    width = evaluation_width(device.device_kind, *of_block)
    if width == lane_width:
        yield specs, state
        return
    for start in range(0, len(specs), width):
        lanes = np.minimum(np.arange(start, start + width), len(specs) - 1)
        yield specs[start : start + width], take_lanes(state, lanes)


def null_id(spec: NetworkSpec, design: Design) -> str:
    """Return the null_id of a network: a hash of all inputs of its random-readout scores.

    It is empty for a network without outputs, and on a line, whose maps have no scores.
    """
    if not spec.has_outputs or spec.dimensions == 1:
        return ""
    parts = null_parts(spec) | {"design": list(design)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _evaluate(
    specs: Sequence[NetworkSpec],
    state: TrainState,
    settings: EvaluationSettings,
    known_nulls: Mapping[str, NullScores],
    keep_maps: str,
) -> list[Evaluation]:
    """Measure a block in own shapes: start all computations, then fetch their results once.

    Diverged networks have no measures but those of their weights. A block with only diverged
    networks computes nothing else.
    """
    n_kept = {"all": None, "none": 0}.get(keep_maps, -1)
    if n_kept == -1:
        n_kept = int(keep_maps.removeprefix("best:"))
    designs = [design_of(spec, settings) for spec in specs]
    null_ids = [null_id(spec, one) for spec, one in zip(specs, designs, strict=True)]
    diverged_at = jax.device_get(state.diverged_at)
    others = [at for at in range(len(specs)) if diverged_at[at] == NOT_DIVERGED]
    groups = _groups(others, specs, designs, null_ids, known_nulls, settings)
    started = [start_measures(specs, state, members, n_kept) for members in groups]
    fetched = jax.device_get((started, start_weight_measures(specs, state), state.step))
    measures, weights, steps = fetched
    nulls = dict(known_nulls)
    for members, block in zip(groups, measures, strict=True):
        for place, at in enumerate(members.new_nulls):
            nulls[null_ids[at]] = null_scores_of(null_ids[at], members.design, block.scores, place)
    rows = [
        network_metrics.spec_columns(spec)
        | {"status": FINISHED, "diverged_at_step": math.nan, "n_grad_steps": int(steps[at])}
        | {name: float(values[at]) for name, values in weights._asdict().items()}
        for at, spec in enumerate(specs)
    ]
    found: dict[int, Evaluation] = {}
    for members, block in zip(groups, measures, strict=True):
        for place, at in enumerate(members.lanes):
            found[at] = evaluation_of(
                specs[at],
                designs[at],
                rows[at],
                lane(block._replace(scores=_of_units(block.scores)), place),
                nulls.get(null_ids[at]),
                members.conditions,
            )
    for members in groups:
        if settings.environments and compares_environments(specs[members.lanes[0]]):
            null_99 = [found[at].network["null_99"] for at in members.lanes]
            tables = measure_environments(specs, state, members, null_99)
            for at, (environments, remapping) in zip(members.lanes, tables, strict=True):
                found[at] = replace(found[at], environments=environments, remapping=remapping)
    for at, row in enumerate(rows):
        if at not in found:
            row |= {"status": DIVERGED, "diverged_at_step": float(diverged_at[at])}
            row |= network_metrics.no_measures(designs[at])
            found[at] = Evaluation(row, {}, {}, {}, {}, None, None)
    return [found[at] for at in range(len(specs))]


def _groups(
    networks: Sequence[int],
    specs: Sequence[NetworkSpec],
    designs: Sequence[Design],
    null_ids: Sequence[str],
    known_nulls: Mapping[str, NullScores],
    settings: EvaluationSettings,
) -> list[Members]:
    """Group some networks by design and options; the first lane of an unknown null computes it."""
    lanes: dict[tuple[Design, str], list[int]] = {}
    first_with: dict[str, int] = {}
    for index in networks:
        lanes.setdefault((designs[index], specs[index].fidelity.empty_bins), []).append(index)
        if null_ids[index]:
            first_with.setdefault(null_ids[index], index)
    new = {at for name, at in first_with.items() if name not in known_nulls}
    return [
        Members(
            design,
            empty_bins,
            tuple(members),
            tuple(at for at in members if at in new),
            conditions_for(specs[members[0]], settings),
        )
        for (design, empty_bins), members in lanes.items()
    ]


def _of_units(scores: Sequence[MapScores]) -> tuple[MapScores, ...]:
    return tuple(one._replace(of_readouts=None, volumes_of_readouts=None) for one in scores)
