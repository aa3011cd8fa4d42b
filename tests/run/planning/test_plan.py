"""The layout of a population and its cost."""

import dataclasses
import json
from typing import Any

import pytest
from sweep_files import SWEEPS

from gridjax.io.numbers import quantity
from gridjax.run.planning.memory_model import bytes_per_lane
from gridjax.run.planning.plan import block_size, flop_per_step, make_plan
from gridjax.run.planning.plan_table import TABLE_HEADER, table_rows
from gridjax.spec.fidelity import CORRECTED, PUBLISHED
from gridjax.spec.network import NetworkSpec
from gridjax.spec.shapes import n_weights
from gridjax.sweep.sweep import Sweep


def some_networks():
    return [
        NetworkSpec(seed=seed, Ng=units, place_cell_rf=width, box_width_in_m=box, n_epochs=epochs)
        for units, box, width, seed, epochs in [
            (64, 2.2, 0.12, 0, 1),
            (128, 2.2, 0.12, 0, 1),
            (64, 2.2, 0.20, 1, 3),
            (64, 1.1, 0.20, 1, 3),
            (64, 2.2, 0.20, 2, 1),
            (64, 2.21, 0.20, 2, 2),
        ]
    ]


def test_a_bucket_holds_the_networks_of_one_compilation():
    specs = some_networks()
    plan = make_plan(specs, lane_width=2)
    found = [
        {(spec.static, spec.n_bins_reported) for spec in bucket.specs} for bucket in plan.buckets
    ]
    assert [len(each) for each in found] == [1, 1, 1]
    assert len(set.union(*found)) == 3
    assert [bucket.n_bins for bucket in plan.buckets] == [44, 44, 22]
    assert sorted(spec.run_id for bucket in plan.buckets for spec in bucket.specs) == sorted(
        spec.run_id for spec in specs
    )


def test_a_bucket_has_the_longest_networks_first_and_one_block_for_several_lengths():
    plan = make_plan(some_networks(), lane_width=3)
    bucket = plan.buckets[0]
    assert [spec.n_epochs for spec in bucket.specs] == [3, 2, 1, 1]
    assert (bucket.block_size, bucket.n_blocks) == (12, 1)
    assert [spec.seed for spec in bucket.specs] == [1, 2, 0, 2]  # equal lengths keep their order
    assert (plan.n_networks, plan.n_blocks) == (6, 3)


def test_the_study_network_takes_38_gflop_a_step_and_7_7_pflop():
    spec = NetworkSpec()
    assert flop_per_step(spec.static) == pytest.approx(38e9, rel=0.02)
    assert make_plan([spec]).flop == pytest.approx(7.7e15, rel=0.01)


def count_products(static):
    """Every matrix product of one step by its shape, as a list of operations: the oracle."""
    batch, units, outputs = static.batch_size, static.Ng, static.Np
    forward = [(batch, outputs, units)]  # encoder
    for _ in range(static.sequence_length):
        forward += [(batch, 2, units), (batch, units, units), (batch, units, outputs)]
    operations = sum(2 * m * k * n for m, k, n in forward)
    return 3 * operations  # and twice as many backward: by the weights and by the inputs


def test_flop_are_those_of_the_products_where_targets_cost_nothing():
    static = NetworkSpec(
        Ng=37, Np=2, batch_size=5, sequence_length=7, place_field_values="cartesian"
    ).static
    assert flop_per_step(static) == count_products(static)
    coded = dataclasses.replace(static, place_field_values="gaussian", Np=11)
    assert flop_per_step(coded) == count_products(coded) + 20 * 11 * 5 * 8


def test_memory_is_that_of_the_update_or_of_the_activity_whichever_is_more():
    static = NetworkSpec(Ng=3, Np=5, batch_size=2, sequence_length=1).static
    assert n_weights(static) == 9 + 6 + 15 + 15
    # widths and centres of the cells: 4 numbers a field; 2 positions, 32 steps of them ahead
    assert bytes_per_lane(static) == round(4 * (3 * 45 + 20 + 3.5 * 45 + 4 * 32 * 2))
    longer = dataclasses.replace(static, sequence_length=50)  # 100 positions
    held = 3 * 45 + 20 + 0.7 * 45 + 100 * (3.9 * 3 + 3.2 * 5) + 4 * 32 * 100
    assert bytes_per_lane(longer) == round(4 * held)


