"""The table of files, and what is said of draws and of what was left out."""

import json

from sweep_files import values, write

from gridjax.run.planning.plan import make_plan
from gridjax.run.planning.plan_by_file import files_table, files_to_json, plan_files, remarks
from gridjax.sweep.sweep import Sweep

GENERAL = (
    "parameters:\n  place_field_values: {value: general_difference_of_gaussians}\n"
    "  place_cell_alpha_e: {values: [0.5, 1, 0]}\n  place_cell_alpha_i: {values: [0.5, 1, 0]}\n"
)
CELLS = "parameters: {Ng: {values: [8, 16]}, seed: {values: [0, 1, 2]}}\n"
RANDOM = "method: random\nparameters: {seed: {min: 0, max: 1000}}\n"


def planned(folder, **options):
    texts = {"alphas.yaml": GENERAL, "cells.yaml": CELLS, "drawn.yaml": RANDOM}
    paths = [write(folder, text, name) for name, text in texts.items()]
    sweep = Sweep.from_yaml(*paths, skip_invalid=True, **options)
    return sweep, make_plan(sweep.specs)


def test_each_file_has_its_networks_replicates_buckets_and_what_was_left_out(tmp_path):
    sweep, plan = planned(tmp_path, first=20, sweep_seed=4)
    # ratios 1, 1/2, 2, 0 and infinity of eight pairs; 0 and 0 make no target
    assert plan_files(sweep, plan) == [
        ("alphas.yaml", 8, 5, 1, 1),
        ("cells.yaml", 6, 6, 2, 0),
        ("drawn.yaml", 6, 6, 1, 0),
    ]
    told = json.loads(json.dumps(files_to_json(sweep, plan)))
    assert told["files"][0] == {
        "file": "alphas.yaml",
        "networks": 8,
        "distinct_networks": 5,
        "buckets": 1,
        "skipped": 1,
    }
    assert told["sweep_seed"] == 4
    assert [each["networks"] for each in told["skipped"]] == [1]
    table = files_table(sweep, plan)
    assert table.row_count == 3
    assert [column.header for column in table.columns][1:3] == ["networks", "distinct networks"]


def test_draws_and_reasons_are_said(tmp_path):
    sweep, _ = planned(tmp_path, first=20, sweep_seed=4)
    drawn, left_out, reason = remarks(sweep)
    assert drawn == "drawn.yaml: 6 random networks, sweep seed 4"  # after 14 of the grids
    assert left_out == "left out 1 networks whose values cannot run:"
    assert reason.startswith(f"  1  {tmp_path}/alphas.yaml:3:")
    assert reason.endswith("make every target 0")
    assert remarks(Sweep.from_dict({"parameters": values(seed=[0])})) == []


def test_many_reasons_are_cut_short():
    content = {"parameters": values(Ng=range(-30, 9))}
    lines = remarks(Sweep.from_dict(content, skip_invalid=True))
    assert lines[0] == "left out 31 networks whose values cannot run:"
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  and 11 more reasons"


def test_fewer_distinct_networks_than_asked_for_are_said():
    grid = {"parameters": values(Ng=[8, 16], seed=[0, 1])}
    (line,) = remarks(Sweep.from_dict(grid, first=100))
    assert line == "--networks 100: the sweep has only 4 distinct networks that can run"
    assert remarks(Sweep.from_dict(grid, first=4)) == remarks(Sweep.from_dict(grid)) == []
    drawn = {"method": "random", "parameters": values(Ng=[8, 16, 32])}
    (line,) = remarks(Sweep.from_dict(drawn, first=20))
    assert line.endswith(": 20 random networks, sweep seed 0; only 3 distinct ones are trained")


def test_networks_that_do_not_know_their_heading_are_said():
    def lines(**further):
        given = values(seed=[0, 1], inputs=["egocentric"], **further)
        return remarks(Sweep.from_dict({"parameters": given}))

    (line,) = lines(start=["place_code", "position"])
    assert line.startswith("4 networks with inputs: egocentric cannot path-integrate")
    assert lines(n_head_direction_cells=[12]) == lines(start=["zero"]) == []
    assert lines(landmark_rate=[0.1]) == []


def test_place_fields_wider_than_the_box_are_said():
    def lines(**given):
        return remarks(Sweep.from_dict({"parameters": values(seed=[0, 1], **given)}))

    (line,) = lines(place_cell_rf=[12.0, 0.12])
    assert line.startswith("2 networks have place fields wider than their box")
    assert lines(place_cell_rf=["Uniform(9, 15)"])[0].startswith("2 networks")
    places = {"place_field_values": ["cartesian"], "place_field_loss": ["mse"], "Np": [2]}
    assert lines(place_cell_rf=[12.0], **places) == []
    assert lines(place_cell_rf=[2.0]) == lines(place_cell_rf=["Uniform(0.1, 15)"]) == []
