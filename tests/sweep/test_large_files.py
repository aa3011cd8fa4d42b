"""However large a sweep file is, what is wrong with it is said; as a test that comes to an end."""

import time

import pytest
from sweep_files import problems_of, sweep_of, values

from gridjax.io.source_location import MAX_VALUES
from gridjax.sweep.sweep import Sweep


def refused(parameters):
    return problems_of(Sweep.from_dict, sweep_of(parameters))


@pytest.mark.parametrize("kind", ["int_uniform", "q_uniform"])
def test_the_ranges_of_a_grid_are_bounded_together(kind):
    half = {"distribution": kind, "min": 1, "max": MAX_VALUES // 2 + 5}
    names = ("Ng", "n_epochs", "n_bottleneck", "batch_size", "Np", "seed", "sequence_length")
    problems = refused(dict.fromkeys(names, half))
    (counted,) = [problem for problem in problems if "grid points" in problem.message]
    per_range = MAX_VALUES // 2 + 5 - (kind == "q_uniform")
    assert f"{per_range ** len(names)} grid points" in counted.message
    assert "--networks N" in counted.fix


def test_a_list_of_unknown_names_ends():
    problems = refused(values(activation=[f"relv{k}" for k in range(MAX_VALUES - 10)]))
    assert any("can never be used" in problem.message for problem in problems)
    assert len(problems) < 110


def test_rules_of_many_values_are_checked_or_refused():
    for n_values in (220, 900):
        sides = [k + 0.5 for k in range(n_values)]
        problems = refused(values(box_width_in_m=sides, bin_side_in_m=sides[1:]))
        many = [problem for problem in problems if "too many combinations" in problem.message]
        assert bool(many) == (n_values == 900)


def test_a_million_points_that_break_rules_are_refused_without_a_visit_of_each():
    codes = ["cartesian", "difference_of_gaussians"]
    large = values(place_field_values=codes, Np=[2, 64], Ng=[0, 8, 16, 32], bin_side_in_m=[0.05, 1])
    seeds = values(seed=range(250), layout_seed=range(125))
    began = time.process_time()
    problems = refused(large | seeds)
    assert time.process_time() - began < 2.0  # 0.05 s alone; a visit of each point takes minutes
    starts = sorted(problem.message.split(":")[0] for problem in problems if problem.place)
    assert starts == ["Ng", "Np", "Np", "bin_side_in_m", "place_field_loss"]


def test_values_that_some_codes_refuse_are_told():
    codes = ["gaussian", "difference_of_gaussians", "true_difference_of_gaussians"]
    surrounds = [k * 1e-5 for k in range(MAX_VALUES - 100)]
    problems = refused(values(place_field_values=codes, surround_scale=surrounds))
    assert any("surround_scale" in problem.message for problem in problems)


def test_draws_by_many_probabilities_come_to_an_end():
    n_values = MAX_VALUES // 2 - 100
    space = {"values": list(range(n_values)), "probabilities": [1 / n_values] * n_values}
    sweep = Sweep.from_dict({"method": "random", "run_cap": 4000, "parameters": {"seed": space}})
    assert 2000 < len(sweep.specs) <= 4000
