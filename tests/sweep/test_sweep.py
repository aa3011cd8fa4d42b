"""From sweep files to networks: the product, the defaults and the overrides."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import yaml
from sweep_files import SWEEPS, problems_of, sweep_of, values, without_hint

from gridjax.errors import GridjaxError
from gridjax.run.execution.train import train
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings
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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: Sweep.from_yaml(SWEEPS / "cartesian.yaml", overrides=["Ng=3"]), "such as {"),
        (lambda: Sweep.from_dict(sweep_of({}), overrides="Ng=3"), "'Ng=3' is not a dict"),
        (lambda: Sweep.from_yaml(["a.yaml", "b.yaml"]), "is not the name of a file"),
        (lambda: Sweep.from_yaml(sweep_of({})), "a dict is for Sweep.from_dict"),
        (lambda: Sweep.from_specs("a.yaml"), "is not a NetworkSpec"),
        (lambda: Sweep.from_specs(NetworkSpec()), "is not a list"),
        (lambda: Sweep.from_specs([3]), "give a list of gridjax.NetworkSpec"),
        (lambda: train("a.yaml"), r"'a.yaml' is not a Sweep\s*give gridjax.Sweep.from_yaml"),
        (lambda: train(NetworkSpec()), r"is not a Sweep\s*give gridjax.Sweep.from_yaml"),
    ],
)
def test_arguments_of_another_type_have_a_message_that_says_what_to_give(given, words):
    with pytest.raises(GridjaxError, match=words):
        given()
