"""Grids too large to be laid out whole: how many points they have, and the first N of them."""

import itertools
import time

import pytest
from sweep_files import problems_of, sweep_of, values, write

from gridjax.sweep.files import sweep_file
from gridjax.sweep.sweep import Sweep

SEEDS = ("layout_seed", "motion_seed", "seed", "weight_seed")


def ranged(number, low=1):
    return {"min": low, "max": low + number - 1}


def read(parameters, first, **options):
    return Sweep.from_dict(sweep_of(parameters), first=first, **options).specs


@pytest.mark.parametrize("n_parameters", [1, 2, 3])
def test_a_grid_of_more_than_a_million_points_says_how_many_and_asks_for_a_number(
    tmp_path, n_parameters
):
    lines = [f"  {name}: {{min: 1, max: 2000000}}\n" for name in SEEDS[:n_parameters]]
    path = write(tmp_path, "method: grid\nparameters:\n" + "".join(lines))
    (problem,) = problems_of(Sweep.from_yaml, path)
    assert f"{2_000_000**n_parameters} grid points" in problem.message
    assert "--networks N" in problem.fix
    assert str(problem.place) == f"{path}:1:1"


@pytest.mark.parametrize("number", [150_000, 10**12])
@pytest.mark.parametrize("first", [1, 7, 1500])
def test_the_first_of_one_long_range_are_soon_there(number, first):
    began = time.process_time()
    specs = read({"seed": ranged(number, 5)}, first)
    assert time.process_time() - began < 1.0
    assert [spec.seed for spec in specs] == [5 + k for k in range(first)]


def test_a_long_range_beside_others_is_used_to_the_last_wanted_point(monkeypatch):
    monkeypatch.setattr(sweep_file, "MAX_VALUES", 30)
    monkeypatch.setattr(sweep_file, "_MIN_POINTS", 4)
    lengths = {"layout_seed": 200, "motion_seed": 11, "seed": 1, "weight_seed": 7}
    parameters = {
        name: ranged(number, 1000 * k) for k, (name, number) in enumerate(lengths.items())
    }
    names = sorted(parameters)
    every = itertools.product(*(range(p["min"], p["max"] + 1) for p in map(parameters.get, names)))
    wanted = list(itertools.islice(every, 11 * 7 * 11))
    for first in (1, 6, 7, 8, 76, 77, 78, 300, 11 * 7 * 11):
        specs = read(parameters, first)
        found = [tuple(getattr(spec, name) for name in names) for spec in specs]
        assert found == wanted[:first]


def test_a_number_beyond_what_is_listed_of_a_range_is_refused():
    for first in (30_000, 1_000_000):
        (problem,) = problems_of(read, {"seed": ranged(10**6)}, first)
        assert "20000 of 1000000 grid points" in problem.message
        assert f"not {first}" in problem.message
        assert "lower number" in problem.fix


def test_a_search_in_a_long_range_for_networks_that_can_run_ends():
    content = sweep_of({"Ng": {"min": -(10**6), "max": 10**6}})
    (problem,) = problems_of(Sweep.from_dict, content, first=2, skip_invalid=True)
    assert "too few networks that can run: 0, not 2" in problem.message


def test_a_range_that_is_overridden_may_have_any_length():
    one = Sweep.from_dict(sweep_of({"seed": ranged(30_000)}), overrides={"seed": 4}).specs
    assert [spec.seed for spec in one] == [4]


def test_ranges_that_are_too_long_together_are_told_where_the_points_are_not_too_many():
    parameters = {"weight_seed": ranged(19_990), "seed": ranged(40)}
    (problem,) = problems_of(Sweep.from_dict, sweep_of(parameters))
    assert "seed: int_uniform has 40 values in a grid" in problem.message
    assert "with those of other ranges" in problem.message
    assert "--networks N" in problem.fix
    assert len(read(parameters, 50)) == 50


@pytest.mark.parametrize("run_cap", [1_000_001, 10**20])
def test_too_many_draws_are_networks_not_grid_points(run_cap):
    random = {"method": "random", "run_cap": run_cap, "parameters": values(seed=[1, 2])}
    (problem,) = problems_of(Sweep.from_dict, random)
    assert f"{run_cap} networks, more than 1000000" in problem.message
    assert "--networks N" in problem.fix
    assert len(Sweep.from_dict(random, first=3).specs) == 2


@pytest.mark.parametrize("first", [0, -1, True, 1.5, "3", 10**7])
@pytest.mark.parametrize("content", [{"method": "random"}, {"method": "grid"}])
def test_a_wrong_number_of_networks_is_the_one_problem(first, content):
    content = content | {"parameters": {"seed": ranged(10**7)}}
    (problem,) = problems_of(Sweep.from_dict, content, first=first)
    assert str(problem.place) == "--networks"
