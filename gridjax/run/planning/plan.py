"""Plan of a population and its cost: specs -> compile buckets -> blocks.

The module imports no JAX: a plan of thousands of networks takes a second.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gridjax.run.planning.card_memory import bytes_of_training
from gridjax.run.planning.lane_width import (
    SETTING,
    LaneWidth,
    bucket_lane_width,
    default_lane_width,
    is_cpu,
)
from gridjax.run.planning.memory_model import bytes_per_lane
from gridjax.spec.fields.declarations import reads_target_code
from gridjax.spec.lowering import EquivalenceKey, StaticConfig, key_but_seeds, stream_seeds
from gridjax.spec.network import NetworkSpec, values_but_seeds
from gridjax.spec.registry import ENCODINGS, STATE_OBJECTIVES
from gridjax.spec.shapes import encoder_weights, n_weights
from gridjax.sweep.settings.run_settings import EvaluationSettings

MOST_BLOCKS = 64
"""Number of blocks into which a sweep of one bucket is divided, if its blocks can be that large."""
LARGEST_BLOCK = 64
"""Largest number of networks of a block, unless the lane width is larger."""
WIDTHS_OF_SEVERAL_LENGTHS = 4
"""Smallest number of lane widths of a block whose networks differ in their gradient steps."""

_FLOP_PER_CELL = 20
_FLOP_PER_PAIR = 20
"""Floating-point operations of one place cell at one position.