def test_steps_add_up_over_networks_of_different_length():
    plan = make_plan(some_networks())
    assert plan.n_network_steps == 10_000 * (1 + 1 + 3 + 3 + 1 + 2)
    by_hand = sum(flop_per_step(spec.static) * spec.n_grad_steps for spec in some_networks())
    assert plan.flop == by_hand


def test_a_large_sweep_is_planned_as_json():
    plan = make_plan(Sweep.from_yaml(SWEEPS / "dos_many.yaml").specs, device_kind="TPU v5 lite")
    told = json.loads(json.dumps(plan.to_json()))
    assert told["networks"] == 7680
    assert told["buckets"] == 12
    widths = [bucket["lane_width"] for bucket in told["bucket_list"]]
    assert told["blocks"] == sum(-(-640 // width) for width in widths)
    assert told["network_steps"] == 7680 * 200_000
    assert sum(bucket["networks"] for bucket in told["bucket_list"]) == 7680
    assert all(type(told[name]) is int for name in ("networks", "buckets", "blocks", "flop"))


def test_the_table_tells_the_buckets_apart():
    plan = make_plan(some_networks(), lane_width=2)
    rows = table_rows(plan)
    assert len({row[-1] for row in rows}) == len(rows) == 3
    assert all(len(row) == len(TABLE_HEADER) for row in rows)
    assert "Ng=128" in rows[1][-1]
    assert "n_bins=22" in rows[2][-1]
    assert table_rows(make_plan([])) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 "), (999.4, "999 "), (999.6, "1 k"), (37.8e9, "37.8 G"), (7.7e15, "7.7 P")],
)
def test_quantities_are_short(number, text):
    assert quantity(number) == text


BIASES = ("encoder_bias", "decoder_bias", "dense_bias", "input_bias", "b", "b_x")
SHAPES: dict[str, Any] = {"Ng": 12, "Np": 7, "batch_size": 3, "sequence_length": 2}


@pytest.mark.parametrize("rnn_type", ["RNN", "SRNN", "UGRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("architecture", ["study", "banino2018"])
def test_weights_are_those_of_the_network(rnn_type, architecture):
    import jax

    from gridjax.model.weights import init_params

    spec = NetworkSpec(
        rnn_type=rnn_type,
        architecture=architecture,
        n_bottleneck=5,
        n_head_direction_cells=4,
        inputs="egocentric",
        **SHAPES,
    )
    shapes = jax.eval_shape(lambda key: init_params(key, spec.static), jax.random.key(0))
    leaves, _ = jax.tree_util.tree_flatten_with_path(shapes)
    sizes = [leaf.size for path, leaf in leaves if path[-1].key not in BIASES]
    assert n_weights(spec.static) == sum(sizes)


def test_networks_that_are_one_under_the_fidelity_are_laid_out_once():
    specs = [
        NetworkSpec(recurrent_dropout=rate, seed=seed, fidelity=fidelity, **SHAPES)
        for fidelity in (CORRECTED, PUBLISHED)
        for seed in (0, 1)
        for rate in (0.0, 0.25, 0.5)
    ]
    plan = make_plan(specs)
    # published dropout is inert, and without dropout both fidelities train the same network
    # but evaluate it differently
    assert (plan.n_networks, plan.n_distinct) == (12, 6 + 2)
    assert sum(len(bucket.specs) for bucket in plan.buckets) == plan.n_distinct
    assert sorted(
        spec.run_id for group in plan.equivalent_specs.values() for spec in group
    ) == sorted(spec.run_id for spec in specs)
    assert plan.to_json()["distinct_networks"] == 8


@pytest.mark.parametrize(
    ("lane_width", "n_networks", "several_lengths", "size"),
    [
        (1, 20, False, 1),
        (1, 64, True, 1),
        (1, 256, False, 4),
        (1, 11_608, False, 64),
        (16, 256, False, 16),
        (16, 256, True, 64),
        (16, 11_608, False, 64),
        (128, 11_608, False, 128),
        (128, 200, True, 512),
    ],
)
def test_a_block_is_some_lane_widths_long(lane_width, n_networks, several_lengths, size):
    assert block_size(lane_width, n_networks, several_lengths) == size
