"""Predicted memory on accelerators, beside the table of what their compilers report."""

from dataclasses import replace

import pytest

from benchmarks import lane_table
from gridjax.accelerators.card_info import CARDS
from gridjax.run.planning.card_memory import (
    bytes_of_evaluation,
    bytes_of_maps,
    bytes_of_readouts,
    bytes_of_state,
    bytes_of_training,
)
from gridjax.run.planning.lane_width import default_lane_width
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CELL_INFOS
from gridjax.sweep.settings.run_settings import EvaluationSettings

NUMBERS = ("Ng", "Np", "batch_size", "sequence_length")
DEFAULTS = EvaluationSettings()
MOST = {lane_table.TRAINING: 1.5, lane_table.MAPS: 1.3, lane_table.READOUTS: 1.3}
"""Program -> the largest ratio of the predicted memory to the compiler's. The compiler of a GPU
keeps fewer arrays at some lane widths, and that of a TPU fewer outputs."""


def rows():
    for row in lane_table.read_table():
        size = {name: int(row[name]) for name in NUMBERS}
        texts = {name: row[name] for name in ("rnn_type", "matmul_precision")}
        code = {"place_field_values": "difference_of_gaussians"}
        spec = NetworkSpec(**size, **texts, **code)
        about = "-".join(row[name] for name in ("card", "program", "rnn_type", "Ng", "Np"))
        label = f"{about}-{row['matmul_precision']}-{row['lanes']}"
        yield pytest.param(row, spec, id=label.replace(" ", "_"))


def predicted(program, spec):
    if program == lane_table.TRAINING:
        return bytes_of_training(spec.static)
    of_program = {lane_table.MAPS: bytes_of_maps, lane_table.READOUTS: bytes_of_readouts}
    predict = of_program.get(program, bytes_of_evaluation)
    return predict(spec.static, spec.n_bins_reported, DEFAULTS)


@pytest.mark.parametrize(("row", "spec"), list(rows()))
def test_no_block_needs_more_than_predicted_or_much_less(row, spec):
    program, needed = row["program"], int(row["bytes"])
    of_block = int(row["lanes"]) * predicted(program, spec)
    assert of_block >= needed
    if program in MOST:
        assert of_block <= MOST[program] * needed


@pytest.mark.parametrize(
    ("row", "spec"), [each for each in rows() if each.values[0]["program"] == lane_table.TRAINING]
)
def test_default_lanes_are_at_most_those_that_the_compiled_training_leaves_room_for(row, spec):
    card = CARDS[row["card"]]
    of_bucket = spec.static, spec.n_bins_reported, DEFAULTS
    lanes = default_lane_width(card.device_kind, *of_bucket).lanes
    of_lane = int(row["bytes"]) / int(row["lanes"])
    fit = 1
    while 2 * fit * of_lane <= 0.6 * card.memory:
        fit *= 2
    assert fit / 2 <= lanes <= fit


def test_the_table_has_the_rows_that_its_script_makes():
    found = [row | {"bytes": ""} for row in lane_table.read_table()]
    made = [row for card in lane_table.ROWS for row, *_ in lane_table.wanted(card)]
    assert sorted(map(str, found)) == sorted(str(row | {"bytes": ""}) for row in made)


def test_maps_of_a_cube_need_the_memory_of_their_bins():
    square = NetworkSpec(Ng=64, Np=64)
    line, cube = (replace(square, dimensions=d, bin_side_in_m=0.11).static for d in (1, 3))
    of_maps = [bytes_of_maps(each, 20, DEFAULTS) for each in (line, square.static, cube)]
    assert of_maps == sorted(of_maps)
    batch = DEFAULTS.batch_size * DEFAULTS.sequence_length  # the bins of each sample, as a product
    assert of_maps[2] - of_maps[1] > 4 * (20**3 * batch + 64 * (20**3 - 20**2 - 20**2 - 32**2))
    assert bytes_of_readouts(line, 20, DEFAULTS) == 0
    assert bytes_of_readouts(cube, 20, DEFAULTS) > 4 * 20**3 * batch


def test_memory_grows_with_the_network_and_its_evaluation():
    spec = NetworkSpec(Ng=512, Np=512, batch_size=48, sequence_length=15)
    training, state = bytes_of_training(spec.static), bytes_of_state(spec.static)
    for change in ({"Ng": 513}, {"Np": 513}, {"batch_size": 49}, {"sequence_length": 16}):
        assert bytes_of_training(replace(spec, **change).static) > training
    for change in ({"Ng": 513}, {"Np": 513}):
        assert bytes_of_state(replace(spec, **change).static) > state
    of_cells = [bytes_of_training(replace(spec, rnn_type=one.name).static) for one in CELL_INFOS]
    assert of_cells == sorted(of_cells)
    lane = bytes_of_evaluation(spec.static, 44, DEFAULTS)
    for change in ({"Ng": 513}, {"Np": 513}, {"sequence_length": 80}):
        assert bytes_of_evaluation(replace(spec, **change).static, 44, DEFAULTS) > lane
    for change in ({"batch_size": 1000}, {"sequence_length": 100}):
        assert bytes_of_evaluation(spec.static, 44, replace(DEFAULTS, **change)) > lane
    assert bytes_of_evaluation(spec.static, 88, DEFAULTS) > lane