They compute the distance, two exponentials, a shift and the normalisation."""


def block_size(lane_width: int, n_networks: int, has_several_lengths: bool) -> int:
    """Return the number of networks of a block, a multiple of the lane width.

    A block is the unit of work: one worker trains, evaluates and stores its networks. A sweep has
    about MOST_BLOCKS blocks, and a block at most LARGEST_BLOCK networks unless the lane width is
    larger. Networks of several lengths of training need a list longer than the lanes, so that the
    lanes that become free are filled again.

    Args:
        lane_width: Networks that are trained at the same time.
        n_networks: Distinct networks of the sweep.
        has_several_lengths: Whether the networks of the bucket differ in their gradient steps.
    """
    widths = max(1, min(-(-n_networks // (MOST_BLOCKS * lane_width)), LARGEST_BLOCK // lane_width))
    if lane_width > 1 and has_several_lengths:
        widths = max(widths, WIDTHS_OF_SEVERAL_LENGTHS)
    return lane_width * widths


def flop_per_step(static: StaticConfig) -> int:
    """Return the floating-point operations of one gradient step of one network.

    The product of an [m, k] and a [k, n] matrix takes 2 m k n operations in the forward pass and
    twice as many in the backward pass. This gives 6 operations for each weight and position, or, in
    the encoder, for each weight and trajectory. An objective on pairs of states takes 6 operations
    for each pair and unit, and about 20 for each pair. The targets of a place code take about 20
    operations for each position and field. The RNN of the study (Ng 1024, Np 512, batch size 200,
    20 moves) takes 38 GFLOP.
    """
    positions = static.batch_size * static.sequence_length
    encoder = encoder_weights(static)
    products = 6 * (positions * (n_weights(static) - encoder) + static.batch_size * encoder)
    objective = STATE_OBJECTIVES.info(static.state_objective)
    pairs = positions**2 * (6 * static.n_analysed + _FLOP_PER_PAIR) if objective.per_pair else 0
    info = ENCODINGS.info(static.place_field_values)
    is_place_code = info.has_place_cells and reads_target_code(static)
    per_position = _FLOP_PER_CELL * static.Np * static.n_field_slots if is_place_code else 0
    return products + pairs + per_position * (positions + static.batch_size)


@dataclass(frozen=True)
class Bucket:
    """Networks that are compiled together."""

    static: StaticConfig
    n_bins: int
    """bins along each side of the reported rate maps"""
    lane_width: int
    lane_limit: str
    """what limits the lane width; see lane_width.ON_CPU and the names beside it"""
    bytes_per_lane: int
    """predicted memory of one network in training, in bytes"""
    block_size: int
    """networks of a block; see block_size()"""
    specs: tuple[NetworkSpec, ...]
    """distinct networks, longest training first: the lanes of a block then end at similar times"""

    @property
    def bytes_per_block(self) -> int:
        """Predicted memory of a block in training, in bytes."""
        return self.bytes_per_lane * self.lane_width

    @property
    def n_blocks(self) -> int:
        """Number of blocks; the last one may have fewer networks."""
        return -(-len(self.specs) // self.block_size)

    @property
    def n_network_steps(self) -> int:
        """Gradient steps of all networks together."""
        return sum(spec.n_grad_steps for spec in self.specs)

    def to_dict(self) -> dict[str, Any]:
        """Shape and cost of the bucket as JSON values."""
        return {
            "networks": len(self.specs),
            "blocks": self.n_blocks,
            "block_size": self.block_size,
            "lane_width": self.lane_width,
            "n_bins": self.n_bins,
            "network_steps": self.n_network_steps,
            "flop_per_network_step": flop_per_step(self.static),
            "weights_per_network": n_weights(self.static),
            "bytes_per_lane": self.bytes_per_lane,
            "bytes_per_block": self.bytes_per_block,
            "static": dataclasses.asdict(self.static),
        }


@dataclass(frozen=True)
class Plan:
    """Buckets and blocks of a population, for one kind of device."""

    device_kind: str
    buckets: tuple[Bucket, ...]
    equivalent_specs: Mapping[NetworkSpec, tuple[NetworkSpec, ...]]
    """spec of each trained network -> all specs of the same computation, starting with that spec"""

    @property
    def n_networks(self) -> int:
        """Number of networks of the sweep."""
        return sum(map(len, self.equivalent_specs.values()))

    @property
    def n_distinct(self) -> int:
        """Number of networks to train: specs of the same computation count once."""
        return len(self.equivalent_specs)

    @property
    def n_blocks(self) -> int:
        """Number of blocks in all buckets."""
        return sum(bucket.n_blocks for bucket in self.buckets)

    @property
    def n_network_steps(self) -> int:
        """Gradient steps of all networks together."""
        return sum(bucket.n_network_steps for bucket in self.buckets)

    @property
    def flop(self) -> int:
        """Floating-point operations of the whole training, without empty lanes."""
        return sum(flop_per_step(each.static) * each.n_network_steps for each in self.buckets)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        largest = max((bucket.bytes_per_block for bucket in self.buckets), default=0)
        return {
            "device_kind": self.device_kind,
            "networks": self.n_networks,
            "distinct_networks": self.n_distinct,
            "buckets": len(self.buckets),
            "blocks": self.n_blocks,
            "network_steps": self.n_network_steps,
            "flop": self.flop,
            "largest_block_bytes": largest,
            "bucket_list": [bucket.to_dict() for bucket in self.buckets],
        }


def own_shape(spec: NetworkSpec) -> StaticConfig:
    """Return the static config of a network without padding."""
    return spec.static


def make_plan(
    specs: Iterable[NetworkSpec],
    lane_width: int | None = None,
    device_kind: str = "cpu",
    shape_of: Callable[[NetworkSpec], StaticConfig] = own_shape,
    evaluation: EvaluationSettings | None = None,
) -> Plan:
    """Divide specs into buckets and blocks; sort buckets by the position of their first network.

    Specs of the same computation are trained once.

    Args:
        specs: the networks.
        lane_width: None gives each bucket the default of the device for its shape and its number of
            networks.
        device_kind: "cpu", or the name that JAX reports for an accelerator.
        shape_of: returns the static config in which a network is trained.
        evaluation: sizes of the evaluation, which needs memory too; None stands for the defaults.
    """
    same: dict[Any, list[NetworkSpec]] = {}
    members: dict[tuple[StaticConfig, int], list[NetworkSpec]] = {}
    lowered: dict[Any, tuple[EquivalenceKey, tuple[StaticConfig, int]]] = {}
    for spec in specs:
        values = values_but_seeds(spec)
        if values not in lowered:  # most networks of a sweep differ only in their seeds
            shape = shape_of(spec), spec.n_bins_reported
            lowered[values] = key_but_seeds(spec), shape
        key, shape = lowered[values]
        group = same.setdefault((key, stream_seeds(spec)), [])
        group.append(spec)
        if len(group) == 1:
            members.setdefault(shape, []).append(spec)
    equivalent = {group[0]: tuple(group) for group in same.values()}
    settings = evaluation or EvaluationSettings()
    buckets = []
    for (static, n_bins), group in members.items():
        if lane_width is None:
            default = default_lane_width(device_kind, static, n_bins, settings)
            width = bucket_lane_width(default, len(group))
        else:
            width = LaneWidth(lane_width, SETTING)
        of_lane = bytes_per_lane(static) if is_cpu(device_kind) else bytes_of_training(static)
        has_several_lengths = len({spec.n_grad_steps for spec in group}) > 1
        size = block_size(width.lanes, len(equivalent), has_several_lengths)
        specs = tuple(sorted(group, key=lambda spec: -spec.n_grad_steps))
        buckets.append(Bucket(static, n_bins, *width, of_lane, size, specs))
    return Plan(device_kind, tuple(buckets), equivalent)
