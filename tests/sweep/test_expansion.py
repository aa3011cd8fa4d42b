"""Networks that can never run: found point by point, refused or left out, and counted."""

import json

import pytest
from sweep_files import HINT, problems_of, sweep_of, values, without_hint, write

from gridjax.errors import GridjaxError
from gridjax.io.source_location import Problems, attach_places
from gridjax.spec.constraints import read_spec
from gridjax.sweep import expansion
from gridjax.sweep.files.sweep_file import read_file
from gridjax.sweep.sweep import Sweep

MIXED = sweep_of(
    values(
        place_field_values=["gaussian", "cartesian", "difference_of_gaussians", "gausian"],
        place_field_normalization=["global", "local", "none"],
        place_field_loss=["crossentropy", "mse"],
        surround_scale=[1, 2.5],
        place_cell_rf=[0, 0.12],
        Np=[2, 64],
        layout_seed=[0, 3],
    )
)


def can_run(spec):
    """Whether the check of a whole spec accepts it: the oracle."""
    try:
        return read_spec(spec) == spec
    except GridjaxError:
        return False


def population_of(content):
    """The file's points, those that can never run among them."""
    return read_file(attach_places(content, "sweep dict", Problems()), {}, 0, Problems())


def test_a_grid_is_judged_as_its_networks_are_one_by_one():
    sweep = Sweep.from_dict(MIXED, skip_invalid=True)
    every = [spec for spec, _ in population_of(MIXED).points(None, 0)]
    assert len(every) == len(set(every)) == 4 * 3 * 2 * 2 * 2 * 2 * 2
    assert sweep.specs == tuple(spec for spec in every if can_run(spec))
    assert sweep.n_skipped == len(every) - len(sweep.specs)
    assert 0 < len(sweep.specs) < sweep.n_skipped


def test_draws_are_judged_as_their_networks_are_one_by_one():
    parameters = MIXED["parameters"] | {
        "surround_scale": {"min": 0.5, "max": 3.0},
        "place_cell_rf": {"distribution": "normal", "mu": 0.1, "sigma": 0.1},
        "Np": {"min": 0, "max": 5},
    }
    content = {"method": "random", "parameters": parameters}
    every = dict.fromkeys(spec for spec, _ in population_of(content).points(400, 0))
    sweep = Sweep.from_dict(content, first=400, skip_invalid=True)
    assert sweep.specs == tuple(spec for spec in every if can_run(spec))
    assert sweep.n_skipped == len(every) - len(sweep.specs)
    assert len(sweep.specs) > 20


def test_one_combination_of_two_values_can_never_run(tmp_path):
    text = (
        "method: grid\nparameters:\n"
        "  place_field_values: {values: [gaussian, difference_of_gaussians]}\n"
        "  surround_scale: {values: [1, 2]}\n"
    )
    path = write(tmp_path, text)
    sweep = Sweep.from_yaml(path, skip_invalid=True)
    found = [(spec.place_field_values, spec.surround_scale) for spec in sweep.specs]
    assert found == [("gaussian", 1), ("gaussian", 2), ("difference_of_gaussians", 2)]
    ((reason, number),) = sweep.skipped
    assert number == 1
    assert str(reason.place) == f"{path}:4:29"
    assert "surround_scale: 1 is not above 1" in reason.message
    (problem,) = without_hint(problems_of(Sweep.from_yaml, path))
    assert problem == reason


def test_what_is_left_out_is_told_without_the_folder_of_its_file(tmp_path):
    path = write(tmp_path, "parameters: {Ng: {values: [8, 0]}}\n")
    sweep = Sweep.from_yaml(path, skip_invalid=True)
    assert json.loads(json.dumps([each.to_dict() for each in sweep.skipped])) == [
        {"reason": "Ng: 0 is below 1", "place": "bad.yaml:1:31", "networks": 1}
    ]


def test_each_left_out_network_is_counted_once_under_its_first_reason():
    content = sweep_of(values(Ng=[8, 0, 0.0], surround_scale=[1, 2], seed=[0, 1], Np=[1, 9]))
    sweep = Sweep.from_dict(content, skip_invalid=True)
    numbers = {each.reason.message.split(" ")[0]: each.n_networks for each in sweep.skipped}
    assert numbers == {"Ng:": 8, "surround_scale:": 4, "Np:": 2}
    assert (len(sweep.specs), sweep.n_skipped) == (2, 14)


def test_nothing_is_hinted_at_where_nothing_would_be_left():
    for content in (sweep_of(values(Ng=[0])), sweep_of(values(Ng=[-1, 8], surround_scale=[1]))):
        problems = problems_of(Sweep.from_dict, content)
        assert not any(HINT in problem.fix for problem in problems)
        *reasons, last = problems_of(Sweep.from_dict, content, skip_invalid=True)
        assert reasons
        assert "no network is left" in last.message


