"""Rules between the fields of one network."""

from typing import Any

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.model.cells import Cell
from gridjax.run.execution.plugins import load_plugin
from gridjax.spec.constraints import Readings, read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.cell_info import CellInfo
from gridjax.spec.registry import CELLS

ENVIRONMENTS = {"n_environments": 2}
CARTESIAN = {"place_field_values": "cartesian", "place_field_loss": "mse", "Np": 2}

GENERAL = {"place_field_values": "general_difference_of_gaussians"}
BINARY = {
    "place_field_values": "gaussian",
    "place_field_normalization": "none",
    "place_field_loss": "binarycrossentropy",
}
MEASURED = {
    "place_field_values": "from_file",
    "place_maps": PlaceMaps.of(np.ones((3, 5, 5))),
    "Np": 3,
}
CUBE = {"dimensions": 3, "bin_side_in_m": 0.11}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"box_width_in_m": 1.8}, "box_height_in_m: 2.2 differs from box_width_in_m: 1.8"),
        (CARTESIAN | {"Np": 512}, "Np: 512 does not fit place_field_values: cartesian"),
        (CARTESIAN | {"place_field_loss": "crossentropy"}, "place_field_loss: crossentropy"),
        ({"Np": 2}, "Np: 2 does not fit place_field_values"),
        (CARTESIAN | {"place_field_values": "polar", "Np": 3}, "Np: 3 does not fit"),
        (CARTESIAN | {"place_field_values": "high_dim_polar", "Np": 7}, "Np: 7 does not fit"),
        (
            CARTESIAN | {"place_field_values": "high_dim_cartesian", "Np": 1},
            "Np: 1 does not fit place_field_values",
        ),
        (CARTESIAN | {"place_field_loss": "polarmse"}, "place_field_loss: polarmse does not fit"),
        (CARTESIAN | {"place_field_loss": "binarycrossentropy"}, "binarycrossentropy does not"),
        (
            {"place_field_values": "gaussian", "place_field_normalization": "none"},
            "crossentropy does not fit place_field_values: gaussian with place_field_normalization",
        ),
        (GENERAL | {"place_cell_alpha_e": 0, "place_cell_alpha_i": 0}, "make every target 0"),
        ({"place_field_values": "from_file"}, "from_file names no file"),
        (MEASURED | {"Np": 4}, "Np: 4 does not fit place_maps of 3 cells"),
        ({"bin_side_in_m": 0.3}, "into 7 bins"),
        (CUBE | {"bin_side_in_m": 0.05}, "a cube of 2.2 m into 44 bins"),
        (CARTESIAN | CUBE, "place_field_values: cartesian does not exist with dimensions: 3"),
        (CUBE | {"motion": "von_mises_walk"}, "motion: von_mises_walk does not exist"),
        ({"motion": "planar_walk"}, "motion: planar_walk does not exist with dimensions: 2"),
        (CUBE | {"start": "position"}, "start: position does not exist with dimensions: 3"),
        ({"dimensions": 1, "inputs": "egocentric"}, "inputs: egocentric needs dimensions: 2"),
        (CUBE | {"n_head_direction_cells": 4}, "n_head_direction_cells: 4 needs dimensions: 2"),
        ({"dimensions": 4}, "dimensions: 4 is above 3"),
        ({"bin_side_in_m": 0.0085}, "into 259 bins"),
        (CARTESIAN | ENVIRONMENTS, "n_environments: 2 does not fit place_field_values: cartesian"),
        (MEASURED | ENVIRONMENTS, "n_environments: 2 does not fit place_field_values: from_file"),
        ({"start": "zero"} | ENVIRONMENTS, "n_environments: 2 does not fit start: zero"),
        (
            {"state_objective": "distances"} | ENVIRONMENTS,
            "n_environments: 2 does not fit state_objective: distances",
        ),
        ({"n_environments": 0}, "n_environments: 0 is below 1"),
        ({"landmark_rate": 1.5}, "landmark_rate: 1.5 is above 1"),
        (
            {"state_objective": "distances", "landmark_rate": 0.1},
            "landmark_rate: 0.1 does not fit state_objective: distances",
        ),
        ({"n_epochs": 2**16, "n_grad_steps_per_epoch": 2**15}, "is 2147483648 steps"),
        ({"Ng": -3}, "Ng: -3 is below 1"),
        ({"Ng": [1]}, "[1] is not a whole number"),
        ({"place_field_values": [1]}, "place_field_values: [1] is not a name"),
        ({"surround_scale": 1}, "surround_scale: 1 is not above 1"),
    ],
)
def test_each_broken_rule_is_one_problem(values, what):
    with pytest.raises(GridjaxError) as caught:
        read_spec(NetworkSpec(**values))
    (problem,) = caught.value.problems
    assert what in problem.message
    assert problem.fix


