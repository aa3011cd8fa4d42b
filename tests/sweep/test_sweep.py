"""From sweep files to networks: the product, the defaults, the settings and every bad input."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sweep_files import HINT, SWEEPS, problems_of, sweep_of, values, without_hint, write

from gridjax.errors import GridjaxError
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import EvaluationSettings, Settings
from gridjax.sweep.sweep import Sweep


def product_by_hand(path):
    """The networks as W&B lays them out, by PyYAML and one loop: the oracle."""
    parameters = yaml.safe_load(path.read_text())["parameters"]
    names = sorted(parameters)
    lists = [parameters[name].get("values", [parameters[name].get("value")]) for name in names]
    for point in itertools.product(*lists):
        named = {}
        for name, value in zip(names, point, strict=True):
            kind = type(getattr(NetworkSpec(), name))
            named[name] = kind(float(value)) if kind in (int, float) else value
        yield named


@pytest.mark.parametrize(
    ("name", "n_networks"),
    [
        pytest.param("dos_many", 7680, marks=pytest.mark.slow),
        ("cartesian", 12),
        ("gaussian", 6),
        ("dos_settings", 6),
    ],
)
def test_files_of_the_study_expand_as_wandb_expands_them(name, n_networks):
    path = SWEEPS / f"{name}.yaml"
    sweep = Sweep.from_yaml(path)
    assert len(sweep.specs) == len(set(sweep.specs)) == n_networks
    by_hand = []
    for point in product_by_hand(path):
        if point not in by_hand[-20:]:  # duplicates of these files stand near each other
            by_hand.append(point)
    assert len(by_hand) == n_networks
    for spec, point in zip(sweep.specs, by_hand, strict=True):
        assert {key: getattr(spec, key) for key in point} == point


def test_the_last_name_in_sorted_order_is_fastest():
    sweep = Sweep.from_dict(sweep_of(values(seed=[0, 1], Np=[64, 32], learning_rate=[1, 2])))
    order = [(spec.Np, spec.learning_rate, spec.seed) for spec in sweep.specs]
    assert order == list(itertools.product([64, 32], [1.0, 2.0], [0, 1]))


def test_omitted_parameters_take_their_defaults():
    assert Sweep.from_dict(sweep_of({})).specs == (NetworkSpec(),)


def test_equal_numbers_are_one_value_and_the_first_keeps_its_place():
    rates = [2e-4, "1e-4", 1e-4, 0.0001, 2e-4, "0.0002", 1]
    sweep = Sweep.from_dict(sweep_of(values(learning_rate=rates, Ng=[64.0, 64, "64"])))
    assert [spec.learning_rate for spec in sweep.specs] == [2e-4, 1e-4, 1.0]
    assert all(type(spec.Ng) is int for spec in sweep.specs)


def test_a_named_seed_equal_to_the_seed_is_no_other_network():
    sweep = Sweep.from_dict(sweep_of(values(seed=[0, 1], layout_seed=[None, 0, 1])))
    assert len(sweep.specs) == 4
    assert len({spec.run_id for spec in sweep.specs}) == 4


def test_several_files_form_one_population_in_file_order():
    first, second = SWEEPS / "gaussian.yaml", SWEEPS / "cartesian.yaml"
    both = Sweep.from_yaml(first, second, first)
    assert both.specs == Sweep.from_yaml(first).specs + Sweep.from_yaml(second).specs
    assert both.sources == (
        ("gaussian.yaml", first.read_text()),
        ("cartesian.yaml", second.read_text()),
    )


def test_first_takes_the_first_distinct_networks_even_of_an_endless_product():
    many = sweep_of(values(seed=[0, 0, 1, *range(1000)], Ng=range(1, 1000), n_epochs=range(1, 900)))
    sweep = Sweep.from_dict(many, first=1001)
    assert [(spec.Ng, spec.n_epochs, spec.seed) for spec in sweep.specs[999:]] == [
        (1, 1, 999),
        (1, 2, 0),
    ]
    (problem,) = problems_of(Sweep.from_dict, many)
    assert f"{1000 * 999 * 899} grid points" in problem.message
    assert "--networks" in problem.fix
    assert len(Sweep.from_yaml(SWEEPS / "cartesian.yaml", first=99).specs) == 12


@pytest.mark.parametrize("first", [0, -1, 1.5, True, "3"])
def test_first_must_be_a_count(first):
    (problem,) = problems_of(Sweep.from_yaml, SWEEPS / "cartesian.yaml", first=first)
    assert repr(first) in problem.message


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


def test_overrides_replace_a_parameter_in_every_network():
    overrides = {
        "Ng": "32",
        "seed": 7,
        "learning_rate": "1e-3",
        "surround_convention": "variance",
        "evaluation.sequence_length": "60",
        "gridjax.evaluation.batch_size": 50.0,
        "gridjax.keep_maps": "best:4",
        "lane_width": "null",
    }
    sweep = Sweep.from_yaml(
        SWEEPS / "gaussian.yaml", SWEEPS / "dos_settings.yaml", overrides=overrides
    )
    assert len(sweep.specs) == 3 + 2
    for spec in sweep.specs:
        assert (spec.Ng, spec.seed, spec.learning_rate) == (32, 7, 1e-3)
        assert spec.surround_convention == "variance"
    assert sweep.settings == Settings(
        evaluation=EvaluationSettings(sequence_length=60, batch_size=50, samples_per_bin=30),
        keep_maps="best:4",
        keep_weights="none",
    )


def test_a_list_in_an_override_lays_out_each_of_its_values():
    sweep = Sweep.from_yaml(SWEEPS / "gaussian.yaml", overrides={"seed": [7, 9], "Ng": 33})
    assert {spec.seed for spec in sweep.specs} == {7, 9}
    assert {spec.Ng for spec in sweep.specs} == {33}
    alone = Sweep.from_yaml(SWEEPS / "gaussian.yaml", overrides={"seed": 7, "Ng": 33})
    assert len(sweep.specs) == 2 * len(alone.specs)
    with pytest.raises(GridjaxError, match="-1"):
        Sweep.from_yaml(SWEEPS / "gaussian.yaml", overrides={"seed": [7, -1]})


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


def test_limits_hold_for_the_codes_that_read_a_parameter():
    both = values(place_field_values=["gaussian", "difference_of_gaussians"], surround_scale=[1])
    (problem,) = without_hint(problems_of(Sweep.from_dict, sweep_of(both)))
    assert "surround_scale: 1 is not above 1" in problem.message
    assert "(place_field_values: difference_of_gaussians)" in problem.message
    alone = values(place_field_values=["gaussian"], surround_scale=[1, 0, "as wide"])
    assert [spec.surround_scale for spec in Sweep.from_dict(sweep_of(alone)).specs] == [1, 0, 2]


def test_dicts_may_hold_numpy_values_and_ranges():
    sweep = Sweep.from_dict(
        sweep_of(
            {
                "place_cell_rf": {"values": np.linspace(0.1, 0.2, 3)},
                "Ng": {"value": np.int64(64)},
                "seed": {"values": range(2)},
            }
        )
    )
    assert len(sweep.specs) == 6
    assert type(sweep.specs[0].Ng) is int
    assert type(sweep.specs[0].place_cell_rf) is float
    assert '"Ng"' in sweep.sources[0][1]


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


def test_specs_built_in_python_are_checked_too():
    sweep = Sweep.from_specs([NetworkSpec(seed=1), NetworkSpec(seed=0), NetworkSpec(seed=1)])
    assert [spec.seed for spec in sweep.specs] == [1, 0]
    assert sweep.settings == Settings()
    assert problems_of(Sweep.from_specs, [NetworkSpec(Ng=0)])
    assert problems_of(Sweep.from_specs, [])


def test_no_file_at_all_is_refused():
    assert problems_of(Sweep.from_yaml)


def test_reading_and_planning_import_nothing_heavy():
    code = (
        "import sys\n"
        "from gridjax.errors import GridjaxError\n"
        "from gridjax.run.planning.plan import make_plan\n"
        "from gridjax.sweep.sweep import Sweep\n"
        "plan = make_plan(Sweep.from_yaml(sys.argv[1]).specs)\n"
        "assert plan.n_networks == 12\n"
        "try:\n"
        "    Sweep.from_yaml('missing.yaml')\n"
        "except GridjaxError:\n"
        "    print(sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SWEEPS / "cartesian.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(yaml.safe_load(done.stdout))
    assert "gridjax" in loaded
    assert not loaded & {"jax", "jaxlib", "flax", "optax", "orbax", "scipy", "pandas", "matplotlib"}


NAMES = st.sampled_from(
    [
        "method",
        "parameters",
        "gridjax",
        "Ng",
        "place_cell_rf",
        "seed",
        "place_field_values",
        "value",
        "values",
        "lane_width",
        "evaluation",
        "Np",
        "activation",
        "n_epochs",
        "ng",
        "distribution",
        "probabilities",
        "min",
        "max",
        "mu",
        "sigma",
        "q",
        "run_cap",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "grid",
            "random",
            "normal",
            "q_beta",
            "cartesian",
            "gaussian",
            "Uniform(1,2)",
            "1e-4",
            "1:30",
            ".nan",
        ]
    ),
)
RANDOM = """method: random
run_cap: 3
parameters:
  Ng: {min: 8, max: 64}
  place_cell_rf: {distribution: q_normal, mu: 0.1, sigma: 0.2, q: 0.01}
  activation: {values: [relu, tanh], probabilities: [0.25, 0.75]}
  weight_decay: {distribution: beta, a: 2, b: 3}
"""
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


def read_or_refuse(read, *arguments):
    """Either a population or located problems, never anything else."""
    problems = ()
    try:
        assert read(*arguments).specs
    except GridjaxError as error:
        problems = error.problems
    for problem in problems:
        assert problem.place is not None or HINT in problem.fix
        str(problem).encode()


@hypothesis_settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(content)
    read_or_refuse(Sweep.from_yaml, path)


@hypothesis_settings(max_examples=150, deadline=None)
@given(content=st.dictionaries(NAMES, TREES, max_size=5))
def test_any_tree_is_read_or_refused(content):
    read_or_refuse(Sweep.from_dict, content)


@hypothesis_settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_mutation_of_a_sweep_file_is_read_or_refused(data, tmp_path_factory):
    text = data.draw(st.sampled_from([(SWEEPS / "gaussian.yaml").read_text(), RANDOM]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 10))
        put = data.draw(st.text("[]{}:,-\"'&*!|>%@\n\t #0e.x~", max_size=4))
        text = text[:at] + put + text[at + cut :]
    path = tmp_path_factory.getbasetemp() / "mutant.yaml"
    path.write_text(text)
    read_or_refuse(Sweep.from_yaml, path)


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