def test_values_of_another_type_and_unknown_names_are_refused_all_the_same():
    for bad in (values(Ng=["many", 8]), values(ng=[8]), {"Ng": 8}, values(learning_rate=[[1]])):
        problems = problems_of(Sweep.from_dict, sweep_of(bad), skip_invalid=True)
        assert all(HINT not in problem.fix for problem in problems)


def test_draws_that_can_never_run_are_told_with_their_number_once_for_each_reason():
    widths = {"distribution": "normal", "mu": 0.0, "sigma": 0.1}
    content = {"method": "random", "run_cap": 50, "parameters": {"place_cell_rf": widths}}
    (problem,) = without_hint(problems_of(Sweep.from_dict, content))
    sweep = Sweep.from_dict(content, skip_invalid=True)
    assert f"is not above 0 (in {sweep.n_skipped} of 50 draws)" in problem.message
    assert str(problem.place) == "sweep dict: parameters.place_cell_rf"
    assert 10 < sweep.n_skipped < 40
    assert len(sweep.skipped) == 1
    assert len(sweep.specs) == 50 - sweep.n_skipped


def test_every_reason_of_a_refused_draw_is_reported_with_its_own_number():
    codes = values(place_field_values=["cartesian", "gaussian"], Np=[2, 64], Ng=[0, 8])
    content = {"method": "random", "run_cap": 400, "parameters": codes}
    numbers = {
        problem.message.rsplit(" (in ", 1)[0]: int(problem.message.rsplit(" (in ", 1)[1].split()[0])
        for problem in without_hint(problems_of(Sweep.from_dict, content))
    }
    drawn = [spec for spec, _ in population_of(content).points(400, 0)]
    assert numbers == {
        "Ng: 0 is below 1": sum(spec.Ng == 0 for spec in drawn),
        "Np: 64 does not fit place_field_values: cartesian": sum(
            (spec.place_field_values, spec.Np) == ("cartesian", 64) for spec in drawn
        ),
        "Np: 2 does not fit place_field_values: gaussian": sum(
            (spec.place_field_values, spec.Np) == ("gaussian", 2) for spec in drawn
        ),
        "place_field_loss: crossentropy does not fit place_field_values: cartesian": sum(
            spec.place_field_values == "cartesian" for spec in drawn
        ),
    }


def test_files_keep_what_each_of_them_gave(tmp_path):
    text = "parameters: {seed: {values: [0, 1]}, Ng: {values: [8, 0]}}\n"
    one = write(tmp_path, text, "one.yaml")
    two = write(tmp_path, "parameters: {seed: {values: [1, 2]}, Ng: {value: 8}}\n", "two.yaml")
    three = write(tmp_path, "method: random\nparameters: {Ng: {min: 0, max: 99}}\n", "three.yaml")
    sweep = Sweep.from_yaml(one, two, three, first=9, skip_invalid=True)
    assert sweep.origins[:2] == (("one.yaml", 2, 2, 0), ("two.yaml", 1, 0, 0))
    # of 9 draws, 7 are needed: 6 networks, and one that is there already
    assert sweep.origins[2] == ("three.yaml", 6, 0, 7)
    assert sum(origin.n_networks for origin in sweep.origins) == len(sweep.specs) == 9


@pytest.mark.parametrize("skip_invalid", [False, True])
def test_numbers_of_networks_are_bounded(monkeypatch, skip_invalid):
    monkeypatch.setattr(expansion, "MAX_NETWORKS", 100)
    read = {"skip_invalid": skip_invalid}
    (problem,) = problems_of(Sweep.from_dict, sweep_of(values(seed=range(101))), **read)
    assert "101 grid points, more than 100" in problem.message
    (problem,) = problems_of(Sweep.from_dict, sweep_of({}), first=101, **read)
    assert "101 is above 100" in problem.message
    assert len(Sweep.from_dict(sweep_of(values(seed=range(100))), **read).specs) == 100


def test_a_search_for_networks_that_can_run_ends(monkeypatch):
    monkeypatch.setattr(expansion, "MAX_NETWORKS", 100)
    content = sweep_of(values(Ng=[0, 8], seed=range(100)))
    (problem,) = problems_of(Sweep.from_dict, content, first=3, skip_invalid=True)
    assert "100 grid points hold only 0 networks" in problem.message


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0", None])
def test_the_sweep_seed_must_be_a_number(seed):
    (problem,) = problems_of(Sweep.from_dict, sweep_of({}), sweep_seed=seed)
    assert repr(seed) in problem.message
