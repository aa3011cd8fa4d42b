"""Settings of a run in sweep files: the gridjax block, the convention, evaluations."""

import pytest
import yaml
from sweep_files import SWEEPS, problems_of, sweep_of, values, write

from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings
from gridjax.sweep.sweep import Sweep


def test_settings_are_read_from_the_gridjax_block():
    sweep = Sweep.from_yaml(SWEEPS / "dos_settings.yaml")
    assert sweep.settings == Settings(
        lane_width=2,
        evaluation=EvaluationSettings(sequence_length=40, samples_per_bin=30),
        keep_maps="best:8",
        keep_weights="none",
    )
    assert {spec.surround_convention for spec in sweep.specs} == {"variance"}


@pytest.mark.parametrize("n", [0, 2, 64])
def test_evaluations_along_training_are_none_or_at_least_two(n):
    content = sweep_of(values(Ng=[8])) | {"gridjax": {"evaluation": {"along_training": n}}}
    assert Sweep.from_dict(content).settings.evaluation.along_training == n


@pytest.mark.parametrize(("n", "what"), [(1, "the last step"), (-1, "below 0"), (65, "above 64")])
def test_other_numbers_of_evaluations_are_refused(n, what):
    content = sweep_of(values(Ng=[8])) | {"gridjax": {"evaluation": {"along_training": n}}}
    (problem,) = problems_of(Sweep.from_dict, content)
    assert problem.message.startswith(f"along_training: {n} ")
    assert what in problem.message


def test_files_without_a_block_take_the_settings_of_those_with_one():
    with_block, without = SWEEPS / "dos_settings.yaml", SWEEPS / "gaussian.yaml"
    sweep = Sweep.from_yaml(without, with_block)
    assert sweep.settings == Sweep.from_yaml(with_block).settings
    conventions = [spec.surround_convention for spec in sweep.specs]
    assert conventions == ["std"] * 6 + ["variance"] * 6


def test_settings_of_files_must_agree(tmp_path):
    text = "method: grid\nparameters: {Ng: {value: 8}}\ngridjax:\n  lane_width: %s\n"
    one = write(tmp_path, text % 4, "one.yaml")
    same = write(tmp_path, text % 4.0, "same.yaml")
    other = write(tmp_path, text % 8, "other.yaml")
    assert Sweep.from_yaml(one, same).settings.lane_width == 4
    (problem,) = problems_of(Sweep.from_yaml, one, other)
    assert problem.message == f"lane_width: 8 contradicts 4 at {one}:4:15"
    assert str(problem.place) == f"{other}:4:15"
    sweep = Sweep.from_yaml(one, other, overrides={"gridjax.lane_width": "2"})
    assert sweep.settings.lane_width == 2


def test_the_convention_may_stand_under_parameters_but_not_twice():
    swept = sweep_of(values(surround_convention=["variance", "std"]))
    conventions = [spec.surround_convention for spec in Sweep.from_dict(swept).specs]
    assert conventions == ["variance", "std"]
    (problem,) = problems_of(Sweep.from_dict, swept | {"gridjax": {"surround_convention": "std"}})
    assert "under gridjax: and under parameters:" in problem.message


LINE = {"dimensions": {"value": 1}, "place_field_values": {"value": "gaussian"}}
PERTURBED = {"evaluation": {"robustness": "all"}}


def test_perturbations_that_apply_to_no_network_are_refused(tmp_path):
    line = sweep_of(LINE, gridjax=PERTURBED)
    text = "evaluation.robustness: all has no effect: no network of the sweep has recurrence"
    path = write(tmp_path, yaml.safe_dump(line, sort_keys=False))
    (problem,) = problems_of(Sweep.from_yaml, path)
    assert text in problem.message
    named = path.read_text().splitlines()[problem.place.line - 1]
    assert named.strip() == "robustness: all"
    plain, asked = sweep_of(LINE), {"gridjax.evaluation.robustness": "all"}
    (problem,) = problems_of(Sweep.from_dict, plain, overrides=asked)
    assert str(problem).startswith("--set gridjax.evaluation.robustness")
    settings = Settings(evaluation=EvaluationSettings(robustness="all"))
    (problem,) = problems_of(Sweep.from_specs, Sweep.from_dict(plain).specs, settings)
    assert text in problem.message


def test_perturbations_are_possible_if_one_network_has_them():
    both = LINE | {"dimensions": {"values": [1, 2]}}
    sweep = Sweep.from_dict(sweep_of(both, gridjax=PERTURBED))
    assert {spec.dimensions for spec in sweep.specs} == {1, 2}
    assert sweep.settings.evaluation.robustness == "all"


COMPARED = {"evaluation": {"environments": True}}
TWO = {"n_environments": {"value": 2}, "place_field_values": {"value": "gaussian"}}


def test_a_comparison_of_environments_that_applies_to_no_network_is_refused(tmp_path):
    line = sweep_of(TWO | {"dimensions": {"value": 1}}, gridjax=COMPARED)
    text = "evaluation.environments: true has no effect: no network of the sweep has several"
    path = write(tmp_path, yaml.safe_dump(line, sort_keys=False))
    (problem,) = problems_of(Sweep.from_yaml, path)
    assert text in problem.message
    assert path.read_text().splitlines()[problem.place.line - 1].strip() == "environments: true"
    one = sweep_of({}, gridjax={"evaluation": COMPARED["evaluation"]})
    (problem,) = problems_of(Sweep.from_dict, one)
    assert text in problem.message
    asked = {"gridjax.evaluation.environments": True, "gridjax.evaluation.robustness": "all"}
    both = problems_of(Sweep.from_dict, sweep_of(LINE), overrides=asked)
    assert [str(each).partition(":")[0] for each in both] == [
        "--set gridjax.evaluation.robustness=all",
        "--set gridjax.evaluation.environments=True",
    ]


def test_environments_are_compared_if_one_network_has_several():
    some = TWO | {"n_environments": {"values": [1, 2]}}
    sweep = Sweep.from_dict(sweep_of(some, gridjax=COMPARED))
    assert [spec.n_environments for spec in sweep.specs] == [1, 2]
    assert sweep.settings.evaluation.environments is True


@pytest.mark.parametrize(("name", "value"), [("n_readouts", 2048), ("all_bins", True)])
def test_settings_of_the_null_of_squares_are_refused_without_a_square(name, value):
    """A cube has 32 readouts and one number of bins; both settings were ignored."""
    asked = {"evaluation": {name: value}}
    (problem,) = problems_of(Sweep.from_dict, sweep_of(LINE, gridjax=asked))
    assert f"evaluation.{name}: {str(value).lower()} has no effect" in problem.message
    both = LINE | {"dimensions": {"values": [1, 2]}}
    sweep = Sweep.from_dict(sweep_of(both, gridjax=asked))
    assert getattr(sweep.settings.evaluation, name) == value
