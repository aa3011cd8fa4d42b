"""Bad sweeps: each is refused with its place and a fix."""

import itertools

import pytest
from sweep_files import SWEEPS, problems_of, sweep_of, values, without_hint, write

from gridjax.sweep.sweep import Sweep


@pytest.mark.parametrize(
    ("name", "value", "what", "fix"),
    [
        ("ng", "32", "unknown parameter 'ng'", "did you mean Ng?"),
        ("gridjax.lanes", "3", "unknown parameter 'gridjax.lanes'", "gridjax.lane_width"),
        ("Ng", "-3", "Ng: '-3' is below 1", "from 1 to 65536"),
        ("Ng", "", "Ng: '' is not a whole number", "from 1 to 65536"),
        ("lane_width", [1, 2], "lane_width: [1, 2] is not a whole number", "from 1 to"),
        ("Np", "512", "Np: 512 does not fit place_field_values: cartesian", "Np: {value: 2}"),
        ("lane_width", "0", "lane_width: '0' is below 1", "from 1 to"),
        ("keep_maps", "best:0", "keep_maps: 'best:0' has another form", "all, none or best:N"),
        ("fidelity", "exact", "fidelity: 'exact' is no fidelity", "corrected or published"),
        ("gridjax.evaluation.n_readouts", "64", "n_readouts: '64' is below 1024", "1024"),
    ],
)
def test_overrides_are_checked_like_the_file_and_reported_once(name, value, what, fix):
    (problem,) = problems_of(
        Sweep.from_yaml,
        SWEEPS / "cartesian.yaml",
        SWEEPS / "cartesian.yaml",
        overrides={name: value},
    )
    assert what in problem.message
    assert fix in problem.fix
    assert str(problem.place).startswith(f"--set {name}=")


def test_a_parameter_set_under_two_names_is_refused():
    overrides = {"lane_width": 2, "gridjax.lane_width": 2}
    (problem,) = problems_of(Sweep.from_yaml, SWEEPS / "cartesian.yaml", overrides=overrides)
    assert "lane_width is set twice" in problem.message


BAD_FILES = [
    # text, line:column, part of the message, part of the fix
    ("method: bayes\nparameters: {}\n", "1:9", "depends on earlier results", "method: grid"),
    ("method: random\nparameters: {}\n", "1:9", "the number of networks", "--networks 100"),
    ("method: random\nrun_cap: 0\nparameters: {}\n", "2:10", "run_cap: 0 is not", "how many"),
    ("method: Grid\nparameters: {}\n", "1:9", "'Grid' is unknown", "method: grid"),
    ("method: [grid]\nparameters: {}\n", "1:9", "is unknown", "method: grid"),
    ("method: grid\n", "1:1", "has no parameters", "parameters"),
    ("method: grid\nparameters:\n", "2:12", "None is not a mapping", "values"),
    ("parameter: {Ng: {value: 3}}\n", "1:1", "'parameter'", "did you mean parameters?"),
    ("parameter: {Ng: {value: 3}}\nmethod: grid\nparameters: {}\n", "1:1", "'parameter'", "mean"),
    ("parameters: [Ng]\n", "1:13", "['Ng'] is not a mapping", "values"),
    ("parameters: Ng\n", "1:13", "'Ng' is not a mapping", "values"),
    ("[1, 2]\n", "1:1", "[1, 2] is not a sweep", "method: grid"),
    ("just words\n", "1:1", "'just words' is not a sweep", "method: grid"),
    ("Ng: {value: 3}\nparameters: {}\n", "1:1", "unknown key 'Ng'", "under parameters:"),
    ("lane_width: 3\nparameters: {}\n", "1:1", "unknown key 'lane_width'", "under gridjax:"),
    ("parameters:\n  ng: {value: 3}\n", "2:3", "unknown parameter 'ng'", "did you mean Ng?"),
    ("parameters:\n  surround_scal: {value: 3}\n", "2:3", "'surround_scal'", "surround_scale?"),
    ("parameters:\n  zzz: {value: 3}\n", "2:3", "'zzz'", "the parameters are rnn_type"),
    ("parameters:\n  lane_width: {value: 3}\n", "2:3", "'lane_width'", "under gridjax:"),
    ("parameters:\n  Ng: 3\n", "2:7", "Ng: 3 has neither values nor value", "Ng: {value: ...}"),
    ("parameters:\n  Ng:\n", "2:6", "Ng: None has neither", "Ng: {value: ...}"),
    ("parameters:\n  Ng: [3]\n", "2:7", "Ng: [3] has neither", "Ng: {value: ...}"),
    ("parameters:\n  Ng: {}\n", "2:7", "Ng: {} has neither", "Ng: {value: ...}"),
    ("parameters:\n  Ng: {vlaues: [3]}\n", "2:8", "unknown key 'vlaues'", "did you mean values?"),
    ("parameters:\n  Ng: {values: 3}\n", "2:16", "values: 3 is not a list", "values: [...]"),
    ("parameters:\n  Ng: {values: []}\n", "2:16", "values: [] is empty", "at least one"),
    ("parameters:\n  Ng: {values: [3], value: 3}\n", "2:21", "both values and value", "write Ng"),
    ("parameters:\n  Ng: {values: [8, -3]}\n", "2:20", "Ng: -3 is below 1", "from 1 to 65536"),
    ("parameters:\n  Ng: {values: [[8]]}\n", "2:17", "Ng: [8] is not a whole", "whole number"),
    ("parameters:\n  Ng: {value: {value: 8}}\n", "2:15", "is not a whole", "whole number"),
    ("parameters:\n  Ng: {value: yes}\n", "2:15", "'yes' is not a whole", "whole number"),
    ("parameters:\n  Ng: {value: 1:30}\n", "2:15", "'1:30' is not a whole", "whole number"),
    ("parameters:\n  place_cell_rf: {value: .nan}\n", "2:26", "nan is not a finite", "a number"),
    ("parameters:\n  activation: {value: ReLU}\n", "2:23", "'ReLU' is unknown", "mean relu?"),
    ("parameters:\n  rnn_type: {values: [RNN, LTSM]}\n", "2:28", "'LTSM' is unknown", "LSTM?"),
    ("parameters:\n  surround_scale: {values: [2, 1]}\n", "2:32", "1 is not above 1", "above 1"),
    (
        "parameters:\n  Np: {value: 2}\n",
        "2:15",
        "Np: 2 does not fit place_field_values",
        "at least 3",
    ),
    ("parameters:\n  box_width_in_m: {value: 1}\n", "2:27", "differs from box_width", "square"),
    ("parameters:\n  bin_side_in_m: {value: 1}\n", "2:26", "into 2 bins a side", "0.275"),
    ("parameters:\n  n_epochs: {value: 1000000}\n", "2:21", "is 10000000000 steps", "at most"),
    ("parameters: {}\ngridjax: 3\n", "2:10", "gridjax: 3 is not a mapping", "name: value"),
    ("parameters: {}\ngridjax: {evaluation: 3}\n", "2:23", "evaluation: 3 is not", "name: value"),
    ("parameters: {}\ngridjax: {lane: 3}\n", "2:11", "setting 'lane'", "lane_width?"),
    ("parameters: {}\ngridjax: {Ng: 3}\n", "2:11", "unknown setting 'Ng'", "under parameters:"),
    ("parameters: {}\ngridjax: {evaluation: {T: 3}}\n", "2:24", "'evaluation.T'", "the settings"),
    ("parameters: {}\ngridjax: {lane_width: 0}\n", "2:23", "0 is below 1", "from 1 to"),
    ("parameters: {}\ngridjax: {keep_maps: 32}\n", "2:22", "32 is not a name", "best:N"),
    ("parameters: {}\ngridjax: {fidelity: exact}\n", "2:21", "'exact' is no", "or published"),
    ("parameters: {Ng: {value: 1}, Ng: {value: 2}}\n", "1:30", "'Ng' stands here a second", "rem"),
    ("parameters: !!python/object:os.system {}\n", "1:13", "python/object:os.system", "plain"),
]


