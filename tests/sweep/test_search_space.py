"""What a sweep file may say of one parameter, and every way to say it wrongly."""

import pytest
from sweep_files import problems_of, sweep_of, write

from gridjax.sweep.sweep import Sweep


def random_of(**parameters):
    return {"method": "random", "run_cap": 30, "parameters": parameters}


def drawn(name, **keys):
    return [getattr(spec, name) for spec in Sweep.from_dict(random_of(**{name: keys})).specs]


def test_whole_ends_draw_whole_numbers_and_others_do_not():
    assert {type(number) for number in drawn("Ng", min=3, max=90)} == {int}
    rates = drawn("learning_rate", min=1, max=2)
    assert set(rates) == {1.0, 2.0}  # whole numbers of a parameter that need not be whole
    for ends in ({"min": 1.0, "max": 2}, {"min": 1, "max": 2.0}):
        assert len(set(drawn("learning_rate", **ends))) == 30
    assert set(drawn("Ng", distribution="q_uniform", min=8, max=24, q=8)) <= {8, 16, 24}


def test_keys_have_wandbs_defaults():
    assert all(abs(number) < 8 for number in drawn("place_cell_alpha_e", distribution="normal"))
    plain = drawn("learning_rate", distribution="beta")
    assert plain == drawn("learning_rate", distribution="beta", a=1, b=1.0)
    rounded = drawn("place_cell_alpha_e", distribution="q_normal", sigma=9.0)
    assert all(number == int(number) for number in rounded)


def test_a_constant_and_a_category_may_be_named():
    assert drawn("Ng", distribution="constant", value=7) == [7]
    assert set(drawn("Ng", distribution="categorical", values=[7, 8])) == {7, 8}


def test_a_grid_goes_through_whole_numbers_and_steps():
    sweep = Sweep.from_dict(
        sweep_of(
            {
                "seed": {"min": 2, "max": 4},
                "place_cell_rf": {"distribution": "q_uniform", "min": 0.1, "max": 0.3, "q": 0.1},
            }
        )
    )
    found = [(spec.place_cell_rf, spec.seed) for spec in sweep.specs]
    assert found == [(width, seed) for width in (0.1, 0.2) for seed in (2, 3, 4)]


BAD = [
    # a parameter in line 4, column, part of the message, part of the fix
    ("place_cell_rf: {values: [1, 2], probabilities: [0.5, 0.4]}", 50, "add up to 0.9,", "divide"),
    ("place_cell_rf: {values: [1, 2], probabilities: [0, 0]}", 50, "add up to 0,", "add up to 1"),
    ("place_cell_rf: {values: [1, 2], probabilities: [1.0]}", 50, "1 probabilities of 2", "each"),
    ("place_cell_rf: {values: [1, 2], probabilities: 1}", 50, "1 is not a list", "each value"),
    (
        "place_cell_rf: {values: [1, 2], probabilities: [1.5, -0.5]}",
        56,
        "-0.5 is not a prob",
        "least",
    ),
    (
        "place_cell_rf: {values: [1, 2], probabilities: [yes, 1]}",
        51,
        "'yes' is not a prob",
        "least 0",
    ),
    ("place_cell_rf: {probabilities: [1]}", 19, "but neither values nor", "categorical_w_prob"),
    ("place_cell_rf: {values: [], probabilities: []}", 27, "values: [] is empty", "at least one"),
    ("place_cell_rf: {min: 2, max: 1}", 24, "min: 2 is above max: 1", "exchange"),
    ("place_cell_rf: {min: 0.1}", 18, "uniform without max", "add max:"),
    ("Ng: {max: 3}", 7, "int_uniform without min", "add min:"),
    ("place_cell_rf: {min: a, max: 1}", 24, "min: 'a' is not a number", "give min a number"),
    ("place_cell_rf: {min: 0.1, max: .inf}", 34, "max: inf is not a number", "give max"),
    ("place_cell_rf: {min: 0.1, max: true}", 34, "max: True is not a number", "give max"),
    ("place_cell_rf: {distribution: unifrom, min: 0, max: 1}", 33, "'unifrom'", "mean uniform?"),
    ("place_cell_rf: {distribution: [3]}", 33, "[3] is unknown", "the distributions are constant"),
    (
        "place_cell_rf: {distribution: uniform, min: 1, max: 2, q: 3}",
        58,
        "takes no q",
        "q_uniform?",
    ),
    ("place_cell_rf: {distribution: normal, min: 1}", 41, "normal takes no min", "mu and sigma"),
    ("place_cell_rf: {values: [1], min: 1}", 32, "categorical takes no min", "takes values"),
    ("place_cell_rf: {distribution: constant}", 18, "constant without value", "add value:"),
    ("place_cell_rf: {distribution: uniform}", 18, "without min and max", "add min: and max:"),
    (
        "place_cell_rf: {distribution: categorical, values: [1], probabilities: [1]}",
        59,
        "no pr",
        "w_",
    ),
    ("place_cell_rf: {mu: 3}", 19, "has mu but neither", "normal or q_normal or log_normal"),
    ("place_cell_rf: {mxa: 3, min: 1}", 19, "unknown key 'mxa'", "did you mean max?"),
    ("place_cell_rf: {value: 3, values: [3]}", 19, "both values and value", "write place_cell"),
    ("place_cell_rf: {distribution: q_normal, q: 0}", 46, "q: 0 is not above 0", "above 0"),
    ("place_cell_rf: {distribution: normal, sigma: 0}", 48, "sigma: 0 is not above 0", "above"),
    ("place_cell_rf: {distribution: normal, sigma: -1}", 48, "sigma: -1 is not above", "above 0"),
    ("place_cell_rf: {distribution: beta, a: 0}", 42, "a: 0 is not above 0", "above 0"),
    ("place_cell_rf: {distribution: log_uniform_values, min: 0, max: 1}", 58, "min: 0 is", "logar"),
    (
        "place_cell_rf: {distribution: log_uniform, min: 1, max: 1e3}",
        18,
        "exceeds the largest",
        "_values?",
    ),
    (
        "place_cell_rf: {distribution: log_normal, sigma: 1000}",
        18,
        "exceeds the largest",
        "narrower",
    ),
    ("Ng: {distribution: int_uniform, min: 1.5, max: 3}", 40, "1.5 is not a whole", "uniform"),
    ("Ng: {min: 8.0, max: 16.0}", 7, "uniform draws fractions", "whole numbers"),
    ("Ng: {distribution: q_normal, mu: 64, q: 0.5}", 7, "q_normal draws fractions", "whole q"),
    ("activation: {min: 0, max: 1}", 15, "draws numbers, but activation", "values: [...]"),
    ("is_periodic: {min: 0, max: 1}", 16, "draws numbers, but is_periodic", "values: [...]"),
    ("Ng: {values: [8, yes], probabilities: [1, 0]}", 20, "'yes' is not a whole", "whole number"),
]