@pytest.mark.parametrize(
    "values",
    [
        {},
        CARTESIAN,
        CARTESIAN | {"place_cell_rf": 0, "surround_scale": 1, "place_field_normalization": "none"},
        {"place_field_values": "gaussian", "surround_scale": 0},
        {"place_field_loss": "mse"},
        {"box_width_in_m": 1.8, "box_height_in_m": 1.8},
        {"bin_side_in_m": 2.2 / 8},
        {"bin_side_in_m": 2.2 / 256},
        {"Np": 3},
        ENVIRONMENTS,
        {"start": "zero", "context_input": "one_hot"} | ENVIRONMENTS,
        CUBE | ENVIRONMENTS,
        CARTESIAN | {"place_field_values": "polar", "place_field_loss": "polarmse"},
        CARTESIAN | {"place_field_values": "high_dim_polar", "Np": 8},
        {"place_field_values": "gaussian", "place_field_loss": "binarycrossentropy"},
        BINARY,
        GENERAL | {"place_cell_alpha_e": 0},
        MEASURED,
        {"n_epochs": 1, "n_grad_steps_per_epoch": 2**31 - 1},
        CUBE,
        CUBE | {"motion": "planar_walk", "place_field_values": "softmax_of_differences"},
        {"dimensions": 1, "start": "zero"},
    ],
)
def test_what_can_be_run_is_accepted(values):
    spec = NetworkSpec(**values)
    assert read_spec(spec) == spec


def test_numbers_take_the_type_of_their_field_so_that_one_network_has_one_run_id():
    as_written: dict[str, Any] = {"Ng": 64.0, "surround_scale": 3, "learning_rate": "1e-3"}
    loose = NetworkSpec(**as_written)
    exact = NetworkSpec(Ng=64, surround_scale=3.0, learning_rate=1e-3)
    assert read_spec(loose).run_id == exact.run_id
    assert type(read_spec(loose).Ng) is int


def test_every_problem_is_reported():
    with pytest.raises(GridjaxError) as caught:
        read_spec(NetworkSpec(Ng=0, seed=-1, activation="Relu", box_height_in_m=1.0))
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 2},
        {"seed": "3"},
        {"seed": 3, "motion_seed": 3, "weight_seed": 4},
        {"seed": True},
        {"seed": -1},
        {"layout_seed": 0.5},
        {"layout_seed": [1]},
        {"layout_seed": ([1],)},
        {"Ng": ([1],)},
        {"Ng": 64.5},
        {"Ng": True},
        {"surround_scale": -0.0},
    ],
)
def test_shared_readings_change_no_result(values):
    """Readings of a network with other seeds, and with equal values of other types, are shared."""

    def result(readings):
        try:
            return repr(read_spec(NetworkSpec(**{**others, **values}), readings))
        except GridjaxError as error:
            return str(error)

    others: dict[str, Any] = {"Ng": 1, "surround_scale": 2, "bin_side_in_m": 0.1}
    readings = Readings()
    for known in (others, others | {"Ng": 64, "seed": 1}, {"surround_scale": 3}):
        read_spec(NetworkSpec(**known), readings)
    assert result(readings) == result(None)
    assert result(readings) == result(None)


def test_a_cell_without_recurrence_has_one_environment_and_no_bottleneck(monkeypatch):
    for name in ("_infos", "_functions", "_hashes", "_modules"):
        monkeypatch.setattr(CELLS, name, dict(getattr(CELLS, name)))
    info = CellInfo("still", n_states=0, has_layers=False, n_gates=1)
    CELLS.register(info, Cell(no_weights, rates), CellInfo)
    read_spec(NetworkSpec(rnn_type="still"))
    with pytest.raises(GridjaxError, match="n_environments: 2 does not fit rnn_type: still"):
        read_spec(NetworkSpec(rnn_type="still", **ENVIRONMENTS))
    with pytest.raises(GridjaxError, match="architecture: banino2018 does not fit rnn_type: still"):
        read_spec(NetworkSpec(rnn_type="still", architecture="banino2018"))


def no_weights(key, n_inputs, n_units, initializer):
    return {}


def rates(params, state, inputs, activation):
    return (activation(inputs),)


@pytest.mark.parametrize(
    ("plugin", "cell", "side"),
    [
        ("models/nonnegative_pca.py", "components", 1.0),
        ("models/conformal_isometry.py", "conformal_linear", 1.0),
        ("static/static.py", "static_place_cells", 2.2),
    ],
)
def test_cells_that_are_made_for_one_box_refuse_others(plugin, cell, side):
    load_plugin(plugin)
    values: dict[str, Any] = {"rnn_type": cell, "motion": "random_positions"}

    def spec(side, **further):
        return NetworkSpec(**values, box_width_in_m=side, box_height_in_m=side, **further)

    read_spec(spec(side))
    what = rf"box_width_in_m: 1\.5 does not fit rnn_type: {cell}\n +this cell is .* box of {side}"
    with pytest.raises(GridjaxError, match=what):
        read_spec(spec(1.5))
    with pytest.raises(GridjaxError, match=f"rnn_type: {cell} does not exist with dimensions: 3"):
        read_spec(spec(side, dimensions=3, bin_side_in_m=0.1))
    with pytest.raises(GridjaxError, match="dimensions"):
        CellInfo("flat", dimensions=(4,))


def test_a_network_is_not_asked_for_a_heading_or_a_landmark_that_it_cannot_know():
    load_plugin("static/static.py")
    with pytest.raises(GridjaxError, match=r"4 does not fit rnn_type: static_mlp.*\n.*no heading"):
        read_spec(NetworkSpec(rnn_type="static_mlp", n_head_direction_cells=4))
    polar: dict[str, Any] = CARTESIAN | {
        "place_field_values": "polar",
        "place_field_loss": "polarmse",
    }
    for code in (CARTESIAN, polar):
        name = code["place_field_values"]
        with pytest.raises(GridjaxError, match=f"0.1 does not fit place_field_values: {name}"):
            read_spec(NetworkSpec(**code, landmark_rate=0.1))
        read_spec(NetworkSpec(**code, landmark_rate=1.0))
    read_spec(NetworkSpec(landmark_rate=0.1))