@pytest.mark.parametrize(("text", "place", "what", "fix"), BAD_FILES)
def test_bad_files_are_one_located_problem_with_a_fix(tmp_path, text, place, what, fix):
    path = write(tmp_path, text)
    problems = problems_of(Sweep.from_yaml, path)
    problem, *others = problems if len(problems) == 1 else without_hint(problems)
    assert others == []
    assert str(problem.place) == f"{path}:{place}"
    assert what in problem.message
    assert fix in problem.fix


def test_all_problems_of_all_files_are_reported_at_once_in_their_order(tmp_path):
    one = write(
        tmp_path,
        "method: bayes\nparameters:\n  Ng: {values: [-3, 64, 0]}\n  ngg: {value: 1}\n"
        "  activation: {value: gelu}\ngridjax:\n  lane_width: none at all\n",
        "one.yaml",
    )
    two = write(tmp_path, "a: 1\na: 2\nparameters: {Np: {value: 2}}\n", "two.yaml")
    problems = problems_of(
        Sweep.from_yaml, one, two, tmp_path / "three.yaml", overrides={"sed": 1}, first=0
    )
    places = {str(problem.place).removeprefix(f"{tmp_path}/") for problem in problems}
    assert places == {
        *("one.yaml:1:9", "one.yaml:3:17", "one.yaml:3:25", "one.yaml:4:3", "one.yaml:5:23"),
        *("one.yaml:7:15", "two.yaml:1:1", "two.yaml:2:1", "two.yaml:3:26", "three.yaml"),
        *("--set sed=1", "--networks"),
    }
    assert len(problems) == len(places)
    of_one = [p.place.line for p in problems if p.place and p.place.file == str(one)]
    assert of_one == sorted(of_one)


def test_rules_between_parameters_point_at_the_one_that_was_written():
    cartesian = {"place_field_values": {"value": "cartesian"}}
    problems = problems_of(Sweep.from_dict, sweep_of(cartesian))
    assert len(problems) == 2
    assert {str(problem.place) for problem in problems} == {
        "sweep dict: parameters.place_field_values.value"
    }
    mixed = values(place_field_values=["gaussian", "cartesian"], Np=[512, 2, 256])
    problems = without_hint(
        problems_of(Sweep.from_dict, sweep_of(mixed | {"place_field_loss": {"value": "mse"}}))
    )
    assert sorted(problem.message.split(" ")[1] for problem in problems) == ["2", "256", "512"]


def test_dicts_that_are_no_sweep_are_refused():
    endless = {}
    endless["parameters"] = endless
    loop = []
    loop.append(loop)
    for content in [
        endless,
        {"parameters": loop},
        {"parameters": {"seed": {"values": range(10**9)}}},
        {"parameters": {"seed": {"values": itertools.count()}}},
        {"parameters": {"Ng": {"value": object()}}},
        {"parameters": {1: {"value": b"x"}}},
        {None: None},
        {},
    ]:
        for problem in problems_of(Sweep.from_dict, content):
            assert str(problem.place).startswith("sweep dict")