@pytest.mark.parametrize(("line", "column", "what", "fix"), BAD)
def test_bad_parameters_are_one_located_problem_with_a_fix(tmp_path, line, column, what, fix):
    path = write(tmp_path, f"method: random\nrun_cap: 3\nparameters:\n  {line}\n")
    # given twice, it is told once
    (problem,) = problems_of(Sweep.from_yaml, path, path, skip_invalid=True)
    assert what in problem.message
    assert fix in problem.fix
    assert str(problem.place) == f"{path}:4:{column}"


@pytest.mark.parametrize(
    ("line", "column", "what", "fix"),
    [
        ("place_cell_rf: {min: 0.1, max: 0.2}", 19, "uniform cannot be used in a grid", "random"),
        ("Ng: {distribution: normal}", 7, "normal draws fractions", "whole q"),
        ("Ng: {distribution: q_normal, mu: 9}", 8, "cannot be used in a grid", "random"),
        (
            "Ng: {values: [1, 2], probabilities: [0.5, 0.5]}",
            24,
            "probabilities cannot be",
            "remove",
        ),
        ("seed: {min: 0, max: 999999}", 10, "has 1000000 values in a grid", "--networks N"),
        (
            "Ng: {distribution: q_uniform, min: 8, max: 8, q: 2}",
            8,
            "no value in a grid",
            "{value: ...}",
        ),
    ],
)
def test_what_a_grid_cannot_go_through_is_refused(tmp_path, line, column, what, fix):
    path = write(tmp_path, f"method: grid\nparameters:\n  {line}\n")
    (problem,) = problems_of(Sweep.from_yaml, path)
    assert what in problem.message
    assert fix in problem.fix
    assert str(problem.place) == f"{path}:3:{column}"


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    path = write(
        tmp_path,
        "method: random\nparameters:\n"
        "  Ng: {min: 9, max: 8}\n"
        "  place_cell_rf: {distribution: q_normal, q: -1, sigma: -1}\n"
        "  seed: {values: [1, 2], probabilities: [0.5, 0.6]}\n"
        "  activation: {value: [relu]}\n",
    )
    problems = problems_of(Sweep.from_yaml, path)
    places = [str(problem.place).removeprefix(f"{path}:") for problem in problems]
    assert places == ["1:9", "3:13", "4:46", "4:57", "5:41", "6:23"]


def test_probabilities_may_miss_one_by_what_decimals_lose():
    third = {"values": [8, 16, 32], "probabilities": [0.333333333, 0.333333333, 0.333333333]}
    assert set(drawn("Ng", **third)) == {8, 16, 32}
